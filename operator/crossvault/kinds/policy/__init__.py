"""CrossAccountBackupPolicy: which vault is copied where, and what is kept true for that."""
