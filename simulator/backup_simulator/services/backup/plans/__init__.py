"""Backup plans: documents, versions, selections, and their runs on the virtual clock."""
