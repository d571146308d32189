"""Whom a vault lets in, over a simulated AWS: copies flow by each, one takes another's place, tenants stay bound."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

from backup_simulator.faults import Kind
from crossvault.aspects.vault_policy import Grantee
from crossvault.aspects.vault_policy.statement import EVERY_MEMBER, sid_of

ROLE = f"arn:aws:iam::{scene.PRODUCTION}:role/service-role/AWSBackupDefaultServiceRole"
ROOT = f"arn:aws:iam::{scene.PRODUCTION}:root"
SIDS = {
    Grantee.COPY_ROLE: sid_of(ROLE),
    Grantee.ACCOUNT: sid_of(ROOT),
    Grantee.ORGANIZATION: sid_of(EVERY_MEMBER),
}


def choose(stage: Stage, grantee: str, **changes: Any) -> None:
    """Declare whom the vault lets in."""
    stage.declare(destinations=[scene.destination(grantee=grantee, **changes)])


def sids(stage: Stage) -> list[Any]:
    """Return the Sids in the vault's policy."""
    return [each.get("Sid") for each in stage.statements()]


def _orders_only() -> Json:
    return {
        "namespaces": {"names": ["orders"]},
        "as": ["Destination"],
        "vaults": ["orders-*"],
        "keys": ["alias/orders-*"],
    }


def grant(stage: Stage, **members: Any) -> None:
    """Take away the short form at the destination and give namespace orders its own vaults."""
    stage.declared["dr"]["spec"] |= {"allowedNamespaces": {}, "grants": [_orders_only() | members]}


def told(stage: Stage) -> str:
    """Do one pass and return everything that a user of the namespace can read."""
    stage.body["status"] = {}
    outcome = stage.look()
    return json.dumps([stage.body["status"], [str(each) for each in outcome.events], outcome.summary])


def _refuse(stage: Stage, operation: str, code: str, status: int) -> None:
    stage.control.faults.add(Kind.ERROR, operation=operation, code=code, status=status)


def end(stage: Stage, **changes: Any) -> str:
    """Delete the policy with what it owns and return what is told."""
    stage.declare(deletionPolicy="RemoveOwned")
    stage.look()
    body = {**stage.body, "metadata": {**stage.body["metadata"], "deletionTimestamp": "2026-11-29T00:00:00Z"}}
    outcome = stage.look(body=body, **changes)
    assert outcome.done
    return outcome.summary


@pytest.mark.parametrize("grantee", Grantee)
def test_copies_flow_by_each(stage: Stage, grantee: Grantee) -> None:
    """AWS takes the statement and lets the copy role in by it; afterwards nothing is written any more."""
    choose(stage, grantee)
    stage.go_on()
    assert sids(stage) == [SIDS[grantee]]
    assert scene.numbers(stage.body)["statementSid"] == SIDS[grantee]
    stage.control.clear_calls()
    stage.look()
    assert not stage.writes()
    assert "Removed 1 policy statement" in end(stage)
    assert stage.statements() == []


@pytest.mark.parametrize(("before", "after"), list(permutations(Grantee, 2)))
def test_one_takes_the_place_of_another_in_one_write(stage: Stage, before: Grantee, after: Grantee) -> None:
    """The new statement is there when the old one goes, and RemoveOwned takes the new one."""
    choose(stage, before)
    stage.go_on()
    stage.control.clear_calls()
    choose(stage, after)
    stage.look()

    assert sids(stage) == [SIDS[after]]
    assert [each.operation for each in stage.writes()] == ["PutBackupVaultAccessPolicy"]
    end(stage)
    assert stage.statements() == []


def test_an_interrupted_change_leaves_the_old_one_and_is_finished_later(stage: Stage) -> None:
    """AWS refuses the write at first; what was written before stays recorded, also through a restart."""
    choose(stage, "Account")
    stage.go_on()
    written = scene.numbers(stage.body)["statementWritten"]
    choose(stage, "Organization")
    _refuse(stage, "PutBackupVaultAccessPolicy", "ServiceUnavailableException", 503)
    stage.look()
    assert sids(stage) == [SIDS[Grantee.ACCOUNT]]
    assert scene.numbers(stage.body)["statementWritten"] == written
    stage.control.faults.clear()
    stage.restart()
    stage.go_on(lambda: sids(stage) == [SIDS[Grantee.ORGANIZATION]], seconds=120)
    stage.look()
    assert scene.numbers(stage.body)["statementWritten"] != written


def test_a_change_that_was_never_written_removes_what_was(stage: Stage) -> None:
    """The policy goes before AWS took the new statement."""
    choose(stage, "Organization")
    stage.go_on()
    choose(stage, "CopyRole")
    _refuse(stage, "PutBackupVaultAccessPolicy", "ServiceUnavailableException", 503)
    stage.look()
    stage.control.faults.clear()
    body = {**stage.body, "metadata": {**stage.body["metadata"], "deletionTimestamp": "2026-11-29T00:00:00Z"}}
    body["spec"]["deletionPolicy"] = "RemoveOwned"
    stage.look(body=body, claims=frozenset({(stage.vault().arn, SIDS[Grantee.ORGANIZATION])}))
    assert sids(stage) == [SIDS[Grantee.ORGANIZATION]]
    stage.look(body=body)

    assert stage.statements() == []


def test_an_organization_that_cannot_be_seen_is_not_written(stage: Stage) -> None:
    """The statement of before stays, and lets copies in."""
    stage.go_on()
    _refuse(stage, "DescribeOrganization", "AccessDeniedException", 400)
    stage.restart()
    choose(stage, "Organization")
    stage.control.clear_calls()
    stage.look()

    assert sids(stage) == [SIDS[Grantee.COPY_ROLE]]
    assert not stage.writes("PutBackupVaultAccessPolicy")
    assert scene.row(stage.body, "SameOrganization")[0] == "Unknown"
    assert scene.row(stage.body, "VaultPolicy")[0] == "Met"


def test_two_policies_keep_one_each(stage: Stage) -> None:
    """The wide one goes; the narrow one stays, and is not touched by either."""
    stage.go_on()
    first = stage.body
    stage.body = {**scene.policy(), "metadata": {**first["metadata"], "name": "wide"}}
    choose(stage, "Account")
    claims = frozenset({(stage.vault().arn, SIDS[Grantee.COPY_ROLE])})
    stage.look(claims=claims)
    assert sids(stage) == [SIDS[Grantee.COPY_ROLE], SIDS[Grantee.ACCOUNT]]
    end(stage, claims=claims)
    assert sids(stage) == [SIDS[Grantee.COPY_ROLE]]


@pytest.mark.parametrize("managed", ["Manage", "Check"])
@pytest.mark.parametrize("grantee", ["Account", "Organization"])
def test_a_hostile_namespace_cannot_widen_a_vault(stage: Stage, grantee: str, managed: str) -> None:
    """It reads as if there were no such account, AWS is not asked, and whoever granted more lets it."""
    grant(stage)
    stage.control.freeze()
    choose(stage, grantee, vaultPolicy=managed)
    before = stage.control.snapshot()
    refused = told(stage)
    stage.control.restore(before)
    hidden = stage.declared.pop("dr")
    assert refused == told(stage)
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()

    stage.declared["dr"] = hidden
    given: Json = {**hidden["spec"]["grants"][0], "grantees": [grantee]}
    hidden["spec"]["grants"] = [given]
    choose(stage, grantee)
    stage.go_on()
    assert sids(stage) == [SIDS[Grantee(grantee)]]


def test_a_grant_that_is_narrowed_leaves_what_was_written(stage: Stage) -> None:
    """The policy stops; the statement stays until somebody declares less, which takes it away."""
    grant(stage, grantees=["Account", "CopyRole"])
    choose(stage, "Account")
    stage.go_on()
    grant(stage)
    stage.look()
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert sids(stage) == [SIDS[Grantee.ACCOUNT]]
    choose(stage, "CopyRole")
    stage.go_on()
    assert sids(stage) == [SIDS[Grantee.COPY_ROLE]]


def test_a_widened_statement_is_told_and_left(stage: Stage) -> None:
    """Somebody took the condition away: everybody is let in, which is not ours to decide."""
    choose(stage, "Organization")
    stage.go_on()
    (ours,) = stage.statements()
    opened = {name: value for name, value in ours.items() if name != "Condition"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [opened]})
    stage.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)
    stage.restart()
    stage.control.clear_calls()
    stage.look()

    assert not stage.writes()
    (drift,) = stage.body["status"]["drift"]["items"]
    assert drift["observed"] == "about others than the members of one organization"
    assert "another Sid, or remove it; ours is then added." in drift["remedy"]
