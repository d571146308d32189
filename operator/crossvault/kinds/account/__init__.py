"""BackupAccount: an AWS account, how it is entered, and who may use what of it."""
