"""Who runs and who waits: slots of snapshot copies, copies into air-gapped vaults, many copies of one resource."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """Source and target."""
    return Scene(server)


def running(scene: Scene, part: scenes.Json, count: int) -> Counter[str]:
    """The states of so many copies of different resources shortly after they were asked for."""
    for number in range(count):
        scene.start(scene.add(resource=f"r-{number}", **part))
    scene.server.control.advance("10s")
    return Counter(scene.states())


@pytest.mark.parametrize(
    ("part", "slots"),
    [
        pytest.param({"resource_type": "RDS", "key": "alias/data"}, 20, id="RDS"),
        pytest.param({"resource_type": "Aurora", "key": "alias/data"}, 20, id="Aurora"),
        pytest.param({"resource_type": "FSx", "key": "alias/data"}, 5, id="FSx"),
        pytest.param({"resource_type": "EBS", "key": "alias/data"}, 25, id="EBS has no documented limit"),
    ],
)
def test_snapshot_copies_have_slots_of_their_own(scene: Scene, part: scenes.Json, slots: int) -> None:
    """Per account and destination Region; who is beyond waits and gets through later."""
    found = running(scene, part, 25)
    scene.server.control.advance("10m")

    assert found["RUNNING"] == slots
    assert found["CREATED"] == 25 - slots
    assert Counter(scene.states()) == {"COMPLETED": 25}


@pytest.mark.parametrize(("kind", "slots"), [("EBS", 20), ("FSx", 5), ("Storage Gateway", 5), ("EFS", 25)])
def test_air_gapped_vaults_have_limits_of_their_own(scene: Scene, kind: str, slots: int) -> None:
    """20 for snapshots, 5 for FSx and Storage Gateway."""
    world = scenes.world()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7, "max_days": 400}, key=None)
    scene.server.control.load(world)
    part = {"resource_type": kind, "lifecycle": {"delete_after_days": 35}}
    found = running(scene, part if kind == "EFS" else part | {"key": "alias/data"}, 25)
    scene.server.control.advance("10m")
    (copy, *_) = scene.copies()

    assert found["RUNNING"] == slots
    assert Counter(scene.states()) == {"COMPLETED": 25}
    assert copy["RecoveryPointArn"].startswith(f"arn:aws:backup:{scenes.AWAY}:{scenes.TARGET}:recovery-point:")
    assert copy["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"


def test_many_copies_of_one_resource_wait_for_each_other(scene: Scene) -> None:
    """The quota of thirty makes nobody fail unless the world says so."""
    for day in range(33):
        scene.start(scene.add(age=f"{day}d"))
    scene.server.control.advance("1h")

    assert Counter(scene.states()) == {"COMPLETED": 33}


def test_the_thirty_first_copy_of_a_resource_fails_where_the_world_says_so(scene: Scene) -> None:
    """It fails at once; the thirty get through one by one, and other resources and Regions have room."""
    world = scenes.world()
    world["limits"] = {"beyond_resource": "fail"}
    scene.server.control.load(world)
    arn, other = scene.add(), scene.add(resource="fs-2")
    near = scenes.client(scene.server, "backup", scenes.SOURCE)
    near.create_backup_vault(BackupVaultName="near")
    jobs = [scene.start(arn) for _ in range(31)]
    inside = scene.start(arn, DestinationBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "near", scenes.HOME))
    beside = scene.start(other)
    scene.server.control.advance("10s")
    early = Counter(scene.states())
    late = scene.job(jobs[30])
    waiting = scene.start(arn)
    scene.server.control.advance("60s")
    again = scene.start(arn)
    scene.server.control.advance("1h")

    assert early == {"RUNNING": 2, "CREATED": 30, "FAILED": 1}
    assert (late["State"], late["MessageCategory"]) == ("FAILED", "CONCURRENT_JOB")
    assert late["StatusMessage"] == "There are too many copy jobs running for resource."
    assert scene.job(waiting)["State"] == "FAILED"
    assert {scene.job(one)["State"] for one in (*jobs[:30], inside, beside, again)} == {"COMPLETED"}
    assert not scene.server.state.queue.busy


def test_a_failure_before_running_gives_the_slot_back(scene: Scene) -> None:
    """Five that fail at once leave room for the sixth."""
    world = scenes.world()
    world["limits"] = {"fsx_copies_per_region": 1}
    scenes.target_vault(world)["policy"] = None
    scene.server.control.load(world)
    found = running(scene, {"resource_type": "FSx", "key": "alias/data"}, 6)

    assert found == {"FAILED": 6}


KINDS = ("EFS", "RDS", "FSx", "EBS")
LIMITS = {"copies_per_region": 2, "copies_per_vault": 1, "rds_copies_per_region": 2, "fsx_copies_per_region": 1}
SLOTS = {"EFS": 3, "RDS": 2, "FSx": 1, "EBS": 6}
COPIES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 40)), min_size=1, max_size=25)


@given(copies=COPIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_queues_never_run_too_much_and_never_stand_still(
    shared_server: SimulatorServer, copies: list[tuple[str, int, int]]
) -> None:
    """At every moment: one job per resource, no more than the slots of its kind; in the end all are through."""
    world = scenes.world()
    world["limits"] = LIMITS
    scenes.source_vault(world)["recovery_points"] = []
    shared_server.control.load(world)
    scene = Scene(shared_server)
    for kind, number, pause in copies:
        part = {} if kind == "EFS" else {"key": "alias/data"}
        scene.start(scene.add(resource_type=kind, resource=f"r-{number}", **part))
        shared_server.control.advance(pause)
        _check(scene)
    for _ in range(len(copies)):
        shared_server.control.advance("66s")
        _check(scene)
    queue = shared_server.state.queue

    assert set(scene.states()) == {"COMPLETED"}
    assert not queue.busy
    assert not any(queue.running.values())
    assert not any(queue.running_in_vault.values())


def _check(scene: Scene) -> None:
    jobs = scene.source.list_copy_jobs(ByState="RUNNING", MaxResults=1000)["CopyJobs"]
    assert all(count == 1 for count in Counter(job["ResourceArn"] for job in jobs).values())
    assert all(count <= SLOTS[kind] for kind, count in Counter(job["ResourceType"] for job in jobs).items())


def test_a_vault_that_goes_while_it_is_copied_into_keeps_no_slot(scene: Scene) -> None:
    """The slot that was taken is given back, although the vault's kind cannot be seen any more."""
    world = scenes.world()
    scenes.target_vault(world).update(air_gapped=True, lock={"min_days": 7, "max_days": 400}, key=None)
    scene.server.control.load(world)
    found = running(scene, {"resource_type": "EBS", "key": "alias/data", "lifecycle": {"delete_after_days": 35}}, 21)
    scene.target.delete_backup_vault(BackupVaultName="copies")
    scene.server.control.advance("10m")

    assert found == {"RUNNING": 20, "CREATED": 1}
    assert Counter(scene.states()) == {"FAILED": 21}
    assert not any(scene.server.state.queue.running.values())
