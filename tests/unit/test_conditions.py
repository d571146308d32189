"""The conditions of a policy: what each is judged from, and which of them Ready repeats."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from tests.kit import recorded
from tests.kit.builders import (
    DISK,
    NOW,
    UNSEEN,
    ago,
    blind,
    copy_of,
    desired,
    destination,
    job_for,
    observed,
    point,
    sight,
    stuck,
    target_vault,
)
from tests.kit.judging import diff

from crossvault.aspects.copies.contents import contents
from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying
from crossvault.aspects.copies.figures import figures
from crossvault.aspects.copies.judged import JUDGED
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.engine.declared import Desired, Mode, Ownership
from crossvault.engine.observed import Observed, Sight
from crossvault.engine.plan import Result
from crossvault.kinds.policy import conditions
from crossvault.kinds.policy.conditions import Picture
from crossvault.status.conditions import Condition
from crossvault.words.instants import instant
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)
DAY = timedelta(days=1)
CHECK = destination(vault_policy=Ownership.CHECK)
TYPES = ["Ready", "CopiesHealthy", "PrerequisitesMet", "Synced", "WithinObjective"]
DENIED_TEXT = "You are not authorized to perform this operation."


def _wanted(*destinations: Any, **members: Any) -> Desired:
    settings: dict[str, Any] = {"backfill": ALL, "max_copy_lag": DAY} | members
    return desired(*destinations, **settings)


def _evidence(
    wanted: Desired, seen: Observed, *, previous: dict[str, Any] | None = None, results: tuple[Result, ...] = ()
) -> Picture:
    made = diff(wanted, seen)
    counted = tuple(
        figures(
            each,
            seen.destinations[index],
            made[JUDGED][each.name],
            looked=contents(seen.source, seen.destinations[index]) is not None,
        )
        for index, each in enumerate(wanted.destinations)
    )
    return Picture(wanted, seen, made, results, counted, previous or {}, NOW)


def _conditions_of(wanted: Desired, seen: Observed, **members: Any) -> dict[str, Condition]:
    return {each.type: each for each in conditions.conditions_of(_evidence(wanted, seen, **members))}


def _was(reason: str, status: str, *, at: str | None = None, generation: int = 1, copied: int = 1) -> dict[str, Any]:
    """Return a previous status whose WithinObjective was as told."""
    return {
        "observedGeneration": generation,
        "conditions": [
            {
                "type": "WithinObjective",
                "status": status,
                "reason": reason,
                "message": "As before.",
                "lastTransitionTime": at or instant(ago(days=90)),
            }
        ],
        "destinations": [{"name": "dr", "copied": copied}],
    }


WITHIN = _was("WithinObjective", "True")
MISSED = _was("ObjectiveMissed", "False")
OLD, NEW = point(3), point(created=ago(hours=1), arn="arn:new", resource=DISK)


def _failing(source: RecoveryPoint) -> Sight:
    return sight(jobs=(job_for(source, state="FAILED", message=DENIED_TEXT, completed=ago(minutes=1)),))


# --- Precedence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "previous", "ready", "stalled"),
    [
        pytest.param(_wanted(), observed((OLD,), sight(copies=(copy_of(OLD),))), {}, ("True", "Protected"), False),
        pytest.param(_wanted(), observed((NEW,)), WITHIN, ("True", "CopiesPending"), False, id="a young gap"),
        pytest.param(_wanted(), observed(()), {}, ("True", "Protected"), False, id="nothing to protect"),
        pytest.param(_wanted(), observed((OLD,)), {}, ("True", "CatchingUp"), False, id="the first backfill"),
        pytest.param(_wanted(), observed((OLD,)), WITHIN, ("False", "ObjectiveMissed"), False, id="an old gap"),
        pytest.param(
            _wanted(mode=Mode.OBSERVE), observed((NEW,)), WITHIN, ("False", "Drifted"), False, id="observing a gap"
        ),
        pytest.param(
            _wanted(suspend=True), observed((OLD,)), WITHIN, ("False", "ObjectiveMissed"), False, id="suspended"
        ),
        pytest.param(
            _wanted(), observed((OLD,), _failing(OLD)), WITHIN, ("False", "CopiesFailing"), False, id="a failure"
        ),
        pytest.param(
            _wanted(CHECK),
            observed((OLD,), sight(CHECK, policy=None)),
            WITHIN,
            ("False", "PrerequisiteUnmet"),
            True,
            id="a prerequisite",
        ),
        pytest.param(
            _wanted(CHECK, destination("b", vault=target_vault("b"))),
            observed((OLD,), sight(CHECK, policy=None), sight(destination("b", vault=target_vault("b")))),
            WITHIN,
            ("False", "PrerequisiteUnmet"),
            False,
            id="a prerequisite of one of two destinations",
        ),
        pytest.param(
            _wanted(CHECK), observed((OLD,), blind(CHECK)), MISSED, ("Unknown", "CannotObserve"), False, id="the dark"
        ),
        pytest.param(
            _wanted(), observed(UNSEEN), WITHIN, ("Unknown", "CannotObserve"), False, id="the source in the dark"
        ),
    ],
)
def test_ready_takes_the_first_reason_that_applies(
    wanted: Desired, seen: Observed, previous: dict[str, Any], ready: tuple[str, str], *, stalled: bool
) -> None:
    """Unseen, then what a person must do, then what is late, then what differs."""
    judged = _conditions_of(wanted, seen, previous=previous)

    assert (judged["Ready"].status, judged["Ready"].reason) == ready
    assert ("Stalled" in judged) is stalled
    assert ("Reconciling" in judged) is (ready[0] == "Unknown")


@pytest.mark.parametrize("failing", list(product([True, False], repeat=4)), ids=str)
def test_precedence_holds_for_every_combination(failing: tuple[bool, ...]) -> None:
    """Whatever else is wrong, the first in the order of who acts soonest is told."""
    names = ("PrerequisitesMet", "CopiesHealthy", "WithinObjective", "Synced")
    reasons = ("PrerequisiteUnmet", "CopiesFailing", "ObjectiveMissed", "Drifted", "Protected")
    parts = {
        name: Condition(name, "False" if bad else "True", Reason.IN_SYNC, f"{name}.")
        for name, bad in zip(names, failing, strict=True)
    }
    ready = conditions.summarise(_evidence(_wanted(), observed()), parts)

    assert ready.reason == reasons[[*failing, True].index(True)]


@pytest.mark.parametrize(
    "seen",
    [observed(()), observed((OLD,)), observed(UNSEEN), observed((OLD,), blind()), observed((OLD,), sight(policy=None))],
)
def test_all_conditions_are_always_there_ready_first_then_by_name(seen: Observed) -> None:
    """A reader finds each condition on the first visit, each a sentence with a reason."""
    judged = conditions.conditions_of(_evidence(_wanted(), seen))
    kinds = [each.type for each in judged]

    assert [each for each in kinds if each in TYPES] == TYPES
    assert kinds[1:] == sorted(kinds[1:])
    for each in judged:
        assert each.message.endswith(".")
        assert each.reason


# --- The first backfill --------------------------------------------------------------------------------------------

BEGAN = instant(ago(days=2))
CATCHING = _was("CatchingUp", "Unknown", at=BEGAN)
MOVING = sight(jobs=(job_for(OLD),))
HUNG = sight(jobs=(job_for(OLD, created=ago(hours=25)),))
AGO = job_for(OLD, state="COMPLETED", job_id="first", created=ago(days=2), to=copy_of(OLD))
SHUT = point(created=ago(days=3), arn="arn:shut", resource=f"{DISK}9")
SOON = point(created=ago(hours=3), arn="arn:soon", resource=f"{DISK}9")


def _refusing(source: RecoveryPoint) -> CopyJob:
    """Return the job that failed for what only a person ends."""
    return job_for(source, state="FAILED", job_id="refused", message=DENIED_TEXT)


LATE = point(created=ago(hours=30), arn="arn:late", resource=DISK)


@pytest.mark.parametrize(
    ("seen", "previous", "expected"),
    [
        pytest.param(observed((OLD,), MOVING), CATCHING, Reason.CATCHING_UP, id="goes on"),
        pytest.param(observed((OLD, NEW), MOVING), CATCHING, Reason.CATCHING_UP, id="goes on while backups arrive"),
        pytest.param(observed((OLD,), HUNG), CATCHING, Reason.OBJECTIVE_MISSED, id="ends when nothing moves"),
        pytest.param(observed((OLD,)), CATCHING, Reason.OBJECTIVE_MISSED, id="ends when nothing ever moved"),
        pytest.param(observed((OLD,)), {}, Reason.CATCHING_UP, id="begins without a memory"),
        pytest.param(observed((OLD,), MOVING), {}, Reason.CATCHING_UP, id="goes on without a memory"),
        pytest.param(observed((OLD,), HUNG), {}, Reason.OBJECTIVE_MISSED, id="ends without a memory"),
        pytest.param(
            observed((LATE,), sight(copies=(copy_of(OLD),), jobs=(AGO, job_for(LATE)))),
            {},
            Reason.OBJECTIVE_MISSED,
            id="a gap younger than the first copy is no backfill, without a memory",
        ),
        pytest.param(
            observed((OLD,), MOVING),
            _was("ObjectiveMissed", "False", at=instant(ago(hours=3))),
            Reason.CATCHING_UP,
            id="begins once it may",
        ),
        pytest.param(
            observed((OLD, LATE), MOVING), CATCHING, Reason.OBJECTIVE_MISSED, id="ends when a later backup is too late"
        ),
        pytest.param(
            observed((OLD,), _failing(OLD)), CATCHING, Reason.OBJECTIVE_MISSED, id="ends when only failures are left"
        ),
        pytest.param(
            observed((OLD, SHUT), sight(jobs=(job_for(OLD), _refusing(SHUT)))),
            CATCHING,
            Reason.OBJECTIVE_MISSED,
            id="does not excuse what waits for somebody",
        ),
        pytest.param(
            observed((OLD, SHUT), sight(jobs=(job_for(OLD), _refusing(SHUT)))),
            {},
            Reason.OBJECTIVE_MISSED,
            id="does not excuse that without a memory",
        ),
        pytest.param(
            observed((OLD, SOON), sight(jobs=(job_for(OLD), _refusing(SOON)))),
            CATCHING,
            Reason.CATCHING_UP,
            id="goes on while what waits for somebody is young",
        ),
        pytest.param(
            observed((OLD,), sight(copies=(copy_of(OLD),))), CATCHING, Reason.WITHIN_OBJECTIVE, id="ends with the gaps"
        ),
        pytest.param(observed((OLD,)), MISSED, Reason.OBJECTIVE_MISSED, id="a miss is no backfill"),
        pytest.param(observed((OLD,)), WITHIN, Reason.OBJECTIVE_MISSED, id="a new gap is no backfill"),
        pytest.param(
            observed((OLD,)), _was("WithinObjective", "True", generation=0), Reason.CATCHING_UP, id="a changed spec"
        ),
        pytest.param(
            observed((OLD,)), _was("ObjectiveMissed", "False", generation=0), Reason.OBJECTIVE_MISSED, id="not a miss"
        ),
        pytest.param(
            observed((OLD,)), _was("CannotObserve", "Unknown", copied=0), Reason.CATCHING_UP, id="first seen now"
        ),
        pytest.param(
            observed((OLD,)), _was("CannotObserve", "Unknown"), Reason.OBJECTIVE_MISSED, id="seen again, long after"
        ),
        pytest.param(observed((OLD,), blind()), CATCHING, Reason.CATCHING_UP, id="outlives the dark"),
        pytest.param(observed((OLD,), blind()), WITHIN, Reason.CANNOT_OBSERVE, id="the dark"),
    ],
)
def test_the_first_backfill_suspends_the_objective_until_it_is_done(
    seen: Observed, previous: dict[str, Any], expected: Reason
) -> None:
    """A rollout is not red for days, and a real miss is never hidden by it."""
    judged = _conditions_of(_wanted(), seen, previous=previous)["WithinObjective"]

    assert judged.reason is expected
    assert (
        judged.status
        == {
            Reason.CATCHING_UP: "Unknown",
            Reason.CANNOT_OBSERVE: "Unknown",
            Reason.OBJECTIVE_MISSED: "False",
            Reason.WITHIN_OBJECTIVE: "True",
        }[expected]
    )


def test_whoever_only_observes_does_not_catch_up() -> None:
    """Without copies there is no backfill: a missed objective is missed from the first look on."""
    for members in ({"mode": Mode.OBSERVE}, {"suspend": True}):
        judged = _conditions_of(_wanted(**members), observed((OLD,)))["WithinObjective"]

        assert judged.reason is Reason.OBJECTIVE_MISSED


def test_without_an_objective_none_is_missed() -> None:
    """Gaps are told all the same."""
    judged = _conditions_of(_wanted(max_copy_lag=None), observed((OLD,)), previous=WITHIN)

    assert judged["WithinObjective"].reason is Reason.NO_OBJECTIVE
    assert "1 of 1 recovery point has no copy" in judged["Ready"].message


# --- One by one ----------------------------------------------------------------------------------------------------


def test_healthy_is_not_said_of_what_was_not_seen() -> None:
    """A failure that is seen counts, and unseen destinations leave the rest unknown."""
    two = (destination(), destination("b", vault=target_vault("b")))
    half = _conditions_of(_wanted(*two), observed((OLD,), sight(), blind(two[1])))
    bad = _conditions_of(_wanted(*two), observed((OLD,), _failing(OLD), blind(two[1])))

    assert half["CopiesHealthy"].status == "Unknown"
    assert (bad["CopiesHealthy"].status, bad["CopiesHealthy"].reason) == ("False", Reason.COPY_ROLE_DENIED)


def test_a_failure_names_destination_number_example_and_cause() -> None:
    """The message is enough to go and look; one without AWS's text has our word."""
    text = _conditions_of(_wanted(), observed((OLD,), _failing(OLD)))["CopiesHealthy"].message
    gone = tuple(
        job_for(OLD, state="COMPLETED", job_id=f"j{n}", created=ago(days=n + 2), completed=ago(days=n + 2))
        for n in range(5)
    )
    vanished = _conditions_of(_wanted(copying=Copying(max_attempts=5)), observed((OLD,), sight(jobs=gone)))[
        "CopiesHealthy"
    ]

    assert text == (
        f"dr: 1 recovery point failed (CopyRoleDenied): {DENIED_TEXT} Allow the copy role"
        f" rds:ModifyDBSnapshotAttribute. Tried again at 2026-11-23T12:59:00Z. Example: {OLD.arn}."
    )
    assert vanished.message.startswith(
        "dr: 1 recovery point lost its copy (CopyVanished): The copy is gone, and is not made again"
    )


def test_a_refused_copy_is_unhealthy() -> None:
    """What AWS refuses at once leaves no job, and is told nevertheless."""
    wanted = _wanted()
    action = next(each for each in diff(wanted, observed((OLD,))).actions if isinstance(each, StartCopy))
    judged = _conditions_of(wanted, observed((OLD,)), results=(Result(action, stuck("Role may not pass role.")),))

    assert (judged["CopiesHealthy"].reason, judged["Ready"].reason) == (Reason.ACCESS_DENIED, Reason.COPIES_FAILING)


@pytest.mark.parametrize(
    ("wanted", "seen", "status", "words"),
    [
        pytest.param(_wanted(), observed(), "True", "as declared", id="in sync"),
        pytest.param(_wanted(), observed((), sight(policy=None)), "False", "absent", id="differs"),
        pytest.param(_wanted(), observed((), sight(policy=UNSEEN)), "Unknown", "throttles", id="unseen"),
        pytest.param(
            _wanted(suspend=True), observed((), sight(policy=None)), "False", "suspended", id="differs while suspended"
        ),
        pytest.param(
            _wanted(mode=Mode.OBSERVE),
            observed(tuple(point(n, resource=f"{DISK}{n}") for n in range(1, 41))),
            "False",
            "40 recovery points would be copied",
            id="observing says how many, not how many at once",
        ),
        pytest.param(_wanted(), observed((OLD,)), "True", "as declared", id="copies on their way are no drift"),
    ],
)
def test_synced_compares_what_is_kept(wanted: Desired, seen: Observed, status: str, words: str) -> None:
    """Drift is told with why it stays."""
    judged = _conditions_of(wanted, seen)["Synced"]

    assert judged.status == status
    assert words in judged.message


def test_messages_do_not_tick() -> None:
    """The same facts read the same a day later."""
    for seen in (observed((OLD,)), observed((OLD,), _failing(OLD)), observed((OLD,), blind())):
        evidence = _evidence(_wanted(), seen, previous=MISSED)
        later = Picture(
            evidence.desired, seen, evidence.plan, (), evidence.figures, evidence.previous, NOW + timedelta(hours=25)
        )

        assert conditions.conditions_of(evidence) == conditions.conditions_of(later)


@pytest.mark.parametrize(
    ("points", "status", "reason"),
    [
        pytest.param((), "True", Reason.PROTECTED, id="nothing in scope"),
        pytest.param((point(1, status="EXPIRED"),), "False", Reason.NOTHING_COPYABLE, id="nothing that can be copied"),
        pytest.param((point(1, status="EXPIRED"), OLD), "True", Reason.COPIES_PENDING, id="something that can"),
    ],
)
def test_nothing_that_can_be_copied_is_no_protection(
    points: tuple[RecoveryPoint, ...], status: str, reason: Reason
) -> None:
    """0 of 0 is not every backup."""
    ready = _conditions_of(_wanted(), observed(points))["Ready"]

    assert ready.status == status
    assert ready.reason in {reason, Reason.CATCHING_UP}
    assert (ready.reason is Reason.NOTHING_COPYABLE) is (reason is Reason.NOTHING_COPYABLE)


@pytest.mark.parametrize("name", ["tags-lost", "tags-of-an-unavailable-point"])
@pytest.mark.parametrize("count", [1, 2])
def test_what_aws_says_of_a_copy_that_it_completed_is_told(name: str, count: int) -> None:
    """The copies are there and the policy stays Ready: how many, the last of them, and AWS's words."""
    points = tuple(point(n) for n in range(1, 4))
    said = recorded.said(name)
    jobs = tuple(
        job_for(
            each,
            state="COMPLETED",
            job_id=f"job-{n}",
            created=ago(hours=n + 3),
            to=copy_of(each),
            message=said if n < count else None,
        )
        for n, each in enumerate(points)
    )
    told = _conditions_of(_wanted(), observed(points, sight(copies=tuple(map(copy_of, points)), jobs=jobs)))
    counted = "1 copy job completed" if count == 1 else "2 copy jobs completed"

    assert (told["Ready"].status, told["CopiesHealthy"].reason) == ("True", "NoFailures")
    assert f"{counted} with a message, the last for {points[0].arn}: {said}" in told["CopiesHealthy"].message
