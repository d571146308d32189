"""CloudTrail: the event history, as far as it has the comings and goings of accounts."""
