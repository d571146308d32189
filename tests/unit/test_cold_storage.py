"""Cold storage by type: what a declared move does, told before any job, and what AWS is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.kit.builders import NOW, ago, copy_of, desired, destination, destination_body, observed, point, policy_body
from tests.kit.builders import sight as seen_of
from tests.kit.builders import vault as make_vault
from tests.kit.judging import diff, rows, standings_of
from tests.kit.passes import accounts

from crossvault.aspects.copies.aws import lifecycle_members
from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.resource_types.matrix import COPIED, NEVER_COLD, TYPES
from crossvault.engine.declared import Scope
from crossvault.engine.looks import Seen
from crossvault.engine.rows import MET, UNMET, Prerequisite
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.words.reasons import Reason

MONTH = Lifecycle(30, 365)
ARCHIVED = replace(MONTH, opt_in_to_archive=True)


def told(lifecycle: Lifecycle | None, *types: str) -> Prerequisite | None:
    """Return the row about cold storage."""
    wanted = destination(lifecycle=lifecycle)
    found = rows(desired(wanted, scope=Scope(resource_types=types)), observed((), seen_of(wanted)))
    return next((each for each in found if each.name == "ColdStorage"), None)


@pytest.mark.parametrize(
    ("lifecycle", "types", "status", "words"),
    [
        pytest.param(None, ("RDS",), None, "", id="nothing is declared"),
        pytest.param(Lifecycle(None, 365), ("RDS",), None, "", id="no move is declared"),
        pytest.param(MONTH, ("EFS",), MET, "move to cold storage after 30 days.", id="a type that moves"),
        pytest.param(
            Lifecycle(30), ("EFS",), MET, "with what they are copies of, which has to live 120 days", id="inherited"
        ),
        pytest.param(MONTH, ("EFS", "RDS"), MET, "AWS ignores it for RDS, which have no cold storage", id="one of two"),
        pytest.param(MONTH, (), MET, "EBS is archived only with optInToArchive: true", id="all types"),
        pytest.param(ARCHIVED, ("EBS",), MET, "move to cold storage after 30 days.", id="snapshots, opted in"),
        pytest.param(MONTH, ("A type of next year",), MET, "move to cold storage", id="a type not known here"),
        pytest.param(MONTH, ("RDS", "S3"), UNMET, "AWS ignores it for RDS, S3", id="none that moves"),
        pytest.param(ARCHIVED, ("RDS",), UNMET, "AWS ignores it for RDS", id="opting in changes nothing of that"),
        pytest.param(MONTH, ("EBS",), UNMET, "EBS is archived only with optInToArchive", id="snapshots, not opted in"),
    ],
)
def test_what_a_move_does_is_told_by_type(
    lifecycle: Lifecycle | None, types: tuple[str, ...], status: object, words: str
) -> None:
    """Who stays warm is named; a declaration without any effect is unmet, at its field, and holds no copy."""
    row = told(lifecycle, *types)

    assert (row and row.status) == status
    if row is not None:
        assert words in row.message
        assert not row.blocks
        assert (row.reason is Reason.COLD_STORAGE_IGNORED) is (status is UNMET)
        field = "spec.destinations[].lifecycle.moveToColdStorageAfterDays of dr"
        assert (field in row.remedy) is (status is UNMET)
        assert ("optInToArchive" in row.remedy) is (status is UNMET and "EBS" in types)


@pytest.mark.parametrize("kind", sorted(COPIED))
def test_each_type_moves_or_does_not(kind: str) -> None:
    """As the matrix has it, opted in to whatever there is."""
    row = told(ARCHIVED, kind)

    assert row is not None
    assert (row.status is MET) is TYPES[kind].cold


@pytest.mark.parametrize(
    ("lifecycle", "members"),
    [
        (None, {}),
        (MONTH, {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}),
        (
            ARCHIVED,
            {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365, "OptInToArchiveForSupportedResources": True},
        ),
    ],
)
def test_aws_is_asked_for_what_is_declared(lifecycle: Lifecycle | None, members: dict[str, object]) -> None:
    """And for nothing that is not: a member that is left out follows the source."""
    assert lifecycle_members(lifecycle) == members


@pytest.mark.parametrize("kind", sorted(COPIED))
def test_a_date_that_aws_ignores_keeps_nothing_from_being_copied(kind: str) -> None:
    """A plan has one lifecycle for all types; what has no cold storage is warm whatever its date says."""
    made = diff(desired(), observed((point(kind=kind, cold_at=ago(days=1)),), seen_of()))
    (standing,) = standings_of(made)["dr"]
    started = [each for each in made.actions if isinstance(each, StartCopy)]

    assert bool(started) is (kind in NEVER_COLD)
    assert (standing.reason is Reason.COLD_STORAGE) is (kind not in NEVER_COLD)


@pytest.mark.parametrize(("kind", "early"), [("RDS", False), ("EFS", True)])
def test_a_copy_that_stays_warm_is_not_called_cold_too_early(kind: str, early: bool) -> None:
    """Its date is ignored, too."""
    source = point(kind=kind)
    copy = replace(copy_of(source), cold_at=NOW)
    made = diff(desired(), observed((source,), seen_of(copies=(copy,))))
    (standing,) = standings_of(made)["dr"]

    assert standing.state is State.COPIED
    assert (standing.reason is Reason.COPY_COLD_EARLY) is early


@pytest.mark.parametrize(
    ("lifecycle", "fault"),
    [
        ({"moveToColdStorageAfterDays": 30, "deleteAfterDays": 120, "optInToArchive": True}, None),
        ({"moveToColdStorageAfterDays": 30, "optInToArchive": True}, None),
        ({"deleteAfterDays": 120, "optInToArchive": False}, None),
        ({"deleteAfterDays": 120, "optInToArchive": True}, "optInToArchive"),
        ({"moveToColdStorageAfterDays": 30, "optInToArchive": "yes"}, "optInToArchive"),
    ],
)
def test_opting_in_is_declared_with_its_days(lifecycle: dict[str, object], fault: str | None) -> None:
    """Without them it says nothing."""
    body = policy_body(destinations=[destination_body(lifecycle=lifecycle)])
    found = parse_policy(body, accounts(), {})

    if fault is None:
        assert not isinstance(found, Rejected)
        assert found.destinations[0][LIFECYCLE] is not None
    else:
        assert isinstance(found, Rejected)
        assert [each.path for each in found.faults] == [f"spec.destinations[0].lifecycle.{fault}"]


@pytest.mark.parametrize("lifecycle", [Lifecycle(30), Lifecycle(30, -1)], ids=["left out", "-1"])
@pytest.mark.parametrize(
    ("lives", "copy_lives", "good"),
    [
        pytest.param(400, 400, True, id="as its source"),
        pytest.param(400, None, True, id="for ever"),
        pytest.param(400, 200, False, id="shorter"),
        pytest.param(None, 200, False, id="though its source never expires"),
        pytest.param(None, None, True, id="neither expires"),
        pytest.param(60, 60, True, id="too short for cold storage"),
    ],
)
def test_a_copy_that_only_goes_cold_expires_with_its_source(
    lifecycle: Lifecycle, lives: int | None, copy_lives: int | None, *, good: bool
) -> None:
    """What a lifecycle does not say is its source's, as of a copy without one: not "never"."""
    source = replace(point(kind="EFS", created=ago(days=1)), delete_after_days=lives, delete_at=_end(lives))
    made = replace(copy_of(source), delete_at=_end(copy_lives), cold_at=None)
    wanted = destination(lifecycle=lifecycle)
    (standing,) = standings_of(diff(desired(wanted), observed((source,), seen_of(wanted, copies=(made,)))))["dr"]

    assert (standing.state is State.COPIED) is good
    assert (standing.reason is Reason.COPY_EXPIRES_EARLY) is not good


@pytest.mark.parametrize(("lives", "held"), [(60, False), (20, True), (None, True), (400, True)])
def test_a_lock_is_compared_with_what_a_copy_that_only_goes_cold_inherits(lives: int | None, *, held: bool) -> None:
    """By each recovery point, before a job is spent."""
    source = replace(point(kind="EFS", created=ago(days=1)), delete_after_days=lives, delete_at=_end(lives))
    wanted = destination(lifecycle=Lifecycle(30))
    locked = Seen(replace(make_vault(wanted.vault), locked=True, min_retention_days=30, max_retention_days=100))
    plan = diff(desired(wanted), observed((source,), seen_of(wanted, vault=locked)))

    assert any(isinstance(each, StartCopy) for each in plan.actions) is not held


def _end(days: int | None) -> datetime | None:
    return None if days is None else ago(days=1) + timedelta(days=days)
