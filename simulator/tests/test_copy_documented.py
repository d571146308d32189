"""Every row of what AWS documents about failed copies is brought about, with its text and category.

Rows whose cause lies in the world have a case here; those whose cause is AWS's own are ordered as outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.services.backup.copies import rules as copy_rules
from backup_simulator.services.backup.copies import texts
from simulator_kit import changes, scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

Change = Any
EBS = {"resource_type": "EBS", "resource": "vol-1", "key": "alias/data"}
AIR_GAPPED = {"air_gapped": True, "lock": {"min_days": 7, "max_days": 400}, "key": None}
ONLY_BACKUP = ("backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "kms:*")


@dataclass(frozen=True, slots=True)
class Case:
    """A world, the recovery point that is copied in it, and what happens while it is."""

    part: scenes.Json = field(default_factory=lambda: dict(EBS))
    change: Callable[[scenes.Json], None] | None = None
    start: Callable[[Scene], scenes.Json] | None = None
    meanwhile: Callable[[Scene], None] | None = None


def _copier_may(*actions: str) -> Callable[[scenes.Json], None]:
    return changes.with_copier(policies=[scenes.allow(*ONLY_BACKUP, *actions)])


def _target(**part: Any) -> Callable[[scenes.Json], None]:
    def change(world: scenes.Json) -> None:
        scenes.target_vault(world).update(part)

    return change


def _default_vault(world: scenes.Json) -> None:
    _target(name="Default")(world)


def _into_default(_scene: Scene) -> scenes.Json:
    return {"DestinationBackupVaultArn": scenes.vault_arn(name="Default")}


def _closed_source_key(world: scenes.Json) -> None:
    del scenes.account(world, scenes.SOURCE)["keys"][0]["policy"]


def _closed_target_key(world: scenes.Json) -> None:
    somebody = {"AWS": f"arn:aws:iam::{scenes.TARGET}:user/admin"}
    statement = {"Effect": "Allow", "Principal": somebody, "Action": "kms:*", "Resource": "*"}
    scenes.account(world, scenes.TARGET)["keys"][0]["policy"] = scenes.policy(statement)


def _delete_key(scene: Scene) -> scenes.Json:
    kms = scenes.client(scene.server, "kms", scenes.SOURCE)
    key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    scene.server.control.advance("8d")
    return {}


def _images_of_others(world: scenes.Json) -> None:
    scenes.account(world, scenes.TARGET)["allowed_amis"] = ["amazon"]


def _nobody_waits(world: scenes.Json) -> None:
    world["limits"] = {"beyond_resource": "fail"}


def _thirty_copies(scene: Scene) -> scenes.Json:
    """One of the same resource is at it, the others wait."""
    for _ in range(30):
        scene.start()
    return {}


def _delete_point(scene: Scene) -> None:
    arn = scene.points()[-1]["RecoveryPointArn"]
    scene.source.delete_recovery_point(BackupVaultName="backups", RecoveryPointArn=arn)


def _delete_role(scene: Scene) -> None:
    """In the middle of the copy."""
    scene.server.control.advance("10s")
    with scene.server.simulator.lock:
        role = scene.server.state.accounts[scenes.SOURCE].roles.pop("copier")
        scene.server.state.anchors.pop(role.unique_id)


IMAGE = {"resource_type": "EC2", "resource": "i-1", "key": "alias/data"}
DATABASE = {"resource_type": "RDS", "resource": "db-1", "key": "alias/data"}
GATEWAY = {"resource_type": "Storage Gateway", "resource": "vol-9", "key": "alias/data"}
MANY_TAGS = {f"tag-{number}": "x" for number in range(51)}

CASES: dict[str, Case] = {
    "vault policy or role": Case(change=changes.with_policy(None)),
    "service permission": Case(change=_copier_may("ec2:DescribeTags")),
    "tags hidden": Case(change=_copier_may("ec2:ModifySnapshotAttribute")),
    "role untrusting": Case(change=changes.with_copier(trust={"services": ["ec2.amazonaws.com"]})),
    "organization": Case(change=changes.outside),
    "aws/backup at the destination": Case(change=changes.service_key),
    "default vault": Case(change=_default_vault, start=_into_default),
    "managed key of a snapshot": Case(part=DATABASE | {"key": "aws/rds"}),
    "managed key of EBS": Case(part=EBS | {"key": "aws/ebs"}),
    "Marketplace image": Case(part=IMAGE | {"marketplace": True}),
    "too many copies": Case(change=_nobody_waits, start=_thirty_copies),
    "toggle": Case(change=changes.toggle_off),
    "vault lock": Case(change=changes.lock(max_days=30)),
    "key state": Case(change=changes.key_state(scenes.SOURCE, 0, "PendingDeletion")),
    "key closed": Case(change=_closed_source_key),
    "key of an image": Case(part=IMAGE, change=_closed_source_key),
    "key of RDS": Case(part=DATABASE, change=_closed_source_key),
    "target key of RDS": Case(part=DATABASE, change=_closed_target_key),
    "key deleted": Case(start=_delete_key),
    "recovery point deleted": Case(meanwhile=_delete_point),
    "image not allowed": Case(part=IMAGE, change=_images_of_others),
    "too many tags": Case(part=EBS | {"tags": MANY_TAGS}),
    "Storage Gateway": Case(part=GATEWAY, change=changes.service_key),
    "combination of type and Region": Case(part={"resource_type": "CloudFormation", "resource": "shop"}),
    "type without copies": Case(part={"resource_type": "Redshift", "resource": "shop"}),
    "air-gapped vault": Case(part=DATABASE, change=_target(**AIR_GAPPED)),
    "option group": Case(part=DATABASE | {"options": ["TDE"]}),
    "role deleted while copying": Case(meanwhile=_delete_role),
}


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """Source and target."""
    return Scene(server)


def finished(scene: Scene, job_id: str) -> scenes.Json:
    """The job when everything is over."""
    scene.server.control.advance("5m")
    return scene.job(job_id)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in texts.DOCUMENTED if row.rule])
def test_a_documented_failure_is_brought_about(scene: Scene, row: texts.Documented) -> None:
    """By a world that has its cause; the text is AWS's, the category is AWS's."""
    case, world = CASES[row.name], scenes.world()
    scenes.source_vault(world)["recovery_points"] = []
    if case.change:
        case.change(world)
    scene.server.control.load(world)
    arn = scene.add(**case.part)
    more = case.start(scene) if case.start else {}
    job_id = scene.start(arn, **more)
    if case.meanwhile:
        case.meanwhile(scene)
    job = finished(scene, job_id)

    assert (job["State"], job["MessageCategory"]) == (row.ending, row.category)
    assert (row.text in job["StatusMessage"]) if row.fragment else (row.text == job["StatusMessage"])


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in texts.DOCUMENTED if not row.rule])
def test_a_failure_of_the_service_is_ordered(scene: Scene, row: texts.Documented) -> None:
    """In the world file; nothing that a user does brings these about."""
    world = scenes.world()
    order = {"state": row.ending, "message": row.text, "category": row.category}
    world["outcomes"] = [order]
    scene.server.control.load(world)
    job = finished(scene, scene.start())

    assert (job["State"], job["MessageCategory"], job["StatusMessage"]) == (row.ending, row.category, row.text)
    assert len(scene.copies()) == (row.ending == "COMPLETED")


def test_every_documented_row_has_a_case() -> None:
    """And no case is for a row that is not there."""
    assert set(CASES) == {row.name for row in texts.DOCUMENTED if row.rule}


def test_every_row_names_a_rule_that_exists() -> None:
    """`role gone` alone is no rule: the job completes."""
    rules = {rule.name: rule.code for rule in copy_rules.RULES}
    rows = [row for row in texts.DOCUMENTED if row.rule and row.rule != "role gone"]

    assert {row.rule for row in rows} <= set(rules)
    assert [row.name for row in rows if row.rule and rules[row.rule] != row.category] == []


def test_every_category_of_copies_has_a_row() -> None:
    """Those of backups alone are left out (VSS_ERROR, JOB_EXPIRED, ACCESS_KEY_ERROR, HYPERVISOR_OFFLINE)."""
    assert {row.category for row in texts.DOCUMENTED} == {
        "ACCESS_DENIED",
        "CONCURRENT_JOB",
        "FATAL_ERROR",
        "FEATURE_NOT_ENABLED",
        "INVALID_LIFECYCLE",
        "INVALID_STATE",
        "KMS_KEY_ERROR",
        "LIMIT_EXCEEDED",
        "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED",
        "MISCELLANEOUS",
        "RESOURCE_NOT_FOUND",
        "RESOURCE_NOT_SUPPORTED",
        "TAG_COPY_ERROR",
        "TOKEN_EXPIRED",
        "UNSUPPORTED_OPERATION",
    }


# The fourteen preconditions of a copy to another account, and the row (or the refusal) that shows it.
PRECONDITIONS = {
    1: "organization",
    2: "toggle",
    3: "vault policy or role",
    4: "service permission",
    5: "aws/backup at the destination",
    6: "managed key of EBS",
    7: "key closed",
    8: "recovery point cold",
    9: "recovery point continuous",
    10: "vault lock",
    11: "combination of type and Region",
    12: "too many tags",
    13: "image not allowed",
    14: "role deleted while copying",
}


def test_every_precondition_is_shown() -> None:
    """By a case of this file, or by a rule that StartCopyJob itself applies."""
    shown = set(CASES) | {rule.name for rule in copy_rules.RULES}

    assert sorted(PRECONDITIONS) == list(range(1, 15))
    assert set(PRECONDITIONS.values()) <= shown
