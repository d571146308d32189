"""Who calls, and whether they may: signatures, sessions, policies."""
