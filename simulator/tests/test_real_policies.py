"""Policies as people really write them about cross-account copies: all of them load, and are judged as AWS would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from backup_simulator.policies import policy
from simulator_kit import scenes
from simulator_kit.real_policies import (
    BELOW,
    CENTRAL,
    DENY,
    ELSEWHERE,
    FROM,
    INTO,
    KEYS,
    ONLY,
    POINT,
    SILENT,
    SOURCES,
    VAULTS,
    row,
    statement,
)

if TYPE_CHECKING:
    from backup_simulator.policies.policy import Verdict
    from backup_simulator.server import SimulatorServer


@pytest.mark.parametrize(("document", "question", "verdict"), [*VAULTS, *SOURCES, *KEYS])
def test_resource_policies_are_judged(document: scenes.Json, question: policy.Question, verdict: Verdict) -> None:
    """Policies of vaults and keys."""
    assert policy.judge_resource(policy.compiled(document), question) is verdict


UNTAGGED = {"Null": {"aws:ResourceTag/DestinationBackupVault": "true"}}
SNAPSHOT = "arn:aws:ec2:eu-west-1::snapshot/snap-1"
OWNERS = [
    row("only into tagged vaults", DENY, statement("Deny", None, INTO, condition=UNTAGGED)),
    row(
        "into a tagged vault",
        SILENT,
        statement("Deny", None, INTO, condition=UNTAGGED),
        keys={"aws:resourcetag/destinationbackupvault": ("yes",)},
    ),
    row(
        "only to one vault",
        DENY,
        statement("Deny", None, [FROM], condition=ONLY),
        action=FROM,
        on=POINT,
        keys=ELSEWHERE,
    ),
    row(
        "only snapshots to one vault",
        DENY,
        statement("Deny", None, FROM, on="arn:aws:ec2:*:*:snapshot/*", condition=ONLY),
        action=FROM,
        on=SNAPSHOT,
        keys=ELSEWHERE,
    ),
    row(
        "which leaves images free",
        SILENT,
        statement("Deny", None, FROM, on="arn:aws:ec2:*:*:snapshot/*", condition=ONLY),
        action=FROM,
        on="arn:aws:ec2:eu-west-1::image/ami-1",
        keys=ELSEWHERE,
    ),
    row(
        "only within a unit",
        DENY,
        statement("Deny", None, FROM, condition=BELOW),
        action=FROM,
        on=POINT,
        keys={"backup:copytargetorgpaths": ("o-x/",)},
    ),
    row(
        "no changes",
        DENY,
        statement("Deny", None, ["backup:PutBackupVaultAccessPolicy"]),
        action="backup:PutBackupVaultAccessPolicy",
    ),
    row(
        "a copy target in a role's policy, where the call has none",
        SILENT,
        statement(
            "Deny",
            None,
            [INTO, "backup:StartCopyJob"],
            condition={"ForAnyValue:ArnNotEquals": {"backup:CopyTargets": [CENTRAL]}},
        ),
    ),
]


@pytest.mark.parametrize(("document", "question", "verdict"), OWNERS)
def test_identity_and_control_policies_are_judged(
    document: scenes.Json, question: policy.Question, verdict: Verdict
) -> None:
    """Policies of roles and organizations."""
    assert policy.judge_identity([policy.identity_policy(document)], question) is verdict


@pytest.mark.parametrize("found", [found.values[0] for found in VAULTS[:2] + VAULTS[4:8]], ids=str)
def test_vault_policies_are_put_and_read_back(server: SimulatorServer, found: scenes.Json) -> None:
    """With the same meaning."""
    client = scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY)
    client.put_backup_vault_access_policy(BackupVaultName="copies", Policy=scenes.text(found))
    back = json.loads(client.get_backup_vault_access_policy(BackupVaultName="copies")["Policy"])

    assert [one["Effect"] for one in back["Statement"]] == [one["Effect"] for one in found["Statement"]]
    assert policy.compiled(back).statements[0].actions == policy.compiled(found).statements[0].actions
