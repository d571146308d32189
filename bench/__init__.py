"""Measurements. Never tests: a machine's noise must not fail anybody's change."""
