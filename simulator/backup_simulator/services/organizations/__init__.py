"""Organizations: who is together, who may ask what, and what holds for whom."""
