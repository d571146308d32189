"""AWS Backup: vaults, recovery points, copies, plans and the settings around them."""
