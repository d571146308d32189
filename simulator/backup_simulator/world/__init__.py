"""World files: what the simulated AWS looks like when it starts."""
