"""Vaults: their policies, locks and notifications, and air-gapped ones."""
