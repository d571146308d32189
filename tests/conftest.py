"""What all tests have in common: properties are searched by count, never by time, so that a busy machine fails none."""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
