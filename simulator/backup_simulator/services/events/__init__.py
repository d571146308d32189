"""EventBridge: buses, rules, and what AWS Backup tells them."""
