"""EventBridge: buses, rules, targets, and how events reach them."""
