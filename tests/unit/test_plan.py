"""Desired against observed: which actions follow, which never do, and in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    DISK,
    NOW,
    OUR_POLICY,
    ROLE,
    TARGET_ARN,
    UNSEEN,
    absent,
    account_sight,
    ago,
    blind,
    copy_of,
    desired,
    destination,
    job_for,
    key,
    observed,
    point,
    problem,
    sight,
    stuck,
    target_vault,
)
from tests.kit.judging import diff, standings_of

from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying
from crossvault.aspects.copies.planned import Standing, StartCopy, State
from crossvault.aspects.copies.seen import CopyJob
from crossvault.aspects.copies.updates import UpdateLifecycle
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.organization.switch import SetSwitch
from crossvault.aspects.schedule import (
    CreatePlan,
    CreateSelection,
    DeletePlan,
    DeleteSelection,
    TagPlan,
    UpdatePlan,
)
from crossvault.aspects.source_keys import CreateServiceRole, PutKeyPolicy
from crossvault.aspects.vault import CreateSourceVault, CreateVault, PutVaultLock
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.aspects.vault_policy.statement import (
    digest_of,
    former_sid_of,
    is_ours,
    no_room,
    sid_of,
    statement_for,
)
from crossvault.engine import plan
from crossvault.engine.declared import DeletionPolicy, Desired, Limits, Mode, Ownership
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Action, Result
from crossvault.iam.documents import canonical, put, statements
from crossvault.words.problems import Problem
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)
THEIRS = '{"Statement": [ {"Sid":"theirs", "Effect":"Allow"} ]}'
CHECK = destination(vault_policy=Ownership.CHECK)
CREATE = destination(create=True)
FAST = Limits(starts_per_second=1000)


def _wanted(*destinations: Any, **members: Any) -> Desired:
    settings: dict[str, Any] = {"backfill": ALL, "limits": FAST} | members
    return desired(*destinations, **settings)


def _starts(made: plan.Plan) -> list[StartCopy]:
    return [each for each in made.actions if isinstance(each, StartCopy)]


def _names(made: plan.Plan) -> list[str]:
    return [each.point.arn[-4:] for each in _starts(made)]


def _reasons(made: plan.Plan, name: str = "dr") -> list[tuple[State, Reason | None]]:
    return [(each.state, each.reason) for each in standings_of(made)[name]]


# --- The truth table -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "actions"),
    [
        pytest.param(_wanted(CREATE), observed((), absent()), [CreateVault], id="vault absent, key usable"),
        pytest.param(_wanted(CREATE), observed((), absent(), source_vault=Seen(None)), [], id="no source vault either"),
        pytest.param(_wanted(CREATE), observed((), absent(wanted_key=UNSEEN)), [], id="vault absent, key unseen"),
        pytest.param(
            _wanted(CREATE), observed((), absent(wanted_key=Seen(key(state="Disabled")))), [], id="key disabled"
        ),
        pytest.param(_wanted(), observed((), absent(destination())), [], id="vault absent and not to be created"),
        pytest.param(_wanted(CREATE), observed((), sight(CREATE)), [], id="vault present"),
        pytest.param(_wanted(), observed((), sight(policy=None)), [PutVaultPolicy], id="no statement"),
        pytest.param(_wanted(), observed((), sight(policy=THEIRS)), [PutVaultPolicy], id="others' statements only"),
        pytest.param(
            _wanted(),
            observed((), sight(policy=OUR_POLICY.replace(ROLE, "AROAEXAMPLE"))),
            [PutVaultPolicy],
            id="our statement changed",
        ),
        pytest.param(
            _wanted(),
            observed((), sight(policy=json.dumps({"Statement": [statement_for(ROLE)] * 2}))),
            [PutVaultPolicy],
            id="our statement twice",
        ),
        pytest.param(_wanted(CHECK), observed((), sight(CHECK, policy=None)), [], id="statement only checked"),
        pytest.param(_wanted(), observed((), sight(policy="garbage")), [], id="a policy nobody can read"),
        pytest.param(_wanted(), observed((), sight(policy=UNSEEN)), [], id="policy unseen"),
        pytest.param(_wanted(), observed((point(),)), [StartCopy], id="a point without copy"),
        pytest.param(_wanted(), observed((point(),), sight(copies=(copy_of(point()),))), [], id="a point with a copy"),
        pytest.param(_wanted(), observed((point(),), sight(jobs=(job_for(point()),))), [], id="a running job"),
        pytest.param(_wanted(), observed((point(),), sight(policy=None)), [PutVaultPolicy], id="prerequisite unmet"),
        pytest.param(_wanted(), observed((point(),), sight(copies=UNSEEN)), [], id="destination unseen"),
        pytest.param(_wanted(), observed((point(),), sight(jobs=UNSEEN)), [], id="jobs unseen"),
        pytest.param(_wanted(), observed(UNSEEN), [], id="source unseen"),
        pytest.param(_wanted(), observed((point(),), source_vault=UNSEEN), [], id="source vault unseen"),
        pytest.param(_wanted(), observed((point(),), source=account_sight(identity=UNSEEN)), [], id="identity unseen"),
    ],
)
def test_what_is_declared_and_not_observed_becomes_an_action(
    wanted: Desired, seen: Observed, actions: list[type[Action]]
) -> None:
    """The table of plan.diff, row by row."""
    assert [type(each) for each in diff(wanted, seen).actions] == actions


def test_invariant_1_no_action_can_delete_what_holds_backups() -> None:
    """Vaults and a role are created, locks and statements put, copies started, a switch turned, plans kept.

    A plan and a selection say what will be backed up, and hold nothing that was.

    A lifecycle is changed to no end that has passed: test_existing_lifecycles.py.
    """
    made = {CreateVault, CreateSourceVault, CreateServiceRole, PutVaultLock}
    plans = {CreatePlan, UpdatePlan, TagPlan, CreateSelection, DeleteSelection, DeletePlan}
    put = {PutVaultPolicy, PutKeyPolicy, SetSwitch, StartCopy, UpdateLifecycle}
    assert set(AwsAccounts()._acts) == made | put | plans


@pytest.mark.parametrize("points", [(point(),), UNSEEN])
def test_invariant_7_nothing_follows_from_what_was_not_seen(points: Any) -> None:
    """A destination in the dark has no action and no drift, and its points no state."""
    made = diff(_wanted(CREATE), observed(points, blind(CREATE)))

    assert (made.actions, made.drift, standings_of(made)["dr"]) == ((), (), ())


DEAD = {**statement_for("arn:aws:iam::111111111111:role/former"), "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}
LIVING = {**DEAD, "Sid": "Theirs", "Principal": "*"}


def test_what_we_wrote_for_deleted_roles_goes_with_the_next_write() -> None:
    """AWS takes no policy with one."""
    there = json.dumps({"Version": "2012-10-17", "Statement": [LIVING | {"Effect": "Deny", "Action": "s3:*"}, DEAD]})
    (action,) = diff(_wanted(), observed((), sight(policy=there))).actions

    assert isinstance(action, PutVaultPolicy)
    assert [each["Sid"] for each in json.loads(action.document or "")["Statement"]] == ["Theirs", sid_of(ROLE)]
    assert action.foreign_statements == 1


@pytest.mark.parametrize(
    ("who", "name"),
    [
        pytest.param({"Sid": "Theirs"}, "statement Theirs", id="alone"),
        pytest.param(
            {"Sid": "", "Principal": {"AWS": ["AROAEXAMPLE", ROLE + "2"]}}, "statement 1 (no Sid)", id="beside"
        ),
        pytest.param({"Sid": "No", "Effect": "Deny"}, "statement No", id="a Deny"),
        pytest.param({"Sid": "User", "Principal": {"AWS": "AIDAEXAMPLE"}}, "statement User", id="a user"),
    ],
)
@pytest.mark.parametrize("ownership", Ownership)
def test_what_others_wrote_for_deleted_roles_is_theirs_to_remove(
    who: dict[str, Any], name: str, ownership: Ownership
) -> None:
    """AWS would refuse every write, the printed command too: who has to act is told where, and nothing is written."""
    there = json.dumps({"Version": "2012-10-17", "Statement": [DEAD | who, DEAD]})
    made = diff(_wanted(destination(vault_policy=ownership)), observed((), sight(policy=there)))
    row = next(each for each in made.prerequisites if each.name == "VaultPolicy")
    told = f"First correct, or take out, {name} in the policy of vault orders-copies: "

    assert made.actions == ()
    assert row.remedy.startswith(told)
    assert (row.ours, row.fix, row.blocks) == (False, (), True)
    assert [each.remedy.startswith(told) for each in made.drift] == [True] * (ownership is Ownership.MANAGE)


def test_invariant_3_a_put_adds_our_statement_to_what_stands_there() -> None:
    """The plan carries the whole new document, the one it replaces, and how many foreign statements it keeps."""
    made = diff(_wanted(), observed((), sight(policy=THEIRS)))
    action = made.actions[0]

    assert isinstance(action, PutVaultPolicy)
    assert (action.expected, action.document) == (THEIRS, put(THEIRS, statement_for(ROLE)))
    assert action.foreign_statements == 1
    assert [(each.aspect, each.path, each.observed) for each in made.drift] == [
        ("vault_policy", sid_of(ROLE), "absent")
    ]


@pytest.mark.parametrize(
    ("statements", "difference"),
    [
        pytest.param([{"Principal": {"AWS": "AROAEXAMPLE"}}], "changed: Principal is AROAEXAMPLE", id="a deleted role"),
        pytest.param(
            [{"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}, "Action": "s3:*"}],
            "changed: Action is s3:*; Condition was added: aws:SourceVpc",
            id="two things",
        ),
        pytest.param([{}, {}], "changed: it stands there 2 times", id="twice"),
        pytest.param([{}, {"Action": "x"}], "changed: it stands there 2 times; Action is x", id="twice, once so"),
        pytest.param([{"Effect": "Deny"}], "a Deny of somebody else", id="a Deny"),
        pytest.param([{}, {"Effect": "Deny", "Action": "x"}], "a Deny of somebody else", id="a Deny beside it"),
    ],
)
def test_drift_of_our_statement_says_what_differs(statements: list[dict[str, Any]], difference: str) -> None:
    """Not only that something does."""
    document = json.dumps({"Statement": [{**statement_for(ROLE), **each} for each in statements]})
    (drift,) = diff(_wanted(), observed((), sight(policy=document))).drift

    assert drift.observed == difference


@pytest.mark.parametrize(
    "other",
    [{"Action": ["backup:copyintobackupvault"]}, {"Resource": ["*"]}, {"Principal": {"AWS": [ROLE]}}],
    ids=["letter case", "a list of one resource", "a list of one principal"],
)
def test_another_way_to_write_our_statement_is_no_drift(other: dict[str, Any]) -> None:
    """And nothing is written for it."""
    made = diff(_wanted(), observed((), sight(policy=json.dumps({"Statement": [{**statement_for(ROLE), **other}]}))))

    assert (made.actions, made.drift) == ((), ())


def test_a_policy_nobody_can_read_is_drift_without_an_action() -> None:
    """What cannot be kept is not overwritten, and is told."""
    made = diff(_wanted(), observed((), sight(policy="garbage")))

    assert made.actions == ()
    assert made.drift[0].observed.startswith("unreadable policy")


def test_vaults_come_before_statements_and_statements_before_copies() -> None:
    """Invariant 2: protection grows in every prefix of the plan, over all destinations."""
    a, b, c = (destination(name, vault=target_vault(name), create=True) for name in "abc")
    made = diff(_wanted(a, b, c), observed((point(),), sight(a), sight(b, policy=None), absent(c)))

    assert [(type(each), each.destination) for each in made.actions] == [
        (CreateVault, "c"),
        (PutVaultPolicy, "b"),
        (StartCopy, "a"),
    ]


# --- Whose statement it is -----------------------------------------------------------------------------------------

OURS = statement_for(ROLE)
FORMER = {**OURS, "Sid": former_sid_of(ROLE)}
STRANGER = "arn:aws:iam::333333333333:role/AWSBackupDefaultServiceRole"


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        pytest.param({}, True, id="as written"),
        pytest.param({"Sid": former_sid_of(ROLE)}, True, id="as an earlier release named it"),
        pytest.param({"Action": "x", "Resource": "y"}, True, id="changed in all but Sid and principal"),
        pytest.param({"Effect": "Deny"}, False, id="a Deny"),
        pytest.param({"Effect": "Deny", "Sid": former_sid_of(ROLE)}, False, id="a Deny as an earlier release named it"),
        pytest.param({"Principal": {"AWS": [ROLE]}}, True, id="the role in a list"),
        pytest.param({"Principal": {"AWS": "AROAEXAMPLEID"}}, True, id="the role was deleted"),
        pytest.param({"Sid": "Mine"}, False, id="another Sid"),
        pytest.param({"Sid": sid_of(ROLE)[:20]}, False, id="a part of it"),
        pytest.param({"Principal": {"AWS": STRANGER}}, False, id="another role"),
        pytest.param({"Principal": {"AWS": [ROLE, STRANGER]}}, False, id="another role beside ours"),
        pytest.param({"Principal": "*"}, False, id="everybody"),
        pytest.param({"Principal": {"Service": "backup.amazonaws.com"}}, False, id="a service"),
        pytest.param(
            {"Principal": {"AWS": ROLE, "Service": "backup.amazonaws.com"}}, False, id="a service beside ours"
        ),
        pytest.param({"NotPrincipal": {"AWS": ROLE}}, False, id="everybody but"),
    ],
)
def test_a_statement_is_ours_where_sid_and_principal_are(change: dict[str, Any], ours: bool) -> None:
    """Nothing else is ever replaced."""
    assert is_ours({**OURS, **change}, ROLE) is ours


def test_a_sid_holds_at_least_128_bits() -> None:
    """Nobody finds a role name with the Sid of another."""
    assert len(bytes.fromhex(sid_of(ROLE).removeprefix("CrossvaultCopyIn"))) * 8 >= 128


@pytest.mark.parametrize("others", [(), ({"Sid": "x", "Effect": "Deny", "Principal": "*", "Action": "y"},)])
@pytest.mark.parametrize(
    "there", [pytest.param((FORMER,), id="the former one"), pytest.param((FORMER, OURS), id="both")]
)
def test_a_former_sid_is_migrated_in_one_write(
    there: tuple[dict[str, Any], ...], others: tuple[dict[str, Any], ...]
) -> None:
    """There is no policy in between that lets the role in by neither."""
    made = diff(_wanted(), observed((), sight(policy=_policy(*there, *others))))
    (write,) = [each for each in made.actions if isinstance(each, PutVaultPolicy)]

    after = statements(write.document)
    assert sorted(map(canonical, after)) == sorted(map(canonical, (OURS, *others)))
    assert write.replaces == frozenset(map(canonical, there))


@pytest.mark.parametrize("policy", ["Manage", "Check"])
def test_a_living_principal_under_our_sid_is_told_and_not_touched(policy: str) -> None:
    """Somebody lets a role in by it; what ours lacks is said with the way out."""
    theirs = {**OURS, "Principal": {"AWS": STRANGER}}
    wanted = _wanted(destination(vault_policy=Ownership(policy)))
    made = diff(wanted, observed((point(),), sight(wanted.destinations[0], policy=_policy(theirs))))
    (row,) = [each for each in made.prerequisites if each.name == "VaultPolicy"]

    assert made.actions == ()
    assert (row.reason, row.ours, row.blocks) == (Reason.VAULT_POLICY_MISSING, False, True)
    if policy == "Manage":
        (drift,) = made.drift
        assert STRANGER in drift.observed
        assert "another Sid" in drift.remedy
        assert STRANGER in row.remedy


def test_a_statement_that_lets_ours_in_beside_another_is_kept() -> None:
    """Overwriting it would lock the other one out."""
    both = {**OURS, "Principal": {"AWS": [ROLE, STRANGER]}}
    made = diff(_wanted(), observed((point(),), sight(policy=_policy(both))))

    assert [type(each) for each in made.actions] == [StartCopy]
    assert [each.aspect for each in made.drift] == ["vault_policy"]


@pytest.mark.parametrize("filled", [0, 19], ids=["with room", "in the last place"])
def test_the_statement_of_a_former_copy_role_is_replaced_by_the_policy_that_wrote_it(filled: int) -> None:
    """Edits cannot fill a shared vault's policy; what others wrote, or claim, stays."""
    before = statement_for(f"{ROLE}-before")
    others = _copy_in("111111111111", filled)
    seen = observed((), sight(policy=_policy(*others, before)))
    written = {TARGET_ARN: digest_of(before)}

    def left(**more: Any) -> list[dict[str, Any]]:
        writes = [each for each in diff(_wanted(), seen, **more).actions if isinstance(each, PutVaultPolicy)]
        return [each for write in writes for each in statements(write.document) if each not in others]

    assert left(written=written) == [OURS]
    kept = [] if filled else [before, OURS]
    assert left() == kept
    assert left(written=written, claims=frozenset({(TARGET_ARN, before["Sid"])})) == kept


# --- Room in a shared vault ----------------------------------------------------------------------------------------


def _copy_in(account_id: str, count: int) -> list[dict[str, Any]]:
    return [statement_for(f"arn:aws:iam::{account_id}:role/copy-{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("there", "room"),
    [
        pytest.param(_copy_in("111111111111", 19), True, id="one place left"),
        pytest.param(_copy_in("111111111111", 20), False, id="as many as one account may have"),
        pytest.param(_copy_in("333333333333", 40), True, id="of another account"),
        pytest.param(
            [each for n in range(5) for each in _copy_in(f"{n}" * 12, 20)], False, id="as many as there may be"
        ),
        pytest.param([*_copy_in("111111111111", 30), OURS], True, id="ours stands there"),
        pytest.param([{"Sid": f"x{n}"} for n in range(200)], True, id="what others wrote is theirs to count"),
    ],
)
def test_the_roles_of_one_account_cannot_fill_the_policy_of_a_shared_vault(
    there: list[dict[str, Any]], *, room: bool
) -> None:
    """The refusal is known before, and says whose statements stand there."""
    document = _policy(*there)
    made = diff(_wanted(), observed((point(),), sight(policy=document)))
    (row,) = [each for each in made.prerequisites if each.name == "VaultPolicy"]

    assert (no_room(document, ROLE) is None) is room
    assert (row.reason is Reason.VAULT_POLICY_FULL) is not room
    assert any(isinstance(each, PutVaultPolicy) for each in made.actions) is (room and OURS not in there)
    if not room:
        assert "20 for copy roles of account 1" in row.message
        assert row.blocks


# --- Deletion, Observe, suspension ---------------------------------------------------------------------------------

OURS_AND_THEIRS = put(THEIRS, statement_for(ROLE))
GONE = {"deleting": True, "deletion_policy": DeletionPolicy.REMOVE_OWNED}
WRITTEN = {TARGET_ARN: digest_of(statement_for(ROLE))}


@pytest.mark.parametrize(
    ("policy", "document"),
    [
        pytest.param(OUR_POLICY, [None], id="ours alone goes with the policy"),
        pytest.param(OURS_AND_THEIRS, [THEIRS], id="others stay"),
        pytest.param(THEIRS, [], id="ours is not there"),
        pytest.param(None, [], id="no policy"),
        pytest.param("garbage", [], id="unreadable"),
        pytest.param(UNSEEN, [], id="unseen"),
    ],
)
def test_deletion_takes_our_statement_out_and_nothing_else(policy: Any, document: list[str | None]) -> None:
    """What is left is what others wrote, to the byte."""
    made = diff(_wanted(**GONE), observed((point(),), sight(policy=policy)), written=WRITTEN)

    assert [each.document for each in made.actions if isinstance(each, PutVaultPolicy)] == document
    assert len(made.actions) == len(document)


def test_a_statement_that_others_claim_outlives_the_policy() -> None:
    """Two policies share a statement; the first that goes leaves it to the second."""
    seen = observed((), sight(policy=OUR_POLICY))

    def removed(*wanted: Any, **more: Any) -> bool:
        return bool(diff(_wanted(*wanted, **GONE), seen, written=WRITTEN, **more).actions)

    assert not removed(claims=frozenset({(TARGET_ARN, sid_of(ROLE))}))
    assert removed(claims=frozenset({(TARGET_ARN, "other")}))
    assert not removed(CHECK)


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        pytest.param({}, OUR_POLICY, id="found, not written"),
        pytest.param({target_vault("b").arn: WRITTEN[TARGET_ARN]}, OUR_POLICY, id="written elsewhere"),
        pytest.param(WRITTEN, OUR_POLICY.replace('"Allow"', '"Deny"'), id="changed since"),
        pytest.param(WRITTEN, OUR_POLICY.replace(ROLE, "AROAEXAMPLE"), id="its role is gone, and AWS changed it"),
        pytest.param(WRITTEN, OUR_POLICY.replace(ROLE, f"{ROLE}2"), id="somebody else's under our Sid"),
    ],
)
def test_only_what_the_policy_wrote_is_removed_and_as_it_wrote_it(written: dict[str, str], policy: str) -> None:
    """Everything else may be what somebody counts on."""
    made = diff(_wanted(**GONE), observed((), sight(policy=policy)), written=written)

    assert made.actions == ()


@pytest.mark.parametrize(
    ("members", "ordered", "acts"),
    [
        pytest.param({}, True, True, id="enforced"),
        pytest.param({"mode": Mode.OBSERVE}, True, False, id="observing"),
        pytest.param({"suspend": True}, True, False, id="suspended"),
        pytest.param(GONE, True, True, id="deleted with RemoveOwned"),
        pytest.param(GONE, False, False, id="deleted with its namespace"),
        pytest.param({"deleting": True}, True, False, id="deleted with Retain"),
        pytest.param(GONE | {"mode": Mode.OBSERVE}, True, False, id="deleted while observing"),
        pytest.param(GONE | {"suspend": True}, True, False, id="deleted while suspended"),
    ],
)
def test_invariants_9_and_11_only_what_is_permitted_is_done(
    members: dict[str, Any], *, ordered: bool, acts: bool
) -> None:
    """Observe, suspension and deletion policy take actions out and leave what is known."""
    wanted = _wanted(**members)
    made = diff(wanted, observed((point(),), sight(policy=OURS_AND_THEIRS)), written=WRITTEN)
    allowed = plan.restrict(made, wanted, ordered=ordered)

    assert made.actions
    assert bool(allowed.actions) is acts
    assert allowed == replace(made, actions=allowed.actions)
    if wanted.deleting:
        assert plan.removes_something(wanted, ordered=ordered) is acts


# --- Which copies, in which order ----------------------------------------------------------------------------------


def test_the_newest_point_of_every_resource_comes_first() -> None:
    """One copy of everything protects more than everything of one."""
    other = (point(3, resource=DISK), point(9, resource=DISK))
    third = point(30, resource="arn:aws:rds:eu-west-1:111111111111:db:third")
    seen = observed((point(5), point(1), *other, third))

    assert _names(diff(_wanted(), seen)) == ["0001", "0003", "0030"]


@pytest.mark.parametrize("copied", range(4))
def test_the_newest_of_another_resource_comes_before_the_next_of_one(copied: int) -> None:
    """However many of its backups are newer, and copied by now: the other resource has nothing yet."""
    often = [point(number) for number in range(1, 6)]
    seldom = [point(20, resource=DISK), point(30, resource=DISK)]
    there = tuple(copy_of(each, arn=f"copy-{number}") for number, each in enumerate(often[:copied]))
    wanted = _wanted(backfill=Backfill(BackfillMode.ALL), copying=Copying(max_concurrent=1))
    made = diff(wanted, observed((*often, *seldom), sight(copies=there)))

    assert _names(made) == (["0001"] if not copied else ["0020"])


def test_one_resource_is_copied_once_at_a_time() -> None:
    """AWS would queue the second job, so the others wait and say why."""
    running = job_for(point(2))
    made = diff(_wanted(), observed((point(1), point(2), point(3)), sight(jobs=(running,))))

    assert _starts(made) == []
    assert _reasons(made) == [
        (State.WAITING, Reason.RESOURCE_BUSY),
        (State.IN_PROGRESS, Reason.COPYING),
        (State.WAITING, Reason.RESOURCE_BUSY),
    ]


def test_a_job_of_a_point_out_of_scope_keeps_its_resource_busy() -> None:
    """Whoever started a copy, AWS runs one per resource."""
    wanted = _wanted(backfill=Backfill(BackfillMode.NONE), created=ago(days=2))
    old = point(9)
    made = diff(wanted, observed((point(1), old), sight(jobs=(job_for(old),))))

    assert _reasons(made) == [(State.WAITING, Reason.RESOURCE_BUSY), (State.OUT_OF_SCOPE, None)]


def test_one_point_goes_to_several_destinations_in_turn() -> None:
    """The resource is busy with the first destination; the second comes next, before anything older."""
    two = (destination(), destination("b", vault=target_vault("b")))
    points = (point(1), point(2))
    first = diff(_wanted(*two), observed(points, sight(), sight(two[1])))
    after = diff(_wanted(*two), observed(points, sight(copies=(copy_of(point(1)),)), sight(two[1])))

    assert [(each.destination, each.point.arn[-1]) for each in _starts(first)] == [("dr", "1")]
    assert [(each.destination, each.point.arn[-1]) for each in _starts(after)] == [("b", "1")]


def _many(count: int) -> tuple[Any, ...]:
    return tuple(point(n, resource=f"{DISK}{n}") for n in range(1, count + 1))


@pytest.mark.parametrize(
    ("wanted", "in_progress", "started", "reason"),
    [
        pytest.param(_wanted(copying=Copying(max_concurrent=3)), 0, 3, Reason.BUDGET, id="the policy's limit"),
        pytest.param(
            _wanted(limits=Limits(starts_per_second=99, max_concurrent_copies=10)),
            6,
            4,
            Reason.ACCOUNT_LIMIT,
            id="the account's limit",
        ),
        pytest.param(_wanted(), 90, 0, Reason.ACCOUNT_LIMIT, id="an account beyond its limit"),
        pytest.param(_wanted(limits=Limits(starts_per_second=0.5)), 0, 8, Reason.QUEUED, id="the rate"),
        pytest.param(_wanted(limits=Limits(starts_per_second=0.01)), 0, 1, Reason.QUEUED, id="a very slow rate"),
    ],
)
def test_limits_are_kept_and_named(wanted: Desired, in_progress: int, started: int, reason: Reason) -> None:
    """What may not start yet says which limit it waits for."""
    made = diff(wanted, observed(_many(30), in_progress=in_progress))
    waiting = [each for each in standings_of(made)["dr"] if each.reason is not None]

    assert len(_starts(made)) == started
    assert {each.reason for each in waiting} == {reason}
    assert len(waiting) == 30 - started


def test_running_copies_count_towards_the_limit() -> None:
    """The limit is on copies at once, not on copies per pass."""
    points = _many(5)
    made = diff(
        _wanted(copying=Copying(max_concurrent=3)),
        observed(points, sight(jobs=tuple(job_for(each, job_id=each.arn) for each in points[:2]))),
    )

    assert len(_starts(made)) == 1


def test_copies_held_back_by_a_prerequisite_are_missing_and_say_so() -> None:
    """Nothing is started towards a vault that would refuse it; the point stays a gap."""
    made = diff(_wanted(CHECK), observed((point(),), sight(CHECK, policy=None)))

    assert made.actions == ()
    assert _reasons(made) == [(State.MISSING, Reason.HELD)]


@given(st.randoms(use_true_random=True))
def test_the_plan_does_not_depend_on_the_order_of_listings(dice: Random) -> None:
    """The same world gives the same plan, ties included."""
    points = [*_many(6), *(point(100 + n, created=ago(days=1), resource=f"{DISK}{n % 3}") for n in range(6))]
    jobs: list[CopyJob] = [job_for(each, state="FAILED", job_id=each.arn, message="x") for each in points[:3]]
    made = [copy_of(each) for each in points[6:8]]
    wanted = _wanted(copying=Copying(max_concurrent=4))

    def actions(dealt: Any) -> tuple[Action, ...]:
        return diff(
            wanted, observed(tuple(dealt(points)), sight(jobs=tuple(dealt(jobs)), copies=tuple(dealt(made))))
        ).actions

    assert actions(lambda each: dice.sample(each, len(each))) == actions(lambda each: each)


# --- Tokens --------------------------------------------------------------------------------------------------------


def _token(wanted: Desired, seen: Observed) -> str:
    (start,) = _starts(diff(wanted, seen))
    return start.token


def test_invariant_6_the_same_world_gives_the_same_token() -> None:
    """A restart, a lost reply and a second policy repeat the request instead of making another."""
    token = _token(_wanted(), observed((point(),)))

    assert _token(_wanted(), observed((point(),), at=NOW + timedelta(days=3))) == token
    assert _token(_wanted(name="another", generation=7), observed((point(),))) == token
    assert _token(_wanted(destination("other-name")), observed((point(),), sight(destination("other-name")))) == token
    assert len(token) <= 50


def test_another_attempt_point_or_vault_has_another_token() -> None:
    """What is a new request looks like one."""
    failed = [job_for(point(), state="FAILED", job_id=f"j{n}", created=ago(days=n + 2)) for n in range(3)]
    other = destination("b", vault=target_vault("b"))
    tokens = {
        _token(_wanted(), observed((point(),))),
        _token(_wanted(), observed((point(2),))),
        _token(_wanted(other), observed((point(),), sight(other))),
        *(_token(_wanted(), observed((point(),), sight(jobs=tuple(failed[n:])))) for n in range(3)),
        _token(_wanted(), observed((point(),), sight(jobs=(replace(failed[2], id="other"),)))),
    }

    assert len(tokens) == 7


# --- After a failure -----------------------------------------------------------------------------------------------

COPY = StartCopy("dr", point(), _wanted().source, TARGET_ARN, ROLE, None, "token")
PUT = PutVaultPolicy("dr", target_vault(), None, OUR_POLICY, sid_of(ROLE))
BOLT = PutVaultLock("dr", target_vault(), None, (7, 365))


@pytest.mark.parametrize(
    ("failed", "answer", "following", "goes_on"),
    [
        pytest.param(COPY, None, COPY, True, id="nothing failed"),
        pytest.param(COPY, stuck(), COPY, True, id="a copy refused for good leaves the others"),
        pytest.param(COPY, problem(), COPY, False, id="throttling of the source ends the copies"),
        pytest.param(COPY, problem(), PUT, True, id="and nothing else"),
        pytest.param(PUT, stuck(), COPY, False, id="a refused statement holds its own destination"),
        pytest.param(PUT, stuck(), replace(COPY, destination="b"), True, id="and no other"),
        pytest.param(PUT, problem(), COPY, False, id="a throttled one too"),
        pytest.param(PUT, problem(), replace(COPY, destination="b"), True, id="and again no other"),
        pytest.param(BOLT, stuck(), COPY, True, id="a refused lock holds nothing"),
        pytest.param(BOLT, problem(), COPY, True, id="nor does a throttled one"),
        pytest.param(BOLT, problem(), BOLT, False, id="but itself, until the next pass"),
    ],
)
def test_a_refusal_concerns_what_depends_on_it(
    failed: Action, answer: Problem | None, following: Action, *, goes_on: bool
) -> None:
    """One broken destination does not starve the healthy ones."""
    assert plan.may_go_on(Result(failed, answer), following) is goes_on


def test_every_gap_is_accounted_for_with_thousands_of_points() -> None:
    """Every point has exactly one standing, in the order of the listing."""
    points = _many(3000)
    made = diff(_wanted(), observed(points))

    assert [each.point for each in standings_of(made)["dr"]] == list(points)
    assert all(isinstance(each, Standing) for each in standings_of(made)["dr"])
