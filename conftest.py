"""How hypothesis runs: bounded by examples and never by time, and the same examples in every run.

A test that fails tells of the change that was made, not of the dice. ``HYPOTHESIS_PROFILE=search`` throws them anew.

The garbage collector goes round less often than by default: every round walks botocore's models of the AWS services,
half a million objects that never go away, and took a fifth of the time of all tests.
"""

import gc
import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

gc.set_threshold(50_000, 50, 1000)
