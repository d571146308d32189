"""Backup jobs, and everything that can go wrong with them."""
