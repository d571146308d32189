"""The permissions that the documentation gives to the two roles are enough, and what it calls optional is optional."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.kit.cases import BUNKER, CLINIC, Case, Json, account_in, prerequisite_names, world_of

Begin = Callable[..., Case]
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "aws-identity.md"
EXISTING = PAGE.with_name("existing-copies.md")
OPTIONAL = {"ReadCopyRole": "CopyRole", "ReadKeys": "SourceKeys", "ReadVaultKey": "VaultKeyPolicy"}


def _documented(heading: str, page: Path = PAGE) -> Json:
    """Return the policy, or the statement, of a section, for the accounts of the cases."""
    text = page.read_text("utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return cast("Json", json.loads(found.group(1).replace("SRC", CLINIC).replace("DST", BUNKER)))


def _begin(
    case: Begin, *, without: frozenset[str] = frozenset(), more: tuple[Json, ...] = (), forbidden: str = ""
) -> Case:
    world = world_of("18-aws-ebs-key")
    for account, heading in (
        (CLINIC, "Role in the source account"),
        (BUNKER, "Role in the destination account"),
    ):
        document = _documented(heading)
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] not in without]
        document["Statement"] += more if account == BUNKER else ()
        for each in document["Statement"]:
            each["Action"] = [action for action in _listed(each["Action"]) if action != forbidden]
        account_in(world, account)["roles"][0]["policies"] = [document]
    began: Case = case("18-aws-ebs-key", world=world)
    return began


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_the_documented_permissions_are_enough(case: Begin) -> None:
    """Every row is met and seen, what can be copied is copied, and what cannot is known."""
    began = _begin(case)
    began.passes(4)
    assert prerequisite_names(began.status(), "Met") == [each["name"] for each in began.status()["prerequisites"]]
    assert (began.numbers()["copied"], began.numbers()["ineligible"]) == (1, 3)
    assert not [each for each in began.control.calls() if "Denied" in each.outcome]


@pytest.mark.parametrize(("sid", "row"), OPTIONAL.items())
def test_what_is_said_to_be_optional_is(case: Begin, sid: str, row: Any) -> None:
    """Without it something is unknown, and copies go all the same."""
    began = _begin(case, without=frozenset({sid}))
    began.passes(4)
    assert prerequisite_names(began.status(), "Unknown") == ([row] if row else [])
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
    more = (_documented("Permissions", EXISTING),) if allowed else ()
    began = _begin(case, more=more)
    (body,) = began.bodies.values()
    body["spec"]["destinations"][0]["lifecycle"] = {"deleteAfterDays": 30}
    began.passes(4)
    denied = [each for each in began.control.calls() if "Denied" in each.outcome]
    body["spec"]["destinations"][0] |= {"lifecycle": {"deleteAfterDays": 365}, "existingCopies": "UpdateLifecycle"}
    began.passes(2)
    (copy,) = began.control.vault(BUNKER, "eu-west-1", "records-copies").points.values()
    refused = [each.operation for each in began.control.calls() if "Denied" in each.outcome]

    assert denied == []
    assert copy.lifecycle.delete_after_days == (365 if allowed else 30)
    assert refused == ([] if allowed else ["DescribeRecoveryPoint"])
    told = began.status()["failures"]
    assert allowed or "lacks backup:DescribeRecoveryPoint" in told[0]["message"]
