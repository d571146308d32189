"""Who asks too much waits its turn, and the wait is counted."""

from __future__ import annotations

import pytest

from crossvault.aws.budget import READS, STARTS, Budgets, TokenBucket
from crossvault.aws.calls import CallCounts
from crossvault.model import Limits


class Time:
    """A monotonic clock on which sleeping moves the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def test_bucket_lets_a_burst_through_and_then_keeps_the_rate() -> None:
    """The first tokens are free, the next come at the rate."""
    time = Time()
    bucket = TokenBucket(2.0, 3.0, clock=time.clock, sleep=time.sleep)

    waits = [bucket.take() for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.5, 0.5]


def test_bucket_fills_up_to_its_burst_only() -> None:
    """A long silence does not save up more than the burst."""
    time = Time()
    bucket = TokenBucket(2.0, 3.0, clock=time.clock, sleep=time.sleep)
    time.now += 3600

    waits = [bucket.take() for _ in range(4)]

    assert waits == [0.0, 0.0, 0.0, 0.5]


def test_bucket_queues_up_who_comes_at_the_same_time() -> None:
    """Each waits for a token of its own, in the order of arrival."""
    time = Time()
    waits: list[float] = []
    bucket = TokenBucket(1.0, 1.0, clock=time.clock, sleep=waits.append)

    for _ in range(4):
        bucket.take()

    assert waits == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("limits", "kind", "burst"),
    [
        pytest.param(Limits(reads_per_second=1), READS, 10, id="reads have a burst of at least ten"),
        pytest.param(Limits(reads_per_second=20), READS, 40, id="reads have a burst of twice their rate"),
        pytest.param(Limits(starts_per_second=0.2), STARTS, 1, id="starts have a burst of at least one"),
        pytest.param(Limits(starts_per_second=4), STARTS, 4, id="starts have a burst of their rate"),
    ],
)
def test_budget_allows_its_burst(limits: Limits, kind: str, burst: int) -> None:
    """As much as the burst goes out at once, the next one waits and is counted."""
    time, counts = Time(), CallCounts()
    budgets = Budgets(counts, clock=time.clock, sleep=time.sleep)
    budgets.limit("prod", limits)
    for _ in range(burst):
        budgets.spend("prod", kind)
    assert time.slept == []

    budgets.spend("prod", kind)

    rate = limits.reads_per_second if kind == READS else limits.starts_per_second
    assert counts.waits() == {("prod", kind): pytest.approx(1 / rate)}


def test_budget_takes_changed_limits_and_keeps_unchanged_ones() -> None:
    """Naming the same limits again refills nothing; other limits count at once."""
    time = Time()
    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    budgets.limit("prod", Limits(starts_per_second=1))
    budgets.spend("prod", STARTS)
    budgets.limit("prod", Limits(starts_per_second=1))
    budgets.spend("prod", STARTS)
    assert time.slept == [1.0]

    budgets.limit("prod", Limits(starts_per_second=5))
    budgets.spend("prod", STARTS)

    assert time.slept == [1.0]


def test_budget_of_one_account_is_not_that_of_another() -> None:
    """An exhausted account holds up nobody else."""
    time = Time()
    budgets = Budgets(CallCounts(), clock=time.clock, sleep=time.sleep)
    for _ in range(10):
        budgets.spend("prod", READS)

    budgets.spend("dr", READS)

    assert time.slept == []
