"""A vault that denies copies although its policy lets them in: one recovery point finds out for all others."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import recorded
from tests.kit.builders import NOW, OUR_POLICY, copy_of, desired, job_for, observed, point, sight
from tests.kit.judging import diff
from tests.kit.statuses import ALL

from crossvault.aspects.copies.judged import standings_of
from crossvault.aspects.copies.planned import Standing, StartCopy, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copy_role.permissions import COPYING, INTO, OUT, Trial
from crossvault.engine.looks import Seen
from crossvault.words.reasons import Reason

DENIED = recorded.said("vault-access-denied")
LACKING = recorded.said("role-insufficient")
MAY = Trial(((INTO, True), (OUT, True)))
STEP, LIFE = timedelta(minutes=1), timedelta(seconds=20)


@dataclass
class Account:
    """An AWS that denies some copies after a while and makes others, which takes longer."""

    points: list[RecoveryPoint]
    refuses: Callable[[RecoveryPoint], bool]
    takes: timedelta = timedelta(minutes=30)
    policy: str | None = None
    says: str = DENIED
    now: datetime = NOW
    jobs: list[CopyJob] = field(default_factory=list)
    begun: list[tuple[datetime, RecoveryPoint]] = field(default_factory=list)

    def shown(self) -> tuple[tuple[CopyJob, ...], tuple[RecoveryPoint, ...]]:
        """Return the jobs as AWS shows them now, and the copies."""
        jobs, copies = [], []
        for number, (at, source) in enumerate(self.begun):
            denied, name = self.jobs[number].state == "FAILED", f"job-{number}"
            end = at + (LIFE if denied else self.takes)
            if end > self.now:
                jobs.append(job_for(source, state="RUNNING", job_id=name, created=at, completed=None))
            elif denied:
                jobs.append(job_for(source, state="FAILED", message=self.says, job_id=name, created=at, completed=end))
            else:
                copies.append(copy_of(source))
                jobs.append(job_for(source, state="COMPLETED", job_id=name, created=at, completed=end, to=copies[-1]))
        return tuple(jobs), tuple(copies)

    def look(self) -> tuple[list[RecoveryPoint], tuple[Standing, ...]]:
        """Return what would be started now, and how everything stands."""
        jobs, copies = self.shown()
        policy = OUR_POLICY if self.policy is None else self.policy
        there = sight(copies=copies, jobs=jobs, copies_at=self.now, policy=policy).having(COPYING, Seen(MAY))
        seen = observed(tuple(each for each in self.points if each.created <= self.now), there, at=self.now)
        plan = diff(desired(backfill=ALL), seen)
        return [each.point for each in plan.actions if isinstance(each, StartCopy)], standings_of(plan)["dr"]

    def live(self, time: timedelta, step: timedelta = STEP) -> None:
        """Look again and again, and start what is to be started."""
        until = self.now + time
        while self.now < until:
            for source in self.look()[0]:
                state = "FAILED" if self.refuses(source) else "COMPLETED"
                self.begun.append((self.now, source))
                self.jobs.append(job_for(source, state=state))
            self.now += step

    @property
    def copied(self) -> int:
        """How many copies there are."""
        return len(self.shown()[1])


def points(count: int, kind: str = "EFS") -> list[RecoveryPoint]:
    """Return recovery points of as many resources."""
    made = NOW - timedelta(hours=3)
    return [
        point(n + 1, created=made - timedelta(minutes=n), resource=f"{kind}-{n}", kind=kind, arn=f"{kind}-{n + 1}")
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "says", [pytest.param(DENIED, id="the vault denies"), pytest.param(LACKING, id="the role lacks")]
)
@pytest.mark.parametrize("count", [1, 2, 9])
def test_one_is_tried_for_all_with_growing_pauses(count: int, says: str) -> None:
    """Each once in the beginning; then the number of jobs in a day does not grow with that of recovery points."""
    account = Account(points(count), lambda _: True, says=says)
    account.live(timedelta(minutes=2))
    assert len(account.begun) <= count + 1
    first = len(account.begun)
    account.live(timedelta(hours=24), timedelta(minutes=5))

    assert 4 <= len(account.begun) - first <= 10
    starts = sorted(at for at, _ in account.begun[first:])
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts[1:])]
    assert all(gap >= timedelta(minutes=14) for gap in gaps)


@pytest.mark.parametrize(("count", "minutes"), [(1, 5), (2, 40), (9, 5), (9, 300)])
def test_all_follow_once_one_is_seen_to_last(count: int, minutes: int) -> None:
    """They do not wait for its end, which may be hours away."""
    shut = True
    account = Account(points(count), lambda _: shut, takes=timedelta(hours=9))
    account.live(timedelta(minutes=minutes), timedelta(minutes=3))
    shut = False
    before = len(account.begun)
    account.live(timedelta(hours=9), timedelta(minutes=5))
    begun = [at for at, _ in account.begun[before:]]

    assert len(begun) == count
    assert begun[-1] - begun[0] <= timedelta(minutes=30)


@settings(max_examples=3, deadline=None)
@given(st.sets(st.integers(0, 9), min_size=1, max_size=9))
def test_what_keeps_some_out_keeps_no_others_out(refused: set[int]) -> None:
    """A condition on tags, say: everything that AWS takes is copied within hours, whatever else it denies."""
    found = points(10)
    bad = {found[n].arn for n in refused}
    account = Account(found, lambda each: each.arn in bad, takes=timedelta(minutes=10))
    account.live(timedelta(hours=12), timedelta(minutes=5))

    assert account.copied == 10 - len(refused)


def test_a_type_that_is_denied_holds_no_other_up() -> None:
    """The copy role may be let do one form of recovery points alone."""
    account = Account([*points(4), *points(4, "S3")], lambda each: each.resource_type == "EFS")
    account.live(timedelta(hours=2))

    assert account.copied == 4


def test_what_waits_says_for_what() -> None:
    """The recovery points that were denied are failing, one of them with a time; new ones wait for it."""
    account = Account(points(3), lambda _: True)
    account.live(timedelta(minutes=4))
    account.points.append(point(99, created=account.now - STEP, resource="EFS-99", kind="EFS", arn="EFS-99"))
    starts, standings = account.look()

    assert starts == []
    assert {each.state for each in standings if each.point.arn != "EFS-99"} == {State.FAILED}
    (new,) = (each for each in standings if each.point.arn == "EFS-99")
    assert (new.state, new.reason) == (State.WAITING, Reason.COPY_DENIED)
    assert "were denied; this one is tried" in (new.message or "")
    assert sum(each.retry_at is not None for each in standings if each.state is State.FAILED) <= 1


@pytest.mark.parametrize("policy", ["{}", '{"Statement": []}'])
def test_a_policy_that_is_seen_to_let_nobody_in_is_another_matter(policy: str) -> None:
    """It is put right, or holds everything: no recovery point is tried for others."""
    account = Account(points(3), lambda _: True)
    account.live(timedelta(minutes=1))
    account.policy = policy
    account.now += timedelta(minutes=5)
    _, standings = account.look()

    assert not [each for each in standings if each.state is State.WAITING and "tried" in (each.message or "")]
