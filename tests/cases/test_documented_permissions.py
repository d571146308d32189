"""The permissions that are printed for the two roles are enough, and what is said to be optional is optional."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tests.kit import least
from tests.kit.cases import BUNKER, CLINIC, HUB, WORLDS, Case, Json, account_in, prerequisite_names, world_of

from crossvault.aspects import ROOMS
from crossvault.cli import iam
from crossvault.kinds import POLICY
from crossvault.kinds.entries import Operator
from crossvault.local import Folder

Begin = Callable[..., Case]
CASE = "18-aws-ebs-key"
UPDATES = {"lifecycle": {"deleteAfterDays": 365}, "existingCopies": "UpdateLifecycle"}
OPTIONAL = {
    "ReadCopyRole": ["CopyRole"],
    "ReadKeys": ["SourceKeys"],
    "ReadKeyPolicies": ["VaultKeyPolicy"],
    "TryOut": ["PassRole", "CopyRolePermissions"],
}


@functools.cache
def _printed(*, updating: bool = False) -> Json:
    """Return what is printed for the case, by account."""
    folder = Folder.read(WORLDS / CASE)
    if updating:
        folder = least.edited(folder, POLICY.name, lambda body: body["spec"]["destinations"][0].update(UPDATES))
    declared, faults = iam.declared_in(folder)
    assert faults == []
    answer = iam.make(declared, Operator(f"arn:aws:iam::{HUB}:user/operator"))
    return {each["accountId"]: each["permissions"]["Statement"] for each in answer["accounts"]}


def _begin(case: Begin, *, without: frozenset[str] = frozenset(), updating: bool = False, forbidden: str = "") -> Case:
    world = world_of(CASE)
    for account in (CLINIC, BUNKER):
        statements: list[Json] = []
        for each in _printed(updating=updating)[account]:
            actions = [action for action in _listed(each["Action"]) if action != forbidden]
            statements += [{**each, "Action": actions}] if actions and each["Sid"] not in without else []
        account_in(world, account)["roles"][0]["policies"] = [{"Version": "2012-10-17", "Statement": statements}]
    began: Case = case(CASE, world=world)
    return began


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_what_is_optional_is_said_to_be() -> None:
    """In the table of the page, which is made from the rights."""
    told = {right.sid for room in ROOMS for right in room.rights if right.without}

    assert set(OPTIONAL) <= told


def test_the_documented_permissions_are_enough(case: Begin) -> None:
    """Every row is met and seen, what can be copied is copied, and what cannot is known."""
    began = _begin(case)
    began.passes(4)
    assert prerequisite_names(began.status(), "Met") == [each["name"] for each in began.status()["prerequisites"]]
    assert (began.numbers()["copied"], began.numbers()["ineligible"]) == (1, 3)
    assert not [each for each in began.control.calls() if "Denied" in each.outcome]


@pytest.mark.parametrize(("sid", "rows"), OPTIONAL.items())
def test_what_is_said_to_be_optional_is(case: Begin, sid: str, rows: Any) -> None:
    """Without it something is unknown, and copies go all the same."""
    began = _begin(case, without=frozenset({sid}))
    began.passes(4)
    assert sorted(prerequisite_names(began.status(), "Unknown")) == sorted(rows)
    assert prerequisite_names(began.status(), "Unmet") == []
    assert began.numbers()["copied"] == 1
    assert [each for each in began.control.calls() if "Denied" in each.outcome]


@pytest.mark.parametrize(
    ("forbidden", "denied"),
    [("backup:ListBackupVaults", {"ListBackupVaults"}), ("backup:DescribeBackupVault", set())],
)
def test_vaults_that_are_there_are_seen_by_either_of_two_permissions(
    case: Begin, forbidden: str, denied: set[str]
) -> None:
    """Roles with less go on working, for another price: described one by one, or listed and never described."""
    began = _begin(case, forbidden=forbidden)
    began.passes(4)
    assert prerequisite_names(began.status(), "Met") == [each["name"] for each in began.status()["prerequisites"]]
    assert began.numbers()["copied"] == 1
    assert {each.operation for each in began.control.calls() if "Denied" in each.outcome} == denied


@pytest.mark.parametrize("vault", ["source", "destination"])
def test_a_missing_vault_is_unknown_to_who_may_not_list(case: Begin, vault: str) -> None:
    """As the page says; with the list it is missing."""
    rows = {"source": "SourceVault", "destination": "DestinationVault"}
    for forbidden, wanted in (("", "Unmet"), ("backup:ListBackupVaults", "Unknown")):
        began = _begin(case, forbidden=forbidden)
        (body,) = began.bodies.values()
        side = body["spec"]["source"] if vault == "source" else body["spec"]["destinations"][0]
        side["vault"] = {"name": "absent"}
        began.passes(1)
        assert rows[vault] in prerequisite_names(began.status(), wanted)


@pytest.mark.parametrize("allowed", [True, False])
def test_what_existing_copies_need_is_enough_and_needed_for_nothing_else(case: Begin, allowed: bool) -> None:
    """Only who declares it is refused without it, and reads which action the role lacks."""
    began = _begin(case, updating=allowed)
    (body,) = began.bodies.values()
    body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
    began.passes(4)
    denied = [each for each in began.control.calls() if "Denied" in each.outcome]
    body["spec"]["destinations"][0] |= UPDATES
    began.passes(2)
    (copy,) = began.control.vault(BUNKER, "eu-west-1", "records-copies").points.values()
    refused = [each.operation for each in began.control.calls() if "Denied" in each.outcome]

    assert denied == []
    assert copy.lifecycle.delete_after_days == (365 if allowed else 30)
    assert refused == ([] if allowed else ["DescribeRecoveryPoint"])
    told = began.status()["failures"]
    assert allowed or "lacks backup:DescribeRecoveryPoint" in told[0]["message"]
