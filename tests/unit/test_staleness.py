"""What a scraper sees while the operator cannot look: the last known figures, their age, and a lag that grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.kit.builders import (
    NOW,
    UNSEEN,
    account_sight,
    blind,
    copy_of,
    desired,
    destination,
    observed,
    point,
    policy_body,
    problem,
    sight,
    stuck,
    target_vault,
)
from tests.kit.judging import diff
from tests.kit.statuses import ALL

from crossvault.aspects.copies.declared import COPIES
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.engine.looks import Unseen
from crossvault.engine.observed import Observed
from crossvault.kinds.policy.summary import FACE, summarise, summarise_rejected
from crossvault.kinds.rejected import Rejected
from crossvault.manifest.fields import Fault
from crossvault.metrics import Exposition
from crossvault.status.outcome import Cadence, Outcome
from crossvault.status.unseen import summarise_unfinished
from crossvault.words.reasons import Reason
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

OBJECTIVE, STEP = timedelta(hours=24), timedelta(minutes=5)
POLICY = "CrossAccountBackupPolicy"
KEY = PolicyKey("shop", "orders")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Operator:
    """A process with its board, and the status that outlives it; time goes in steps of an interval."""

    def __init__(self, *points: RecoveryPoint, copied: int) -> None:
        self.points, self.copied = points, copied
        self.wanted = desired(backfill=ALL, max_copy_lag=OBJECTIVE)
        self.now, self.board, self.status = NOW, Board(), dict[str, Any]()

    def world(self) -> Observed:
        """Return what AWS has, seen in whole."""
        copies = tuple(copy_of(each) for each in self.points[: self.copied])
        return observed(self.points, sight(copies=copies, copies_at=self.now), at=self.now)

    def look(self, seen: Observed) -> Outcome:
        """Do a pass that sees this."""
        outcome = summarise(
            self.wanted,
            seen,
            diff(self.wanted, seen),
            (),
            previous=self.status,
            now=self.now,
            cadence=Cadence(),
            looked=self.board.looked(POLICY, KEY),
        )
        return self._keep(outcome)

    def _keep(self, outcome: Outcome) -> Outcome:
        assert outcome.status is not None
        assert outcome.report is not None
        self.status = outcome.status
        self.board.put(outcome.report)
        return outcome

    def fail(self, how: str) -> Outcome:
        """Do a pass that sees nothing."""
        body = policy_body(status=self.status)
        looked = self.board.looked(POLICY, KEY)
        match how:
            case "throttled":
                return self.look(observed((), blind(), at=self.now))
            case "the source alone":
                return self.look(observed(UNSEEN, at=self.now))
            case "shut out":
                dark = Unseen(stuck(reason=Reason.WRONG_ACCOUNT))
                where = sight(account=account_sight(identity=dark), vault=dark, policy=dark, copies=dark, jobs=UNSEEN)
                return self.look(observed((), where, at=self.now))
            case "unfinished":
                return self._keep(summarise_unfinished(FACE, problem(), body, now=self.now, looked=looked))
            case _:
                why = Rejected(Reason.ACCOUNT_NOT_FOUND, (Fault("spec.source.accountRef", "is unknown"),))
                return self._keep(summarise_rejected(why, body, now=self.now, looked=looked))

    def restart(self) -> None:
        """End the process and begin another one; only the status stays."""
        self.board = Board()

    def scrape(self) -> Samples:
        """Return every sample; none may be there twice."""
        exposition = Exposition(self.board.reports, vitals=Vitals(), queue=lambda: None, clock=lambda: self.now)
        samples = [
            ((sample.name, frozenset(sample.labels.items())), sample.value)
            for family in text_string_to_metric_families(exposition.render().decode())
            for sample in family.samples
        ]
        assert {name: count for name, count in Counter(name for name, _ in samples).items() if count > 1} == {}
        return dict(samples)


def one(samples: Samples, name: str) -> float | None:
    """Return the only sample of a name."""
    found = [value for (each, _), value in samples.items() if each == f"crossvault_{name}"]
    assert len(found) <= 1
    return found[0] if found else None


def lag_exceeds(samples: Samples, _now: datetime) -> bool:
    """``crossvault_copy_lag_seconds > on(namespace, name) crossvault_copy_lag_objective_seconds``."""
    lag, objective = one(samples, "copy_lag_seconds"), one(samples, "copy_lag_objective_seconds")
    return lag is not None and objective is not None and lag > objective


def stale(samples: Samples, now: datetime) -> bool:
    """``time() - crossvault_last_observed_timestamp_seconds > 1800``."""
    at = one(samples, "last_observed_timestamp_seconds")
    return at is not None and now.timestamp() - at > 1800


def fires(
    operator: Operator,
    alert: Callable[[Samples, datetime], bool],
    act: Callable[[], object],
    *,
    every: timedelta = STEP,
    limit: timedelta,
) -> timedelta | None:
    """Return how long it takes until the alert has held for 15 minutes; None when it does not within the limit."""
    began, since = operator.now, None
    while operator.now - began <= limit:
        act()
        since = (since or operator.now) if alert(operator.scrape(), operator.now) else None
        if since is not None and operator.now - since >= timedelta(minutes=15):
            return operator.now - began
        operator.now += every
    return None


WAYS = ["throttled", "the source alone", "shut out", "unfinished", "rejected"]


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "a restart in between"])
@pytest.mark.parametrize("how", WAYS)
def test_lag_goes_on_growing_while_nobody_can_look(how: str, *, restarts: bool) -> None:
    """A gap of two hours is told as two hours, then as twenty-five: the alert fires though AWS was never seen again."""
    operator = Operator(point(1), point(2, created=NOW - timedelta(hours=2), resource="arn:db"), copied=1)
    operator.look(operator.world())
    assert one(operator.scrape(), "copy_lag_seconds") == 7200.0
    operator.now += STEP
    operator.fail(how)
    if restarts:
        operator.restart()

    quarter, day = timedelta(minutes=15), timedelta(days=1)

    assert fires(operator, lag_exceeds, lambda: operator.fail(how), every=quarter, limit=day) == timedelta(hours=22.25)
    assert one(operator.scrape(), "last_observed_timestamp_seconds") == NOW.timestamp()
    assert (operator.scrape()["crossvault_recovery_points", labels(state="copied")]) == 1.0


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "a restart in between"])
@pytest.mark.parametrize("how", WAYS)
def test_staleness_is_told_when_all_was_well_before(how: str, *, restarts: bool) -> None:
    """Nothing was missing, so no lag says a word: the time of the last look does, and it stands still."""
    operator = Operator(point(1), copied=1)
    for _ in range(3):
        operator.look(operator.world())
        operator.now += STEP
    operator.fail(how)
    if restarts:
        operator.restart()

    assert fires(operator, stale, lambda: operator.fail(how), limit=timedelta(hours=2)) == timedelta(minutes=45)
    assert one(operator.scrape(), "copy_lag_seconds") == 0.0
    assert one(operator.scrape(), "last_observed_timestamp_seconds") == (NOW + 2 * STEP).timestamp()


@pytest.mark.parametrize("copied", [0, 1])
def test_neither_alert_fires_while_the_operator_looks(copied: int) -> None:
    """A young gap, or none, seen every five minutes: quiet for hours."""
    operator = Operator(point(1, created=NOW - timedelta(hours=2)), copied=copied)

    def look() -> Outcome:
        return operator.look(operator.world())

    assert fires(operator, stale, look, limit=timedelta(hours=2)) is None
    assert fires(operator, lag_exceeds, look, every=timedelta(minutes=15), limit=timedelta(hours=15)) is None


@pytest.mark.parametrize("how", WAYS)
def test_nothing_is_written_while_nothing_can_be_seen(how: str) -> None:
    """The first look that fails changes the status; the next ones find nothing new to write."""
    operator = Operator(point(1), copied=0)
    operator.look(operator.world())
    operator.now += STEP
    operator.fail(how)
    told = operator.status
    for _ in range(3):
        operator.now += STEP
        operator.fail(how)

        assert operator.status == told


def test_what_is_seen_again_is_fresh_again() -> None:
    """The alert clears by itself, and the status no longer says of when its figures are."""
    operator = Operator(point(1), copied=1)
    operator.look(operator.world())
    operator.now += STEP
    operator.fail("throttled")
    assert operator.status["destinations"][0]["lastObserved"] == "2026-11-23T12:00:00Z"
    operator.now += timedelta(hours=3)
    assert stale(operator.scrape(), operator.now)
    operator.look(operator.world())

    assert not stale(operator.scrape(), operator.now)
    assert "lastObserved" not in operator.status["destinations"][0]


def labels(**members: str) -> frozenset[tuple[str, str]]:
    """Return the labels of a sample of the one destination."""
    return frozenset({"namespace": "shop", "name": "orders", "destination": "dr", **members}.items())


def test_no_series_is_there_twice() -> None:
    """One cause in the source and at every destination, two policies of one name, two destinations in one account."""
    dark = Unseen(stuck(reason=Reason.WRONG_ACCOUNT))
    two = (destination(), destination("b", vault=target_vault("b")))
    board = Board()
    operator = Operator(point(1), copied=0)
    operator.board = board
    for wanted in (desired(*two), desired(*two, name="other"), desired(*two, max_copy_lag=OBJECTIVE)):
        operator.wanted = wanted
        for identity in (dark, UNSEEN):
            sights = [
                sight(each, account=account_sight(identity=identity), vault=identity, policy=identity, copies=identity)
                for each in two
            ]
            operator.look(observed(identity, *sights, source=account_sight(identity=identity), at=NOW))
            operator.scrape()

    assert {report.key.name for report in board.reports()} == {"orders", "other"}


def test_a_policy_that_is_deleted_takes_its_figures_along() -> None:
    """What is kept is kept for what could not be looked at, not for what is gone; nor for another vault."""
    operator = Operator(point(1), copied=1)
    operator.look(operator.world())
    operator.board.drop(POLICY, KEY)
    assert one(operator.scrape(), "copy_lag_seconds") is None
    operator.look(operator.world())
    operator.wanted = _moved(operator.wanted)
    operator.look(observed((), blind(operator.wanted.destinations[0]), at=operator.now))

    assert one(operator.scrape(), "copy_lag_seconds") is None


def _moved(wanted: Desired) -> Desired:
    return desired(
        destination(vault=target_vault("elsewhere")),
        backfill=wanted[COPIES].backfill,
        max_copy_lag=wanted[COPIES].max_copy_lag,
    )
