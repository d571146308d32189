"""What the simulated world consists of while it lives; mutable and plain, times in epoch seconds."""
