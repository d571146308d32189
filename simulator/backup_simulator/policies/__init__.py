"""The language of policies: what documents say about a question. Pure; knows no account and no service."""
