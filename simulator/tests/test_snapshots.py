"""Snapshots: keep a world, do something, bring it back, and do it again."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.transport import InProcess
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.records.state import RecoveryPoint
    from backup_simulator.server import SimulatorServer


class Busy(Scene):
    """A scene in process."""

    def __init__(self, opened: InProcess) -> None:
        self.opened = opened
        self.source = opened.client("backup", scenes.SOURCE, "admin", region=scenes.HOME, config=scenes.fast())
        self.target = opened.client("backup", scenes.TARGET, "admin", region=scenes.AWAY, config=scenes.fast())

    def story(self) -> list[Any]:
        """Jobs that end, fail, wait for each other; dice; new ids."""
        jobs = [self.start(), self.start()]
        self.opened.control.advance("20s")
        jobs.append(self.source.list_copy_jobs()["CopyJobs"])
        self.opened.control.advance("10m")
        without_metadata = [{**job} for job in self.source.list_copy_jobs()["CopyJobs"]]
        dice = [self.throttled() for _ in range(8)]
        return [*jobs, without_metadata, self.copies(), dice, self.opened.control.now()]

    def throttled(self) -> bool:
        """Whether a call is hit by a fault with dice."""
        try:
            self.source.list_backup_vaults()
        except self.source.exceptions.ClientError:
            return True
        return False


def test_many_recovery_points_are_kept_and_brought_back_quickly() -> None:
    """Each as it was; the garbage collector rests meanwhile, and is left as it was."""
    opened = InProcess(scenes.world())
    parts = [
        {"resource_type": "EBS", "resource": f"vol-{number}", "age": "3d", "lifecycle": {"delete_after_days": 35}}
        for number in range(30_000)
    ]
    opened.control.seed(scenes.SOURCE, scenes.HOME, "backups", parts)
    before, collected = _points(opened), []
    gc.callbacks.append(lambda phase, info: collected.append((phase, info)))
    try:
        started = time.process_time()
        opened.control.snapshot()
        opened.control.restore()
        spent = time.process_time() - started
    finally:
        gc.callbacks.pop()

    assert len(collected) < 10
    assert spent < 2
    assert _points(opened) == before
    assert _points(opened)[0] is not before[0]
    assert gc.isenabled()


def _points(opened: InProcess) -> list[RecoveryPoint]:
    return list(opened.control.vault(scenes.SOURCE, scenes.HOME, "backups").points.values())


def test_what_follows_a_restore_is_the_same_each_time() -> None:
    """Ids, states, dice, scheduled happenings, time."""
    scene = Busy(InProcess(scenes.world()))
    scene.start()
    scene.opened.control.advance("10s")
    scene.opened.control.faults.add("throttle", operation="ListBackupVaults", probability=0.5)
    scene.opened.control.snapshot()
    first = scene.story()
    scene.opened.control.restore()
    second = scene.story()
    scene.opened.control.restore()

    assert second == first
    assert scene.states() == ["RUNNING"]
    assert scene.opened.control.calls(mutating=True) == []


def test_a_restored_world_does_not_touch_the_snapshot() -> None:
    """Nor a reset, nor another world; a restore brings the world back that was loaded then."""
    scene = Busy(InProcess(scenes.world()))
    scene.source.create_backup_vault(BackupVaultName="kept")
    scene.opened.control.snapshot("before")
    other = scenes.world()
    scenes.source_vault(other)["name"] = "renamed"
    scene.opened.control.load(other)
    scene.opened.control.restore("before")
    names = [vault["BackupVaultName"] for vault in scene.source.list_backup_vaults()["BackupVaultList"]]
    scene.source.delete_backup_vault(BackupVaultName="kept")
    scene.opened.control.restore("before")

    assert names == ["backups", "kept"]
    assert len(scene.source.list_backup_vaults()["BackupVaultList"]) == 2
    scene.opened.control.reset()
    assert len(scene.source.list_backup_vaults()["BackupVaultList"]) == 1


def test_a_running_clock_goes_on_from_the_snapshot() -> None:
    """Not from real time."""
    opened = InProcess(scenes.world())
    kept = opened.control.snapshot()
    opened.control.freeze(False)
    opened.control.advance("1d")
    opened.control.restore(kept)

    assert opened.control.now() == kept.taken


def test_sessions_are_part_of_a_snapshot() -> None:
    """What was opened later is unknown after the restore."""
    opened = InProcess(scenes.world())
    opened.control.snapshot()
    operator = opened.client("sts", scenes.TOOLS, "operator", region=scenes.HOME)
    role = f"arn:aws:iam::{scenes.TARGET}:role/operator"
    given = operator.assume_role(RoleArn=role, RoleSessionName="test", ExternalId=scenes.EXTERNAL_ID)["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = opened.client_with("sts", *keys, region_name=scenes.HOME)
    session.get_caller_identity()
    opened.control.restore()

    with scenes.refused() as refusal:
        session.get_caller_identity()
    assert refusal.code == "InvalidClientTokenId"


def test_snapshots_are_taken_and_restored_over_http(server: SimulatorServer) -> None:
    """By name; what there is not is told."""
    taken = scenes.control(server, "POST", "snapshot", {"name": "fresh"}).json
    Scene(server).start()
    listed = scenes.control(server, "GET", "snapshot").json["snapshots"]
    answer = scenes.control(server, "POST", "restore", {"name": "fresh"})
    missing = scenes.control(server, "POST", "restore", {"name": "nothing"})

    assert taken in listed
    assert answer.status == 200
    assert Scene(server).states() == []
    assert missing.status == 400
    assert "no snapshot 'nothing'; there are " in missing.json["error"]


def test_only_a_name_is_taken() -> None:
    """Nothing is accepted and ignored."""
    with pytest.raises(LookupError, match="none"):
        InProcess(scenes.world()).control.restore()


def test_policies_of_every_type_come_back() -> None:
    """Those of services, of resources, and those of tags, which have no statements."""
    world = scenes.world()
    tags = {"tags": {"team": {"tag_value": {"@@assign": ["shop"]}}}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    for kind, document in (
        ("control_policies", scenes.allow("*")),
        ("resource_control_policies", scenes.policy(deny)),
        ("tag_policies", tags),
    ):
        world["organization"][kind] = [{"id": "p-12345678" + kind[0], "name": kind, "document": document}]
        world["organization"][kind][0]["targets"] = ["root"]
    opened = InProcess(world)
    client = opened.client("organizations", scenes.PAYER, "admin", region="us-east-1", config=scenes.fast())
    kinds = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY")

    def contents() -> list[str]:
        found = [one["Id"] for kind in kinds for one in client.list_policies(Filter=kind)["Policies"]]
        return [client.describe_policy(PolicyId=name)["Policy"]["Content"] for name in found]

    before = contents()
    opened.control.snapshot()
    opened.control.restore()

    assert contents() == before
    assert scenes.text(tags) in before
