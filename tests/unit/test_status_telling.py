"""What a pass tells besides its status: events, when to look again, and how objects end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit import builders, recorded
from tests.kit.builders import (
    DISK,
    NOW,
    UNSEEN,
    account,
    account_body,
    account_sight,
    ago,
    blind,
    copy_of,
    destination,
    job_for,
    observed,
    point,
    policy_body,
    problem,
    sight,
    stuck,
)
from tests.kit.judging import diff
from tests.kit.statuses import (
    CHECK,
    DAY,
    LAG,
    PARTS,
    condition_in,
    declare,
    failed_job,
    status_of,
    tell,
)

from crossvault.aspects.copies.declared import Copying
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.lifecycle.existing import EXISTING, Existing, ExistingCopies
from crossvault.aspects.schedule import UpdatePlan
from crossvault.aspects.source_keys import PutKeyPolicy
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Action, Result
from crossvault.kinds.account.status import summarise_account
from crossvault.kinds.policy.summary import FACE, summarise_rejected
from crossvault.kinds.rejected import Rejected
from crossvault.manifest.fields import Fault
from crossvault.status.outcome import Cadence
from crossvault.status.unseen import summarise_unfinished
from crossvault.words.instants import instant
from crossvault.words.reasons import Reason

# --- Events --------------------------------------------------------------------------------------------------------


def test_events_follow_transitions_and_nothing_else() -> None:
    """Ready's new reason is told once, and so is the beginning of failures."""
    good = tell(declare(), observed())
    bad = tell(declare(), observed((point(),), sight(jobs=(failed_job(point()),))), previous=status_of(good))
    still = tell(declare(), observed((point(),), sight(jobs=(failed_job(point()),))), previous=status_of(bad))

    assert [(each.type, each.reason) for each in good.events] == [("Normal", Reason.PROTECTED)]
    assert [(each.type, each.reason) for each in bad.events] == [
        ("Warning", Reason.COPIES_FAILING),
        ("Warning", Reason.COPY_ROLE_DENIED),
    ]
    assert still.events == ()


def test_what_was_done_is_told_once_per_destination() -> None:
    """Many copies to one destination are one event."""
    points = tuple(point(n, resource=f"{DISK}{n}") for n in range(1, 6))
    wanted, before = declare(), observed(points)
    results = tuple(Result(each) for each in diff(wanted, before).actions)
    after = observed(points, sight(jobs=tuple(job_for(each, job_id=each.arn) for each in points)))
    told = tell(wanted, after, results=results)

    assert [each.message for each in told.events if each.reason is Reason.COPIES_STARTED] == [
        "Started 5 copies to dr, newest of each resource first."
    ]
    assert told.summary.startswith("Started 5 copies")


def test_changed_lifecycles_are_told_beside_started_copies() -> None:
    """They are no copies: each kind is counted by itself."""
    lives = destination(lifecycle=Lifecycle(None, 365)).having(EXISTING, Existing(ExistingCopies.UPDATE_LIFECYCLE))
    short = tuple(point(n, resource=f"{DISK}{n}") for n in range(1, 4))
    copies = tuple(replace(copy_of(each), delete_at=each.created + timedelta(days=30)) for each in short)
    before = observed((*short, point(9, resource=f"{DISK}9")), sight(lives, copies=copies))
    results = tuple(Result(each) for each in diff(declare(lives), before).actions)
    told = tell(declare(lives), before, results=results)

    assert [each.message for each in told.events if each.type == "Normal"] == [
        "Started 1 copy to dr, newest of each resource first.",
        "Changed the lifecycle of 3 copies at dr.",
    ]


# --- When to look again --------------------------------------------------------------------------------------------

INTERVAL, FOLLOW, SECOND = Cadence().interval, Cadence().follow, timedelta(seconds=1)


def _retried(minutes: float) -> Any:
    return job_for(
        point(),
        state="FAILED",
        message=recorded.said("internal-error"),
        completed=NOW - timedelta(minutes=15 - minutes),
    )


@pytest.mark.parametrize(
    ("wanted", "seen", "expected"),
    [
        pytest.param(declare(), observed(), INTERVAL, id="nothing moves"),
        pytest.param(declare(), observed((point(),), sight(jobs=(job_for(point()),))), FOLLOW, id="a copy runs"),
        pytest.param(declare(), observed((), sight(policy=None)), FOLLOW, id="something differs"),
        pytest.param(declare(CHECK), observed((), sight(CHECK, policy=None)), FOLLOW, id="a prerequisite is unmet"),
        pytest.param(declare(), observed((point(),)), SECOND, id="more copies may start"),
        pytest.param(declare(suspend=True), observed((point(),)), INTERVAL, id="copies that may not start"),
        pytest.param(declare(), observed((point(),), in_progress=80), FOLLOW, id="the account is busy elsewhere"),
        pytest.param(
            declare(), observed((point(),), sight(jobs=(_retried(3),))), timedelta(minutes=3), id="a retry is due soon"
        ),
        pytest.param(declare(), observed((point(),), sight(jobs=(_retried(14),))), INTERVAL, id="a retry is far off"),
        pytest.param(
            declare(suspend=True),
            observed((point(created=NOW - LAG + timedelta(minutes=2)),)),
            timedelta(minutes=2),
            id="the objective is about to be missed",
        ),
        pytest.param(
            declare(suspend=True), observed((point(created=NOW - LAG),)), SECOND, id="the objective at its very end"
        ),
    ],
)
def test_the_next_look_comes_when_something_may_change(wanted: Desired, seen: Observed, expected: timedelta) -> None:
    """Soon while something moves or is amiss, on time for what is due, at the interval otherwise."""
    assert tell(wanted, seen).requeue == expected


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
    assert tell(declare(), seen, results=results).failed is failed


# --- What cannot be worked with ------------------------------------------------------------------------------------

REJECTED = Rejected(Reason.INVALID_SPEC, (Fault("spec.source.region", "is required"),))


def test_a_rejected_policy_keeps_its_figures_and_all_its_conditions() -> None:
    """Ready and Stalled say why; the others are unknown, and nothing known is thrown away."""
    before = status_of(tell(declare(), observed((point(),), sight(copies=(copy_of(point()),)))))
    body = policy_body(status=before, generation=2)
    outcome = summarise_rejected(REJECTED, body, now=NOW)
    told = status_of(outcome)

    assert [each["type"] for each in told["conditions"]] == [
        "Ready",
        "CopiesHealthy",
        "PrerequisitesMet",
        "Stalled",
        "Synced",
        "WithinObjective",
    ]
    assert {condition_in(told, each)["status"] for each in PARTS} == {"Unknown"}
    assert condition_in(told, "Stalled")["reason"] == "InvalidSpec"
    assert "spec.source.region" in told["summary"]["message"]
    assert told["destinations"] == [{**each, "lastObserved": before["lastChanged"]} for each in before["destinations"]]
    assert told["observedGeneration"] == 2
    assert outcome.requeue is None
    again = summarise_rejected(REJECTED, policy_body(status=told, generation=2), now=NOW + DAY)
    assert (status_of(again), again.events) == (told, ())


@pytest.mark.parametrize("interruption", ["rejected", "unfinished"])
def test_a_first_backfill_outlives_what_interrupts_it(interruption: str) -> None:
    """A typo or a crash in between does not turn the backlog into a missed objective."""
    gap = observed((point(3),))
    before = status_of(tell(declare(), gap))
    body = policy_body(status=before)
    cut = (
        summarise_rejected(REJECTED, body, now=NOW)
        if interruption == "rejected"
        else summarise_unfinished(FACE, problem(), body, now=NOW)
    )
    after = status_of(tell(declare(), gap, previous=status_of(cut)))

    assert condition_in(after, "Ready")["reason"] == "CatchingUp"


@pytest.mark.parametrize("interruption", ["rejected", "unfinished"])
def test_the_same_interruption_again_writes_nothing(interruption: str) -> None:
    """A status that is the same a minute later has not changed since."""

    def interrupted(now: datetime, before: dict[str, Any]) -> dict[str, Any]:
        body = policy_body(status=before)
        outcome = (
            summarise_rejected(REJECTED, body, now=now)
            if interruption == "rejected"
            else summarise_unfinished(FACE, problem(), body, now=now)
        )
        return status_of(outcome)

    before = status_of(tell(declare(), observed((point(),), sight(copies=(copy_of(point()),)))))
    first = interrupted(NOW, before)

    assert interrupted(NOW + timedelta(minutes=1), first) == first


def test_an_unfinished_pass_says_that_nothing_is_known() -> None:
    """Every condition is there and unknown, in the dark as in a crash."""
    told = status_of(summarise_unfinished(FACE, problem(), policy_body(), now=NOW))

    assert {condition_in(told, each)["status"] for each in (*PARTS, "Ready")} == {"Unknown"}
    assert condition_in(told, "Reconciling")["status"] == "True"


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
    told = status_of(outcome)
    ready = told["conditions"][0]

    assert (ready["status"], ready["reason"], outcome.failed) == (*expected, failed)
    extra = {"True": [], "False": ["Stalled"], "Unknown": ["Reconciling"]}[expected[0]]
    assert [each["type"] for each in told["conditions"][1:]] == extra
    assert bool(outcome.warnings) is (expected[0] == "False")


def test_an_account_says_who_else_enters_with_its_role() -> None:
    """The status, which administrators read, names them; the event, in namespace default, does not. Said once."""
    told = summarise_account(account_sight(), account_body(), twins=("shadow", "b"), now=NOW, cadence=Cadence())
    shared = condition_in(status_of(told), "Shared")

    assert (shared["status"], shared["reason"]) == ("True", "RoleShared")
    assert shared["message"].endswith("It is b, shadow.")
    assert [(each.type, each.reason) for each in told.events] == [
        ("Normal", Reason.VERIFIED),
        ("Warning", Reason.ROLE_SHARED),
    ]
    assert "shadow" not in str(told.events)

    after = {**account_body(), "status": status_of(told)}
    again = summarise_account(account_sight(), after, twins=("shadow", "b"), now=NOW, cadence=Cadence())
    alone = summarise_account(account_sight(), after, now=NOW, cadence=Cadence())
    assert (again.events, status_of(again)) == ((), status_of(told))
    assert [each["type"] for each in status_of(alone)["conditions"]] == ["Ready"]


def test_many_that_share_a_role_do_not_fill_the_status() -> None:
    """The first five are named, the others counted."""
    names = tuple(f"account-{number}" for number in range(1000))
    told = summarise_account(account_sight(), account_body(), twins=names, now=NOW, cadence=Cadence())

    assert condition_in(status_of(told), "Shared")["message"].endswith("account-100, account-101 and 995 more.")


def test_whose_identity_was_refused_stands_in_the_status_of_the_account_only() -> None:
    """Events and log lines about it are read by more people."""
    refused = stuck(reason=Reason.ASSUME_ROLE_DENIED, detail="AWS says that the hub may not.")
    told = summarise_account(account_sight(identity=Unseen(refused)), account_body(), now=NOW, cadence=Cadence())

    for each in ("Ready", "Stalled"):
        assert condition_in(status_of(told), each)["message"].endswith("AWS says that the hub may not.")
    assert "hub" not in str((told.events, told.warnings, told.summary))


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
    told = status_of(summarise_account(account_sight(**looks), account_body(), now=NOW, cadence=Cadence()))

    assert told["crossAccountBackup"] == switch


def test_an_account_is_verified_since_it_first_was() -> None:
    """The time of verification moves when it was lost in between."""
    seen = account_sight(account())

    def tell(previous: dict[str, Any], sight_of: Any, now: datetime) -> dict[str, Any]:
        return status_of(
            summarise_account(sight_of, {**account_body(), "status": previous}, now=now, cadence=Cadence())
        )

    first = tell({}, seen, ago(days=3))
    second = tell(first, seen, ago(days=2))
    lost = tell(second, account_sight(identity=UNSEEN), ago(days=1))

    assert first == second
    assert "verifiedAt" not in lost
    assert tell(lost, seen, NOW)["verifiedAt"] == instant(NOW)
    assert Copying().max_attempts == 5


KEY = f"arn:aws:kms:eu-west-1:{builders.SOURCE_ID}:key/orders"
_POLICY = PutVaultPolicy("dr", builders.target_vault(), "{}", "{}", "Ours")
_KEY_POLICY = PutKeyPolicy("dr", builders.target_vault(), builders.source_vault(), KEY, "{}", "{}", ("Ours",))
_PLAN = UpdatePlan(builders.source_vault(), "p-1", "nightly", "v1", {}, (("rule daily", "5", "4"),))
THERE = frozenset({"{}"})


@pytest.mark.parametrize(
    ("action", "unknown", "repaired"),
    [
        pytest.param(_PLAN, "Set backup plan nightly as declared:", "Restored backup plan nightly:", id="a plan"),
        pytest.param(_POLICY, "dr: Added statement", "dr: Restored statement", id="a statement of a vault"),
        pytest.param(
            replace(_POLICY, replaces=THERE), "dr: Put statement", "dr: Restored statement", id="one in place of ours"
        ),
        pytest.param(_KEY_POLICY, "dr: Added statement", "dr: Restored statement", id="a statement of a key"),
        pytest.param(
            replace(_KEY_POLICY, replaces=THERE), "dr: Put statement", "dr: Restored statement", id="the same for a key"
        ),
    ],
)
def test_what_was_there_before_is_not_claimed_to_be_new(action: Action, unknown: str, repaired: str) -> None:
    """A run from files remembers nothing: it says what is true whether it repairs or declares anew."""
    first, again = action.done(repaired=False), action.done(repaired=True)

    assert first is not None
    assert again is not None
    assert first[1].startswith(unknown)
    assert again[1].startswith(repaired)
    assert first[0] is not again[0] is Reason.DRIFT_CORRECTED
