"""The lock of a destination vault in governance mode: declared, put, put right, agreed upon, never taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    NOW,
    TARGET_ARN,
    UNSEEN,
    absent,
    ago,
    desired,
    destination,
    destination_body,
    observed,
    point,
    policy_body,
    sight,
    stuck,
    vault,
)
from tests.kit.fake_aws import FakeAws
from tests.kit.judging import case, foresee, standings_of
from tests.kit.passes import accounts, do_pass, settle, small_world

from crossvault.aspects import ROOMS
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault.declared import LOCK, Lock, lock_from
from crossvault.aspects.vault.lock import LOCKS, LockClaim, PutVaultLock, claims_of, held_to, target_of
from crossvault.aspects.vault.seen import AIR_GAPPED, Bounds, Vault
from crossvault.engine import plan
from crossvault.engine.declared import Mode, PolicyKey
from crossvault.engine.fights import AGAIN
from crossvault.engine.looks import Look, Seen
from crossvault.engine.plan import Plan
from crossvault.engine.rows import MET, UNKNOWN, UNMET, Prerequisite
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.manifest.fields import Fault, Fields
from crossvault.words.reasons import Reason

WEEK = Lock(7, 365)
SOON, LONG_AGO = NOW + timedelta(days=2), ago(days=2)
LOCKED: dict[str, Any] = {"locked": True, "min_retention_days": 7, "max_retention_days": 365}


def judged(
    there: Look[Vault | None], lock: Lock | None = WEEK, *, others: tuple[LockClaim, ...] = (), **policy: Any
) -> Plan:
    """Return the plan for a vault that is there, and the lock that is declared for it."""
    wanted = destination(lifecycle=Lifecycle(None, 30))
    wanted = wanted if lock is None else wanted.having(LOCK, lock)
    judging = case(desired(wanted, **policy), observed((), sight(wanted, vault=there)))
    return plan.diff(ROOMS, replace(judging, around=judging.around.having(LOCKS, others)))


def row_of(made: Plan) -> Prerequisite | None:
    """Return the row about the lock."""
    return next((each for each in made.prerequisites if each.name == "VaultLock"), None)


def puts(made: Plan) -> list[tuple[Bounds | None, Bounds]]:
    """Return what is put in the place of what."""
    return [(each.expected, each.bounds) for each in made.actions if isinstance(each, PutVaultLock)]


def drifts(made: Plan) -> list[tuple[str, str, str, bool]]:
    """Return what differs, and whether a person has to end it."""
    found = [each for each in made.drift if each.path.startswith("lock")]
    assert {each.aspect for each in found} <= {"vault"}
    return [(each.path, each.desired, each.observed, bool(each.remedy)) for each in found]


LEAST, MOST = "lock.minRetentionDays", "lock.maxRetentionDays"


@pytest.mark.parametrize(
    ("there", "lock", "status", "reason", "put", "drift"),
    [
        pytest.param({}, None, None, None, None, [], id="none, and none is declared"),
        pytest.param(LOCKED, None, None, None, None, [], id="in governance mode, and none is declared"),
        pytest.param(LOCKED | {"lock_date": SOON}, None, MET, Reason.ALL_MET, None, [], id="in compliance mode"),
        pytest.param(LOCKED, WEEK, MET, Reason.ALL_MET, None, [], id="as declared"),
        pytest.param(
            {"locked": True, "max_retention_days": 9}, Lock(1, 9), MET, Reason.ALL_MET, None, [], id="no least is a day"
        ),
        pytest.param(
            {},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            (None, (7, 365)),
            [("lock", "7 to 365 days", "absent", False)],
            id="none yet",
        ),
        pytest.param(
            LOCKED | {"min_retention_days": 1},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            ((1, 365), (7, 365)),
            [(LEAST, "7", "1", False)],
            id="a shorter least retention",
        ),
        pytest.param(
            LOCKED | {"max_retention_days": None},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            ((7, None), (7, 365)),
            [(MOST, "365", "none", False)],
            id="no longest retention",
        ),
        pytest.param(
            LOCKED,
            Lock(7),
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            ((7, 365), (7, None)),
            [(MOST, "none", "365", False)],
            id="a longest retention that is not declared",
        ),
        pytest.param(
            LOCKED | {"min_retention_days": 30},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            None,
            [(LEAST, "7", "30", True)],
            id="a longer least retention stays",
        ),
        pytest.param(
            LOCKED | {"min_retention_days": 30, "max_retention_days": 90},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            ((30, 90), (30, 365)),
            [(LEAST, "7", "30", True), (MOST, "365", "90", False)],
            id="it stays, and the longest is put right",
        ),
        pytest.param(
            LOCKED | {"min_retention_days": 30},
            Lock(7, 365, shorten_to=7),
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            ((30, 365), (7, 365)),
            [(LEAST, "7", "30", False)],
            id="a longer least retention, and a shorter one is accepted",
        ),
        pytest.param(
            LOCKED | {"min_retention_days": 90, "max_retention_days": 100},
            Lock(7, 60),
            UNMET,
            Reason.VAULT_LOCK_DIFFERS,
            None,
            [(LEAST, "7", "90", True), (MOST, "60", "100", True)],
            id="what stays and what is declared exclude each other",
        ),
        pytest.param(LOCKED | {"lock_date": SOON}, WEEK, MET, Reason.ALL_MET, None, [], id="for ever, as declared"),
        pytest.param(
            LOCKED | {"lock_date": SOON, "min_retention_days": 1},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_FIXED,
            None,
            [(LEAST, "7", "1", True)],
            id="cooling off, with other bounds",
        ),
        pytest.param(
            LOCKED | {"lock_date": LONG_AGO, "max_retention_days": None},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_FIXED,
            None,
            [(MOST, "365", "none", True)],
            id="for ever, with other bounds",
        ),
        pytest.param(
            LOCKED | {"kind": AIR_GAPPED, "min_retention_days": 9},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_FIXED,
            None,
            [(LEAST, "7", "9", True)],
            id="that of an air-gapped vault",
        ),
        pytest.param({"locked": None}, WEEK, UNKNOWN, Reason.UNEXPECTED_ANSWER, None, [], id="AWS did not say"),
        pytest.param(
            {"locked": None, "lock_date": SOON},
            WEEK,
            UNMET,
            Reason.VAULT_LOCK_FIXED,
            None,
            [(LEAST, "7", "1", True), (MOST, "365", "none", True)],
            id="half said, and a date is a date",
        ),
    ],
)
def test_a_lock_is_judged(
    there: dict[str, Any],
    lock: Lock | None,
    status: Any,
    reason: Reason | None,
    put: tuple[Bounds | None, Bounds] | None,
    drift: list[tuple[str, str, str, bool]],
) -> None:
    """One row, what differs bound by bound, and at most one write; copies are never held by the row itself."""
    made = judged(Seen(vault(**there)), lock)
    row = row_of(made)

    assert (row and row.status, row and row.reason) == (status, reason)
    assert puts(made) == ([] if put is None else [put])
    assert drifts(made) == drift
    assert row is None or not row.blocks
    assert row is None or row.ours is (put is not None and not any(person for *_, person in drift))


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"lock_date": SOON}, "until 2026-11-25T12:00:00Z it may still be changed"),
        ({"lock_date": LONG_AGO}, "since 2026-11-21T12:00:00Z nobody can change it"),
    ],
)
def test_a_lock_for_ever_is_shown_with_its_date(there: dict[str, Any], words: str) -> None:
    """Also where none is declared: until then whoever administers the account may think again."""
    for lock in (None, WEEK, Lock(1)):
        row = row_of(judged(Seen(vault(**LOCKED, **there)), lock))
        assert row is not None
        assert words in row.message
        assert "compliance mode" in row.message


@pytest.mark.parametrize("there", [UNSEEN, Seen(None)])
def test_nothing_is_written_of_what_was_not_seen(there: Look[Vault | None]) -> None:
    """Neither a vault in the dark nor one that is not there is locked."""
    made = judged(there)
    row = row_of(made)

    assert (puts(made), drifts(made)) == ([], [])
    assert row is not None
    assert row.status is UNKNOWN


BOUNDS = st.tuples(st.integers(1, 400), st.one_of(st.none(), st.integers(1, 400))).filter(
    lambda each: each[1] is None or each[0] <= each[1]
)


@given(BOUNDS, st.one_of(st.none(), BOUNDS), st.booleans(), st.sampled_from([None, SOON, LONG_AGO]))
def test_whatever_is_declared_and_there(wanted: Bounds, has: Bounds | None, accepted: bool, date: Any) -> None:
    """A lock for ever is not touched, none is taken away, none shortened unless that is accepted, and it ends."""
    lock = Lock(*wanted, wanted[0] if accepted else None)
    date = date if has is not None else None
    members: dict[str, Any] = {}
    if has is not None:
        members = {"locked": True, "min_retention_days": has[0], "max_retention_days": has[1]}
    there = vault(**members, lock_date=date)
    made = judged(Seen(there), lock)
    found = puts(made)

    assert not (date and found)
    assert len(found) <= 1
    for before, after in found:
        assert before == has
        assert after[1] == wanted[1]
        assert after[0] >= (wanted[0] if accepted or has is None else max(wanted[0], has[0]))
        settled = replace(there, locked=True, min_retention_days=after[0], max_retention_days=after[1])
        assert puts(judged(Seen(settled), lock)) == []
    row = row_of(made)
    assert row is not None
    assert (row.status is MET) is (has == wanted)


@given(BOUNDS, BOUNDS, st.integers(1, 400))
def test_copies_fit_in_the_lock_that_is_there_and_in_the_one_to_come(wanted: Bounds, has: Bounds, days: int) -> None:
    """What is held to both is allowed by each of them, as far as they do not exclude each other."""
    there = vault(locked=True, min_retention_days=has[0], max_retention_days=has[1])
    held = held_to(destination().having(LOCK, Lock(*wanted)), there)
    assert held.bounds is not None
    assert there.bounds is not None

    def lets(bounds: Bounds) -> bool:
        return bounds[0] <= days <= (bounds[1] or 36_500)

    if held is not there:
        assert lets(held.bounds) is (lets(has) and lets(wanted))


def test_the_bounds_that_are_put_are_declared_or_stricter() -> None:
    """None is put where those that stay and those that are declared exclude each other."""
    assert target_of(Lock(7, 60), (90, 100)) is None
    assert target_of(Lock(7, 60, 7), (90, 100)) == (7, 60)
    assert target_of(Lock(7), (90, 100)) == (90, None)


# --- Declared ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"lock": {"minRetentionDays": 7, "maxRetentionDays": 7, "shortenToDays": 7}}, None),
        ({"lock": {"minRetentionDays": 36_500}}, None),
        ({"kind": "Standard", "lock": {"minRetentionDays": 7}}, None),
        ({"lock": {}}, "lock.minRetentionDays"),
        ({"lock": {"maxRetentionDays": 7}}, "lock.minRetentionDays"),
        ({"lock": {"minRetentionDays": 0}}, "lock.minRetentionDays"),
        ({"lock": {"minRetentionDays": 36_501}}, "lock.minRetentionDays"),
        ({"lock": {"minRetentionDays": 7, "maxRetentionDays": 36_501}}, "lock.maxRetentionDays"),
        ({"lock": {"minRetentionDays": 8, "maxRetentionDays": 7}}, "lock.minRetentionDays"),
        ({"lock": {"minRetentionDays": 8, "shortenToDays": 7}}, "lock.shortenToDays"),
        ({"lock": "7"}, "lock"),
        ({"kind": "LogicallyAirGapped", "lock": {"minRetentionDays": 7}}, "lock"),
    ],
)
def test_what_is_declared_is_checked_before_aws_is_asked(declared: dict[str, Any], field: str | None) -> None:
    """Each fault names its field."""
    faults: list[Fault] = []
    lock_from(Fields({"name": "orders-copies", **declared}, "vault", faults))

    assert [each.path.removeprefix("vault.") for each in faults] == ([field] if field else [])


@pytest.mark.parametrize(("days", "good"), [(6, False), (7, True), (365, True), (366, False), (None, True)], ids=str)
def test_a_lock_that_refuses_its_own_lifecycle_is_invalid(days: int | None, good: bool) -> None:
    """Once, at the field that has to fit; what is inherited is judged point by point."""
    body = policy_body(destinations=[destination_body()])
    body["spec"]["destinations"][0]["vault"]["lock"] = {"minRetentionDays": 7, "maxRetentionDays": 365}
    if days is not None:
        body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": days}
    found = parse_policy(body, accounts(), {})

    if good:
        assert not isinstance(found, Rejected)
    else:
        assert isinstance(found, Rejected)
        assert found.reason is Reason.INVALID_SPEC
        assert [each.path for each in found.faults] == ["spec.destinations[0].lifecycle.deleteAfterDays"]
        assert "7 to 365 days" in found.faults[0].message


# --- What it is for copies -----------------------------------------------------------------------------------------


def test_a_vault_is_made_then_locked_then_let_in_then_filled() -> None:
    """Protection grows: what is copied lies in a locked vault from the beginning."""
    wanted = destination(create=True, lifecycle=Lifecycle(None, 30)).having(LOCK, WEEK)
    found = foresee(desired(wanted), observed((point(),), absent(wanted)))
    kinds = [type(each).__name__ for each in found.actions]

    assert kinds == ["CreateVault", "PutVaultLock", "PutVaultPolicy", "StartCopy"]
    assert isinstance(found.actions[0], CreateVault)


def test_what_the_lock_to_come_would_refuse_is_not_started_before_it() -> None:
    """Copies inherit a week and a year here; the lock is put in the same pass as they would start."""
    wanted = destination(lifecycle=None).having(LOCK, Lock(30, 400))
    points = (replace(point(1), delete_after_days=7), replace(point(2, resource="other"), delete_after_days=365))
    found = plan.diff(ROOMS, case(desired(wanted), observed(points, sight(wanted))))
    started = [each.point.arn for each in found.actions if isinstance(each, StartCopy)]
    (row,) = (each for each in found.prerequisites if each.name == "VaultLockBounds")

    assert isinstance(found.actions[0], PutVaultLock)
    assert started == [points[1].arn]
    assert [each.reason for each in standings_of(found)["dr"] if each.point.arn == points[0].arn] == [
        Reason.RETENTION_OUT_OF_BOUNDS
    ]
    assert row.status is UNMET


def test_a_lock_that_cannot_be_put_holds_no_copy() -> None:
    """A copy in a vault without a lock is better than none."""
    aws, body = locked_world()
    aws.refuse = lambda action: stuck() if isinstance(action, PutVaultLock) else None
    settle(aws, body)

    assert len(aws.copied(TARGET_ARN)) == len(aws.points)
    assert row_in(body)["reason"] == "VaultLockDiffers"


# --- Whole passes --------------------------------------------------------------------------------------------------


def locked_world() -> tuple[FakeAws, dict[str, Any]]:
    """Return a world, and a policy that declares a lock."""
    body = policy_body(destinations=[destination_body()])
    body["spec"]["destinations"][0]["vault"]["lock"] = {"minRetentionDays": 7, "maxRetentionDays": 365}
    body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
    return small_world(), body


def row_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a status."""
    found: dict[str, Any] = next(each for each in body["status"]["prerequisites"] if each["name"] == "VaultLock")
    return found


def locks(aws: FakeAws) -> list[PutVaultLock]:
    """Return the locks that were put."""
    return [each for each in aws.log if isinstance(each, PutVaultLock)]


def test_it_is_put_once_and_told_once() -> None:
    """Nothing is written again as long as it stays."""
    aws, body = locked_world()
    told = [each for _ in range(4) for each in do_pass(aws, body).events if each.reason is Reason.VAULT_LOCKED]

    assert [each.bounds for each in locks(aws)] == [(7, 365)]
    assert len(told) == 1
    assert "in governance mode: 7 to 365 days; it had none" in told[0].message
    assert row_in(body)["status"] == "Met"


@pytest.mark.parametrize("held", [{"mode": "Observe"}, {"suspend": True}])
def test_who_does_not_act_locks_nothing(held: dict[str, Any]) -> None:
    """It says what would have to be declared, and the command."""
    aws, body = locked_world()
    aws.vaults[TARGET_ARN] = vault()
    body["spec"] |= held
    do_pass(aws, body)

    assert aws.log == []
    assert "the operator then puts the lock" in row_in(body)["remedy"]
    assert "put-backup-vault-lock-configuration" in row_in(body)["fix"][1]
    assert "changeable" not in row_in(body)["fix"][1]


def test_a_fight_about_a_lock_is_counted_and_slowed_down() -> None:
    """Whoever takes it away in every minute is met with pauses, and told."""
    aws, body = locked_world()
    settle(aws, body)
    for _ in range(AGAIN + 4):
        aws.vaults[TARGET_ARN] = replace(aws.vaults[TARGET_ARN], locked=False)
        aws.pass_time(timedelta(minutes=1))
        do_pass(aws, body)

    assert len(locks(aws)) == 1 + AGAIN
    assert [(each["prerequisite"], each["count"]) for each in body["status"]["repairs"]] == [("VaultLock", AGAIN)]
    assert "had to be restored" in row_in(body)["remedy"]


def test_it_stays_when_the_policy_goes() -> None:
    """Invariant 1: whatever deletionPolicy says."""
    aws, body = locked_world()
    body["spec"]["deletionPolicy"] = "RemoveOwned"
    settle(aws, body)
    body["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    do_pass(aws, body)

    assert aws.vaults[TARGET_ARN].lock == (7, 365)
    assert len(locks(aws)) == 1


# --- Several declarations ------------------------------------------------------------------------------------------


def claim(namespace: str = "shop", name: str = "other", bounds: Bounds = (30, 365), arn: str = TARGET_ARN) -> LockClaim:
    """Return what another policy declares."""
    return LockClaim(PolicyKey(namespace, name), arn, bounds)


@pytest.mark.parametrize(
    ("others", "agree"),
    [
        pytest.param((), True, id="nobody else"),
        pytest.param((claim(bounds=(7, 365)),), True, id="the same lock"),
        pytest.param((claim(arn=f"{TARGET_ARN}-2"),), True, id="another vault"),
        pytest.param((claim(),), False, id="another lock"),
        pytest.param((claim(bounds=(7, None)),), False, id="no upper bound"),
        pytest.param((claim("bank"), claim("bank", bounds=(7, 365))), False, id="one of two others"),
    ],
)
@pytest.mark.parametrize("there", [{}, LOCKED, LOCKED | {"min_retention_days": 1}])
def test_two_locks_for_one_vault_are_written_by_nobody(
    there: dict[str, Any], others: tuple[LockClaim, ...], agree: bool
) -> None:
    """Also where the vault has one of them: which of them is to be is for people to say."""
    made = judged(Seen(vault(**there)), others=others)
    row = row_of(made)

    assert row is not None
    assert (row.reason is Reason.VAULT_LOCK_CONFLICT) is not agree
    if not agree:
        assert puts(made) == []
        assert all(person for *_, person in drifts(made))


def test_both_are_named_where_they_may_know_each_other() -> None:
    """Of one in another namespace its existence is told and nothing else: neither name nor bounds."""
    same, other = (
        row_of(judged(Seen(vault()), others=(each,))) for each in (claim(), claim("bank", "secret", (31, 99)))
    )
    assert same is not None
    assert other is not None

    assert "Policies shop/orders and shop/other" in same.message
    assert "7 to 365 days and 30 to 365 days" in same.message
    assert "one of another namespace" in other.message
    assert not [word for word in ("bank", "secret", "31", "99") if word in f"{other.message} {other.remedy}"]


@pytest.mark.parametrize(
    ("policy", "count"), [({}, 1), ({"mode": Mode.OBSERVE}, 0), ({"suspend": True}, 0), ({"deleting": True}, 0)]
)
def test_who_does_not_act_stands_in_nobodys_way(policy: dict[str, Any], count: int) -> None:
    """Whoever is suspended, only looks, or is going, keeps no lock."""
    wanted = destination().having(LOCK, WEEK)

    assert len(claims_of(desired(wanted, **policy))) == count
    assert claims_of(desired(destination())) == ()
