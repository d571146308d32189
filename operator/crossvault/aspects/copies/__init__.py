"""Copies of recovery points: what lies where, what pairs, what is missing, what is started."""
