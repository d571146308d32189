"""Deletion: what protects stays, what we own goes only when asked for, what others own is not touched (1, 3, 11)."""

from __future__ import annotations

import json

import pytest
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

from crossvault.aspects.vault_policy.statement import sid_of

FOREIGN: Json = {
    "Sid": "Zentrale: Löschen verboten",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
    "Resource": ["*"],
    "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ["o-crossvault1"]}},
}


@pytest.fixture
def shared(stage: Stage) -> Stage:
    """A protected world; before and after our statement stands one of somebody else."""
    stage.go_on()
    theirs = [FOREIGN | {"Sid": "Before"}, *stage.statements(), FOREIGN | {"Sid": "After"}]
    document = json.dumps({"Version": "2012-10-17", "Id": "house-rules", "Statement": theirs})
    stage.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)
    stage.control.clear_calls()
    return stage


def delete(stage: Stage, policy: str) -> None:
    """Ask for the deletion of the policy."""
    stage.declare(deletionPolicy=policy)
    stage.body["metadata"]["deletionTimestamp"] = "2026-11-23T00:00:00Z"


def test_retain_leaves_everything(shared: Stage) -> None:
    """Without RemoveOwned the object goes at once and AWS is not even asked."""
    delete(shared, "Retain")
    outcome = shared.look()
    assert outcome.done
    assert [each.reason for each in outcome.events] == ["DeletionRetained"]
    assert not shared.control.calls()


def test_remove_owned_removes_our_statement_and_nothing_else(shared: Stage) -> None:
    """Other people's statements and the document's own members are byte for byte what they were."""
    before = shared.admin().get_backup_vault_access_policy(BackupVaultName="orders-copies")["Policy"]
    copies = shared.copies()
    delete(shared, "RemoveOwned")
    outcome = shared.look()
    after = shared.admin().get_backup_vault_access_policy(BackupVaultName="orders-copies")["Policy"]
    assert outcome.done
    assert [each["Sid"] for each in shared.statements()] == ["Before", "After"]
    for sid in ("Before", "After"):
        assert _text(after, sid) == _text(before, sid)
    assert json.loads(after)["Id"] == "house-rules"
    assert shared.copies() == copies
    assert [each.operation for each in shared.writes()] == ["PutBackupVaultAccessPolicy"]


def _text(document: str, sid: str) -> str:
    return next(json.dumps(each) for each in json.loads(document)["Statement"] if each["Sid"] == sid)


def test_our_statement_alone_goes_with_the_policy_document(stage: Stage) -> None:
    """Nothing but ours in it: the document is removed as a whole; vault and copies stay."""
    stage.go_on()
    copies = stage.copies()
    delete(stage, "RemoveOwned")
    assert stage.look().done
    assert stage.statements() == []
    assert stage.copies() == copies
    assert [each.operation for each in stage.writes()][-1] == "DeleteBackupVaultAccessPolicy"


def test_a_statement_that_another_policy_needs_stays(shared: Stage) -> None:
    """Two policies share role and vault: the statement outlives the first of them."""
    shared.claims = frozenset({(shared.vault().arn, sid_of(scene.COPY_ROLE))})
    delete(shared, "RemoveOwned")
    outcome = shared.look()
    assert outcome.done
    assert not shared.control.calls(), "what others need is no reason to look, so dead credentials hold up nothing"
    assert len(shared.statements()) == 3
    (event,) = outcome.events
    assert event.message.endswith("because another policy needs it.")
    assert "by hand" not in event.message


@pytest.mark.parametrize("spec", [{"mode": "Observe"}, {"suspend": True}])
def test_a_policy_that_may_not_act_removes_nothing(shared: Stage, spec: Json) -> None:
    """Observe and suspend hold for the deletion, too."""
    shared.declare(**spec)
    delete(shared, "RemoveOwned")
    assert shared.look().done
    assert not shared.writes()


def test_a_deletion_that_nobody_ordered_removes_nothing(shared: Stage) -> None:
    """The object goes because its namespace or CRD goes: nothing in AWS follows from that (11)."""
    delete(shared, "RemoveOwned")
    assert shared.look(ordered=False).done
    assert not shared.control.calls()


def test_a_lost_reply_does_not_stop_the_deletion(shared: Stage) -> None:
    """The statement was removed and nobody heard: that nothing of ours is left is seen, not concluded."""
    delete(shared, "RemoveOwned")
    shared.control.faults.add("reset", operation="PutBackupVaultAccessPolicy", times=1, after_effect=True)
    outcome = shared.look()
    assert outcome.done, "a look after the write has seen it"
    assert [each.message for each in outcome.events] == [
        "Removed 1 policy statement. No backup, vault or key was touched."
    ]
    assert [each["Sid"] for each in shared.statements()] == ["Before", "After"]


def test_a_deletion_that_cannot_look_is_not_done(shared: Stage) -> None:
    """While AWS cannot be asked the pass says so, and removes nothing blindly."""
    delete(shared, "RemoveOwned")
    shared.control.faults.add("error", service="backup", status=503)
    outcome = shared.look()
    assert not outcome.done
    assert outcome.failed
    (event,) = outcome.events
    assert event.reason == "DeletionWaiting"
    ours = sid_of(scene.COPY_ROLE)
    where = f"statement {ours} of vault orders-copies (dr, {scene.AWAY})"
    assert event.message.startswith(f"Not removed yet: {where}. Cannot list the vaults ")
    assert not event.message.endswith("…"), "the cause is told to its end"
    assert not shared.look().events, "told once"
    shared.control.faults.clear()
    assert shared.look().done


def test_a_deletion_asks_only_what_it_needs(shared: Stage) -> None:
    """The vault, its policy and who we are there; no listing, no key, and nothing of the source's account."""
    delete(shared, "RemoveOwned")
    assert shared.look().done
    asked = {(each.account, each.operation) for each in shared.control.calls() if each.account != scene.TOOLS}
    assert asked <= {
        *((scene.BACKUP, each) for each in ("AssumeRole", "GetCallerIdentity", "ListBackupVaults")),
        *((scene.BACKUP, each) for each in ("GetBackupVaultAccessPolicy", "PutBackupVaultAccessPolicy")),
    }


def test_a_deletion_needs_nothing_of_the_source(shared: Stage) -> None:
    """The source's role is gone for good: the statement at the destination is removed all the same."""
    shared.declared["production"]["spec"]["externalId"] = "somebody-elses"
    delete(shared, "RemoveOwned")
    assert shared.look().done
    assert [each["Sid"] for each in shared.statements()] == ["Before", "After"]


def test_a_deletion_of_what_is_only_checked_asks_nothing(shared: Stage) -> None:
    """With vaultPolicy: Check there is no statement of ours: the object goes at once, with whatever credentials."""
    shared.declare(destinations=[scene.destination(vaultPolicy="Check")])
    for name in ("production", "dr"):
        shared.declared[name]["spec"]["externalId"] = "somebody-elses"
    delete(shared, "RemoveOwned")
    assert shared.look().done
    assert not shared.control.calls()
    assert len(shared.statements()) == 3
