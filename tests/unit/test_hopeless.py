"""What can never be copied is not tried for ever, though AWS forgets after 30 days that it failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import recorded
from tests.kit.builders import NOW, copy_of, desired, job_for, observed, point, sight
from tests.kit.judging import diff
from tests.kit.statuses import ALL

from crossvault.aspects.copies.judged import standings_of
from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.words.reasons import Reason

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
UNSUPPORTED = recorded.said("unsupported-type")


@dataclass
class Account:
    """An AWS that copies some recovery points and refuses others for good, and forgets jobs after 30 days."""

    points: list[RecoveryPoint]
    refuses: Callable[[RecoveryPoint], bool]
    now: datetime = NOW
    jobs: list[CopyJob] = field(default_factory=list)
    copies: list[RecoveryPoint] = field(default_factory=list)
    begun: list[tuple[datetime, RecoveryPoint]] = field(default_factory=list)

    def live(self, days: int) -> None:
        """Look once a day and start what is to be started."""
        for _ in range(days):
            for action in self.look()[0]:
                self._copy(action.point)
            self.now += DAY

    def look(self) -> tuple[list[StartCopy], dict[str, tuple[State, Reason | None]]]:
        """Return what would be started now, and how everything stands."""
        shown = tuple(each for each in self.jobs if (each.completed or each.created) > self.now - MONTH)
        there = sight(copies=tuple(self.copies), jobs=shown, copies_at=self.now)
        seen = observed(tuple(each for each in self.points if each.created <= self.now), there, at=self.now)
        plan = diff(desired(backfill=ALL), seen)
        standings = standings_of(plan)["dr"]
        starts = [each for each in plan.actions if isinstance(each, StartCopy)]
        return starts, {each.point.arn: (each.state, each.reason) for each in standings}

    def _copy(self, source: RecoveryPoint) -> None:
        self.begun.append((self.now, source))
        name, at = f"job-{len(self.jobs)}", self.now + timedelta(minutes=1)
        if self.refuses(source):
            job = job_for(source, state="FAILED", message=UNSUPPORTED, job_id=name, created=self.now, completed=at)
        else:
            self.copies.append(copy_of(source))
            job = job_for(source, state="COMPLETED", job_id=name, created=self.now, completed=at, to=self.copies[-1])
        self.jobs.append(job)

    def starts(self, since: datetime) -> Counter[str]:
        """Count what was started of each type."""
        return Counter(source.resource_type for at, source in self.begun if at >= since)


def aged(number: int, days: int, kind: str, resource: int) -> RecoveryPoint:
    """Return a recovery point of an age at the beginning; a negative one is made later."""
    return point(number, created=NOW - days * DAY - timedelta(minutes=number), resource=f"{kind}-{resource}", kind=kind)


AGES = st.lists(st.integers(29, 400), min_size=1, max_size=4)


@settings(max_examples=8)
@given(AGES, st.sampled_from([1, 2, 4]))
def test_what_aws_does_not_copy_is_tried_once_a_month(ages: list[int], resources: int) -> None:
    """However many recovery points and resources there are of a type: each is tried once at most, then one of all."""
    points = [aged(n * 10 + of, age, "EFS", of) for n, age in enumerate(ages) for of in range(resources)]
    account = Account(points, lambda _: True)
    account.live(12)
    first, since = account.starts(NOW)["EFS"], account.now
    account.live(100)

    assert 1 <= first <= len(points)
    assert account.starts(since)["EFS"] == 3


@settings(max_examples=6)
@given(AGES, AGES)
def test_a_resource_that_aws_does_not_copy_is_tried_once_a_month(never: list[int], well: list[int]) -> None:
    """Others of its type are copied, and go on being copied: as of an instance made of an image of the Marketplace."""
    bad = [aged(n, age, "EC2", 0) for n, age in enumerate(never)]
    good = [aged(100 + n, age, "EC2", 1) for n, age in enumerate([*well, *range(0, -100, -5)])]
    account = Account([*bad, *good], lambda each: each.resource_arn == "EC2-0")
    account.live(90)
    tried = Counter(source.resource_arn for _, source in account.begun)

    assert tried["EC2-0"] <= 4
    assert len(account.copies) == len([each for each in good if each.created < account.now - DAY])


def test_all_goes_on_as_soon_as_aws_copies_the_type() -> None:
    """The one that is tried finds out, and the others follow."""
    able = False
    account = Account([aged(n, 40 + n, "EFS", n) for n in range(7)], lambda _: not able)
    account.live(50)
    able = True
    account.live(32)

    assert len(account.copies) == 7


@pytest.mark.parametrize("days", [1, 27, 35, 100])
def test_what_is_held_stands_as_it_failed(days: int) -> None:
    """Told as failed with its reason on every day, and never as missing: a person has to act, as before."""
    account = Account([aged(n, 40 + n, "EFS", n) for n in range(3)], lambda _: True)
    account.live(days)

    assert set(account.look()[1].values()) == {(State.FAILED, Reason.UNSUPPORTED_COPY)}


def test_a_young_point_is_tried_whatever_the_others_say() -> None:
    """Each new backup is tried once, and so tells that nothing has changed; nothing old is tried besides."""
    account = Account([aged(n, age, "EFS", 0) for n, age in enumerate([90, 60, *range(0, -100, -7)])], lambda _: True)
    account.live(110)
    tried = Counter(source.arn for _, source in account.begun)

    assert set(tried.values()) == {1}
    assert len(tried) == 15  # and neither of the two old ones


def test_what_nobody_tried_is_tried_at_once() -> None:
    """No job tells anything: however old, all are started."""
    account = Account([aged(n, 60 + n, "EFS", n) for n in range(4)], lambda _: False)

    assert len(account.look()[0]) == 4
