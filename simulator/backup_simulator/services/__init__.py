"""The operations of the simulated services, by service and name."""
