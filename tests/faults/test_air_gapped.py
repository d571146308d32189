"""A logically air-gapped destination, against a simulated AWS: made, waited for, filled; and who may have one made."""

from __future__ import annotations

from tests.kit import stage as scene
from tests.kit.stage import Json, Stage

ONE = (
    {"resource_type": "EFS", "resource": "fs-1", "age": "1d"},
    {"resource_type": "RDS", "resource": "db", "age": "1d"},
)
VAULT = {
    "name": "orders-vault",
    "create": True,
    "kind": "LogicallyAirGapped",
    "minRetentionDays": 7,
    "maxRetentionDays": 365,
}
SPEC = scene.destination(vault=VAULT, lifecycle={"deleteAfterDays": 30})


def world() -> Json:
    """Return a world whose destination role may make such vaults, with a file system and a database."""
    made = scene.world(*ONE)
    statements = scene.role(made, scene.BACKUP, "crossvault-destination")["policies"][0]["Statement"]
    action = "backup:CreateLogicallyAirGappedBackupVault"
    statements.append({"Sid": "AirGapped", "Effect": "Allow", "Action": action, "Resource": "*"})
    return made


def test_one_is_made_and_filled(stage: Stage) -> None:
    """Once, with its bounds, on a key of AWS; what cannot enter it is ineligible, and nothing is tried in vain."""
    stage.begin(world())
    stage.declare(destinations=[SPEC])
    stage.look()
    assert scene.row(stage.body, "DestinationVault") in {("Unmet", "VaultNotReady"), ("Met", "AllMet")}
    for _ in range(5):
        stage.later("1m")
        stage.look()
    made = stage.admin().describe_backup_vault(BackupVaultName="orders-vault")

    assert (made["MinRetentionDays"], made["MaxRetentionDays"]) == (7, 365)
    assert made["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
    assert len(stage.control.calls(operation="CreateLogicallyAirGappedBackupVault")) == 1
    assert not stage.control.calls(operation="CreateBackupVault")
    assert sum(stage.copies("orders-vault").values()) == 1
    assert sum(stage.jobs().values()) == 1
    assert scene.numbers(stage.body)["ineligible"] == 1


def test_a_namespace_has_none_made_unless_it_was_granted(stage: Stage) -> None:
    """What lies in one can be deleted by nobody: to let somebody fill it is a decision."""
    stage.begin(world())
    grant = {"namespaces": {"names": ["orders"]}, "as": ["Destination"], "vaults": ["*"], "keys": ["*"]}
    granting(stage, grant)
    stage.declare(destinations=[SPEC])
    stage.look()
    refused = scene.condition(stage.body)
    granting(stage, {**grant, "airGappedVaults": True})
    stage.look()

    assert refused == ("False", "AccountNotFound")
    assert len(stage.control.calls(operation="CreateLogicallyAirGappedBackupVault")) == 1


def granting(stage: Stage, grant: Json) -> None:
    """Have the destination's account be used by one grant alone."""
    role = "crossvault-destination"
    stage.declared["dr"] = scene.backup_account("dr", scene.BACKUP, role, allowedNamespaces={}, grants=[grant])
