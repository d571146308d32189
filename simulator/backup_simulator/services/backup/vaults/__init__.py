"""Vaults: their policies and locks, and air-gapped ones."""
