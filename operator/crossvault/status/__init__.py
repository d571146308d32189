"""Conditions, events and the status document."""
