"""Backup vaults: whether they are there, and the key of one that copies go into."""
