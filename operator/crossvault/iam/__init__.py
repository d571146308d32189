"""Policy documents: byte-true text, meaning, and what they decide. Pure; knows no accounts and no vaults of ours.

``documents`` edits one statement in the text of others, ``meaning`` says in what two statements differ, and
``evaluation`` answers yes, no or unknown, each with its grounds.
"""
