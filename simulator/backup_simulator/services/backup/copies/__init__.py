"""Copies: jobs, everything that can go wrong with them, and their life on the virtual clock."""
