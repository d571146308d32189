"""What tests with the simulator share: worlds, callers, listeners. Tests of the product may use it, too."""
