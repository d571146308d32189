"""What a pass says: the status object, its stability, events, and when to look again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.unit.builders import (
    DISK,
    NOW,
    TARGET_ARN,
    UNSEEN,
    account,
    account_body,
    account_sight,
    ago,
    blind,
    copy_of,
    desired,
    destination,
    job_for,
    observed,
    point,
    policy_body,
    problem,
    sight,
    stuck,
    target_vault,
)

from crossvault import manifest, plan, status
from crossvault.account_status import summarise_account
from crossvault.figures import instant
from crossvault.manifest import Rejected
from crossvault.model import (
    Backfill,
    BackfillMode,
    Copying,
    DeletionPolicy,
    Desired,
    Observed,
    Ownership,
    Result,
    Seen,
    Unseen,
)
from crossvault.reasons import Reason
from crossvault.status import Cadence, Outcome, summarise, summarise_rejected, summarise_unfinished

ALL = Backfill(BackfillMode.ALL)
DAY = timedelta(days=1)
LAG = timedelta(hours=25)
CHECK = destination(vault_policy=Ownership.CHECK)
FIELDS = {"type", "status", "reason", "message", "observedGeneration", "lastTransitionTime"}
PARTS = {"CopiesHealthy", "PrerequisitesMet", "Synced", "WithinObjective"}
DENIED_TEXT = "You are not authorized to perform this operation."


def _wanted(*destinations: Any, **members: Any) -> Desired:
    settings: dict[str, Any] = {"backfill": ALL, "max_copy_lag": LAG} | members
    return desired(*destinations, **settings)


def _tell(
    wanted: Desired,
    seen: Observed,
    *,
    previous: dict[str, Any] | None = None,
    results: tuple[Result, ...] = (),
    now: datetime = NOW,
) -> Outcome:
    return summarise(
        wanted, seen, plan.diff(wanted, seen), results, previous=previous or {}, now=now, cadence=Cadence()
    )


def _written(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status is not None
    written: dict[str, Any] = json.loads(json.dumps(outcome.status))
    return written


def _condition(told: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(each for each in told["conditions"] if each["type"] == kind)


def _failed(source: Any) -> Any:
    return job_for(source, state="FAILED", message=DENIED_TEXT, completed=ago(minutes=1))


WORLDS = [
    pytest.param(observed(()), id="nothing"),
    pytest.param(observed((point(),), sight(copies=(copy_of(point()),))), id="protected"),
    pytest.param(observed((point(), point(2))), id="gaps"),
    pytest.param(observed((point(),), sight(jobs=(job_for(point()),))), id="a running job"),
    pytest.param(observed((point(),), sight(jobs=(_failed(point()),))), id="a failure"),
    pytest.param(observed((point(),), sight(policy=None)), id="drift"),
    pytest.param(observed((point(),), blind()), id="the dark"),
    pytest.param(observed(UNSEEN, source=account_sight(organization=UNSEEN)), id="the source in the dark"),
]


# --- Stability -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", WORLDS)
def test_invariant_8_an_unchanged_world_gives_an_equal_status(seen: Observed) -> None:
    """Whatever the clock says, the second status equals the first, and nothing is announced again."""
    first = _written(_tell(_wanted(), seen))
    for later in (timedelta(seconds=1), timedelta(minutes=50)):
        again = _tell(_wanted(), replace(seen, at=NOW + later), previous=first, now=NOW + later)

        assert _written(again) == first
        assert (again.events, again.summary) == ((), "")


@pytest.mark.parametrize("seen", WORLDS)
def test_every_condition_has_all_its_fields(seen: Observed) -> None:
    """Type, status, reason, message, generation and transition time, on the first visit already."""
    told = _written(_tell(_wanted(generation=7), seen))

    assert told["observedGeneration"] == 7
    assert {each["type"] for each in told["conditions"]} >= PARTS | {"Ready"}
    for each in told["conditions"]:
        assert set(each) == FIELDS
        assert all(each.values())
        assert each["observedGeneration"] == 7
        assert len(each["message"]) <= 300


def test_the_transition_time_moves_with_the_status_alone() -> None:
    """A new reason or message is no transition; a new status is."""
    gap = _written(_tell(_wanted(), observed((point(3),)), now=ago(days=1)))
    caught = observed((point(3),), sight(copies=(copy_of(point(3)),)))
    same = _written(_tell(_wanted(), caught, previous=gap))
    flipped = _written(_tell(_wanted(), observed((point(3),), blind()), previous=same))

    assert _condition(same, "Ready")["reason"] != _condition(gap, "Ready")["reason"]
    assert _condition(same, "Ready")["lastTransitionTime"] == instant(ago(days=1))
    assert _condition(flipped, "Ready")["lastTransitionTime"] == instant(NOW)


def test_last_changed_is_when_a_fact_changed() -> None:
    """The status says since when it has been so."""
    first = _written(_tell(_wanted(), observed(), now=ago(days=3)))
    second = _written(_tell(_wanted(), observed(), previous=first, now=ago(days=2)))
    third = _written(_tell(_wanted(), observed((point(),)), previous=second, now=ago(days=1)))

    assert [each["lastChanged"] for each in (first, second, third)] == [
        instant(ago(days=3)),
        instant(ago(days=3)),
        instant(ago(days=1)),
    ]


def test_a_status_somebody_mutilated_is_written_anew() -> None:
    """A previous status without what we wrote raises nothing."""
    mutilated: list[dict[str, Any]] = [
        {"conditions": [{"type": "Ready", "status": "True"}]},
        {"destinations": [{}]},
        {"destinations": [{"name": "dr", "vaultArn": destination().vault.arn, "inScope": 3}]},
        {"failures": [{"reason": "Any"}, {"reason": "Any", "destination": "dr"}]},
        {"drift": {"items": [{"aspect": "vault"}]}},
        {"summary": {}},
    ]
    for previous in mutilated:
        assert _written(_tell(_wanted(), observed((), blind()), previous=previous))["lastChanged"] == instant(NOW)


def test_long_messages_are_clipped() -> None:
    """No message of AWS makes a status too long."""
    dark = Unseen(problem("x" * 5000))
    told = _written(_tell(_wanted(), observed((), sight(copies=dark, policy=dark), source_vault=dark)))

    assert max(len(each["message"]) for each in [*told["conditions"], *told["prerequisites"]]) == 300
    assert len(told["summary"]["message"]) == 300


def test_instants_are_utc_whatever_zone_they_come_in() -> None:
    """A time in another zone is converted, not relabelled."""
    assert instant(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-11-23T12:00:00Z"


# --- What was not looked at ----------------------------------------------------------------------------------------


def test_invariant_7_what_was_not_looked_at_keeps_its_last_row_and_is_never_zero() -> None:
    """Figures, failures and drift of a destination in the dark stay as last known."""
    two = (destination(), destination("b", vault=target_vault("b")))
    points = (point(), point(2, resource=DISK))
    bad = sight(two[1], copies=(copy_of(points[0]),), jobs=(_failed(points[1]),), policy='{"Statement":[]}')
    before = _written(_tell(_wanted(*two), observed(points, sight(), bad)))
    after = _written(_tell(_wanted(*two), observed(points, sight(), blind(two[1])), previous=before))

    assert after["destinations"] == before["destinations"]
    assert after["failures"] == before["failures"] != []
    assert after["drift"] == before["drift"]
    assert after["drift"]["total"] == 1
    assert {key: after["summary"][key] for key in ("copied", "failed", "drifted")} == {
        key: before["summary"][key] for key in ("copied", "failed", "drifted")
    }
    assert _condition(after, "CopiesHealthy")["status"] == "Unknown"


def test_what_was_never_looked_at_has_no_figures() -> None:
    """Blank columns instead of zeros."""
    told = _written(_tell(_wanted(), observed((point(),), blind())))

    assert told["destinations"] == [{"name": "dr", "vaultArn": TARGET_ARN}]
    assert not {"copied", "failed", "ineligible", "oldestGap"} & set(told["summary"])


def test_figures_of_another_vault_are_not_kept() -> None:
    """A destination that points elsewhere now starts from unknown."""
    before = _written(_tell(_wanted(), observed((point(),), sight(copies=(copy_of(point()),)))))
    moved = destination(vault=target_vault("elsewhere"))
    after = _written(_tell(_wanted(moved), observed((point(),), blind(moved)), previous=before))

    assert after["destinations"] == [{"name": "dr", "vaultArn": moved.vault.arn}]


def test_the_organization_is_kept_while_unseen() -> None:
    """What was known of the organization stays until AWS says otherwise."""
    before = _written(_tell(_wanted(), observed()))
    dark = _written(_tell(_wanted(), observed(source=account_sight(organization=UNSEEN)), previous=before))
    left = _written(_tell(_wanted(), observed(source=account_sight(organization=Seen(None))), previous=before))

    assert before["organization"] == dark["organization"] == "o-examplecorp"
    assert "organization" not in left


# --- Figures -------------------------------------------------------------------------------------------------------


def test_counts_add_up_and_instants_are_raw() -> None:
    """Every point in scope is in one column, ineligible ones outside the total."""
    points = (
        point(1),
        point(2, resource=DISK),
        point(3, resource=f"{DISK}b"),
        point(4, status="EXPIRED"),
        point(5, parent="arn:parent"),
    )
    seen = sight(
        copies=(copy_of(points[0]),),
        jobs=(
            job_for(points[1], state="RUNNING", job_id="r"),
            _failed(points[2]),
            job_for(points[0], state="COMPLETED", job_id="c", to=copy_of(points[0]), completed=ago(minutes=90)),
        ),
    )
    told = _written(_tell(_wanted(), observed(points, seen)))

    assert told["destinations"] == [
        {
            "name": "dr",
            "vaultArn": TARGET_ARN,
            "inScope": 4,
            "copied": 1,
            "inProgress": 1,
            "waiting": 0,
            "missing": 0,
            "failed": 1,
            "ineligible": 1,
            "bytesCopied": 1024,
            "oldestGap": instant(ago(days=3)),
            "newestCopied": instant(ago(days=1)),
            "lastCompleted": instant(ago(minutes=90)),
        }
    ]
    assert told["summary"]["copied"] == "1/3"
    assert told["summary"]["oldestGap"] == instant(ago(days=3))
    assert [(each["reason"], each["count"], each["class"]) for each in told["failures"]] == [
        ("CopyRoleDenied", 1, "stuck")
    ]


def test_lists_are_capped_and_say_how_many_there_are() -> None:
    """Five destinations of drift fit; totals are whole."""
    many = tuple(destination(f"d{n}", vault=target_vault(f"v{n}")) for n in range(25))
    told = _written(_tell(_wanted(*many), observed((), *(sight(each, policy=None) for each in many))))

    assert (told["drift"]["total"], len(told["drift"]["items"])) == (25, 20)
    assert told["summary"]["destinations"] == "d0 (+24)"


# --- Events --------------------------------------------------------------------------------------------------------


def test_events_follow_transitions_and_nothing_else() -> None:
    """Ready's new reason is told once, and so is the beginning of failures."""
    good = _tell(_wanted(), observed())
    bad = _tell(_wanted(), observed((point(),), sight(jobs=(_failed(point()),))), previous=_written(good))
    still = _tell(_wanted(), observed((point(),), sight(jobs=(_failed(point()),))), previous=_written(bad))

    assert [(each.type, each.reason) for each in good.events] == [("Normal", Reason.PROTECTED)]
    assert [(each.type, each.reason) for each in bad.events] == [
        ("Warning", Reason.COPIES_FAILING),
        ("Warning", Reason.COPY_ROLE_DENIED),
    ]
    assert still.events == ()


def test_what_was_done_is_told_once_per_destination() -> None:
    """Many copies to one destination are one event."""
    points = tuple(point(n, resource=f"{DISK}{n}") for n in range(1, 6))
    wanted, before = _wanted(), observed(points)
    results = tuple(Result(each) for each in plan.diff(wanted, before).actions)
    after = observed(points, sight(jobs=tuple(job_for(each, job_id=each.arn) for each in points)))
    told = _tell(wanted, after, results=results)

    assert [each.message for each in told.events if each.reason is Reason.COPIES_STARTED] == [
        "Started 5 copies to dr, newest of each resource first."
    ]
    assert told.summary.startswith("Started 5 copies")


# --- When to look again --------------------------------------------------------------------------------------------

INTERVAL, FOLLOW, SECOND = Cadence().interval, Cadence().follow, timedelta(seconds=1)


def _retried(minutes: float) -> Any:
    return job_for(
        point(), state="FAILED", message="An internal error occurred.", completed=NOW - timedelta(minutes=15 - minutes)
    )


@pytest.mark.parametrize(
    ("wanted", "seen", "expected"),
    [
        pytest.param(_wanted(), observed(), INTERVAL, id="nothing moves"),
        pytest.param(_wanted(), observed((point(),), sight(jobs=(job_for(point()),))), FOLLOW, id="a copy runs"),
        pytest.param(_wanted(), observed((), sight(policy=None)), FOLLOW, id="something differs"),
        pytest.param(_wanted(CHECK), observed((), sight(CHECK, policy=None)), FOLLOW, id="a prerequisite is unmet"),
        pytest.param(_wanted(), observed((point(),)), SECOND, id="more copies may start"),
        pytest.param(_wanted(suspend=True), observed((point(),)), INTERVAL, id="copies that may not start"),
        pytest.param(
            _wanted(), observed((point(),), account_copies_in_progress=80), FOLLOW, id="the account is busy elsewhere"
        ),
        pytest.param(
            _wanted(), observed((point(),), sight(jobs=(_retried(3),))), timedelta(minutes=3), id="a retry is due soon"
        ),
        pytest.param(_wanted(), observed((point(),), sight(jobs=(_retried(14),))), INTERVAL, id="a retry is far off"),
        pytest.param(
            _wanted(suspend=True),
            observed((point(created=NOW - LAG + timedelta(minutes=2)),)),
            timedelta(minutes=2),
            id="the objective is about to be missed",
        ),
        pytest.param(
            _wanted(suspend=True), observed((point(created=NOW - LAG),)), SECOND, id="the objective at its very end"
        ),
    ],
)
def test_the_next_look_comes_when_something_may_change(wanted: Desired, seen: Observed, expected: timedelta) -> None:
    """Soon while something moves or is amiss, on time for what is due, at the interval otherwise."""
    assert _tell(wanted, seen).requeue == expected


@pytest.mark.parametrize(
    ("seen", "results", "failed"),
    [
        pytest.param(observed(), (), False, id="all well"),
        pytest.param(observed((), blind()), (), True, id="time may help to see"),
        pytest.param(observed((), sight(policy=Unseen(stuck()))), (), False, id="only a person helps"),
    ],
)
def test_a_pass_failed_when_time_may_help(seen: Observed, results: tuple[Result, ...], *, failed: bool) -> None:
    """Back-off is for what may end by itself."""
    assert _tell(_wanted(), seen, results=results).failed is failed


# --- Deletion ------------------------------------------------------------------------------------------------------

GONE: dict[str, Any] = {"deleting": True, "deletion_policy": DeletionPolicy.REMOVE_OWNED}


@pytest.mark.parametrize(
    ("seen", "done", "failed"),
    [
        pytest.param(observed((), sight(policy=None)), True, False, id="nothing of ours is left"),
        pytest.param(observed((), sight()), False, False, id="our statement is still there"),
        pytest.param(observed((), blind()), False, True, id="not seen"),
    ],
)
def test_a_policy_goes_when_nothing_of_it_is_seen_any_more(seen: Observed, *, done: bool, failed: bool) -> None:
    """Invariant 10: gone is what was seen to be gone."""
    outcome = _tell(_wanted(**GONE), seen)

    assert (outcome.done, outcome.failed, outcome.status) == (done, failed, None)
    assert bool(outcome.events) is done


def test_a_refused_removal_is_not_done() -> None:
    """What AWS refuses keeps the object, until the edge's patience ends."""
    wanted, seen = _wanted(**GONE), observed((), sight())
    results = tuple(Result(each, stuck()) for each in plan.diff(wanted, seen).actions)
    outcome = _tell(wanted, seen, results=results)

    assert (outcome.done, outcome.failed) == (False, True)


@pytest.mark.parametrize(
    ("previous", "words"),
    [
        pytest.param({"summary": {"copied": "12/15"}}, "1 policy statement, 12 copies", id="known"),
        pytest.param({}, "1 policy statement, 0 copies", id="never seen"),
    ],
)
def test_what_is_retained_is_told(previous: dict[str, Any], words: str) -> None:
    """A deleted policy says what it leaves."""
    outcome = status.summarise_retained(_wanted(deleting=True), previous)

    assert outcome.done
    assert words in outcome.events[0].message


# --- What cannot be worked with ------------------------------------------------------------------------------------

REJECTED = Rejected(Reason.INVALID_SPEC, (manifest.Fault("spec.source.region", "is required"),))


def test_a_rejected_policy_keeps_its_figures_and_all_its_conditions() -> None:
    """Ready and Stalled say why; the others are unknown, and nothing known is thrown away."""
    before = _written(_tell(_wanted(), observed((point(),), sight(copies=(copy_of(point()),)))))
    body = policy_body(status=before, generation=2)
    outcome = summarise_rejected(REJECTED, body, now=NOW)
    told = _written(outcome)

    assert [each["type"] for each in told["conditions"]] == [
        "Ready",
        "CopiesHealthy",
        "PrerequisitesMet",
        "Stalled",
        "Synced",
        "WithinObjective",
    ]
    assert {_condition(told, each)["status"] for each in PARTS} == {"Unknown"}
    assert _condition(told, "Stalled")["reason"] == "InvalidSpec"
    assert "spec.source.region" in told["summary"]["message"]
    assert told["destinations"] == before["destinations"]
    assert told["observedGeneration"] == 2
    assert outcome.requeue is None
    again = summarise_rejected(REJECTED, policy_body(status=told, generation=2), now=NOW + DAY)
    assert (_written(again), again.events) == (told, ())


def test_a_rejected_policy_that_is_deleted_goes() -> None:
    """Nothing stays stuck on our finalizer for a manifest nobody can read."""
    assert summarise_rejected(REJECTED, policy_body(deleting=True), now=NOW).done


@pytest.mark.parametrize("interruption", ["rejected", "unfinished"])
def test_a_first_backfill_outlives_what_interrupts_it(interruption: str) -> None:
    """A typo or a crash in between does not turn the backlog into a missed objective."""
    gap = observed((point(3),))
    before = _written(_tell(_wanted(), gap))
    body = policy_body(status=before)
    cut = (
        summarise_rejected(REJECTED, body, now=NOW)
        if interruption == "rejected"
        else summarise_unfinished(problem(), body, now=NOW)
    )
    after = _written(_tell(_wanted(), gap, previous=_written(cut)))

    assert _condition(after, "Ready")["reason"] == "CatchingUp"


def test_an_unfinished_pass_says_that_nothing_is_known() -> None:
    """Every condition is there and unknown, in the dark as in a crash."""
    told = _written(summarise_unfinished(problem(), policy_body(), now=NOW))

    assert {_condition(told, each)["status"] for each in (*PARTS, "Ready")} == {"Unknown"}
    assert _condition(told, "Reconciling")["status"] == "True"


# --- Accounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sight_of", "expected", "failed"),
    [
        pytest.param(account_sight(), ("True", "Verified"), False, id="verified"),
        pytest.param(
            account_sight(identity=Unseen(stuck(reason=Reason.EXTERNAL_ID_REFUSED))),
            ("False", "ExternalIdRefused"),
            False,
            id="a person has to act",
        ),
        pytest.param(account_sight(identity=UNSEEN), ("Unknown", "Throttled"), True, id="time may help"),
    ],
)
def test_an_account_is_verified_refused_or_unknown(sight_of: Any, expected: tuple[str, str], *, failed: bool) -> None:
    """The reason of the identity is the reason of the account."""
    outcome = summarise_account(sight_of, account_body(), now=NOW, cadence=Cadence())
    told = _written(outcome)
    ready = told["conditions"][0]

    assert (ready["status"], ready["reason"], outcome.failed) == (*expected, failed)
    assert len(told["conditions"]) == (2 if expected[0] == "Unknown" else 1)


@pytest.mark.parametrize(
    ("looks", "switch"),
    [
        ({"cross_account_backup": Seen(value=True)}, "Enabled"),
        ({"cross_account_backup": Seen(value=False)}, "Disabled"),
        ({"cross_account_backup": UNSEEN}, "Unknown"),
        ({"identity": UNSEEN}, "Unknown"),
    ],
    ids=str,
)
def test_an_account_shows_the_switch_as_seen(looks: dict[str, Any], switch: str) -> None:
    """Not seen is neither on nor off."""
    told = _written(summarise_account(account_sight(**looks), account_body(), now=NOW, cadence=Cadence()))

    assert told["crossAccountBackup"] == switch


def test_an_account_is_verified_since_it_first_was() -> None:
    """The time of verification moves when it was lost in between."""
    seen = account_sight(account())

    def tell(previous: dict[str, Any], sight_of: Any, now: datetime) -> dict[str, Any]:
        return _written(summarise_account(sight_of, {**account_body(), "status": previous}, now=now, cadence=Cadence()))

    first = tell({}, seen, ago(days=3))
    second = tell(first, seen, ago(days=2))
    lost = tell(second, account_sight(identity=UNSEEN), ago(days=1))

    assert first == second
    assert "verifiedAt" not in lost
    assert tell(lost, seen, NOW)["verifiedAt"] == instant(NOW)
    assert Copying().max_attempts == 5
