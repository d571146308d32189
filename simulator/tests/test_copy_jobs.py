"""Copy jobs that go well: their states, what they leave, how they queue, how they are listed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


@pytest.fixture
def scene(server: SimulatorServer) -> Scene:
    """A world in which copies work."""
    return Scene(server)


def test_a_job_goes_through_its_states_on_the_virtual_clock(scene: Scene) -> None:
    """CREATED for 5 s, RUNNING for 60 s, COMPLETED at 65 s exactly."""
    job_id = scene.start()
    seen = [scene.job(job_id)["State"]]
    for seconds in (4.9, 0.2, 59.8, 0.2):
        scene.server.control.advance(seconds)
        seen.append(scene.job(job_id)["State"])
    job = scene.job(job_id)

    assert seen == ["CREATED", "CREATED", "RUNNING", "RUNNING", "COMPLETED"]
    assert (job["CompletionDate"] - job["CreationDate"]).total_seconds() == 65
    assert job["MessageCategory"] == "SUCCESS"
    assert "StatusMessage" not in job
    assert job_id == job_id.upper()


def test_a_started_job_answers_three_members(scene: Scene) -> None:
    """CopyJobId, CreationDate, IsParent."""
    answer = scene.source.start_copy_job(
        RecoveryPointArn=scene.points()[0]["RecoveryPointArn"],
        SourceBackupVaultName="backups",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )

    assert set(answer) - {"ResponseMetadata"} == {"CopyJobId", "CreationDate", "IsParent"}
    assert answer["IsParent"] is False


def test_nothing_is_at_the_destination_before_the_end(scene: Scene) -> None:
    """The copy appears when the job is COMPLETED, and its ARN with it."""
    job_id = scene.start()
    scene.server.control.advance(60)
    early, running = scene.copies(), scene.job(job_id)
    scene.server.control.advance(10)

    assert early == []
    assert "DestinationRecoveryPointArn" not in running
    assert [point["RecoveryPointArn"] for point in scene.copies()] == [scene.job(job_id)["DestinationRecoveryPointArn"]]


def test_a_copy_keeps_what_the_source_is(scene: Scene) -> None:
    """Creation date and resource are the source's; key, vault and completion are its own."""
    scene.start()
    scene.server.control.advance("2m")
    source, copy = scene.points()[0], scene.copies()[0]

    for member in ("CreationDate", "ResourceArn", "ResourceType", "BackupSizeInBytes", "ResourceName"):
        assert copy[member] == source[member]
    assert copy["RecoveryPointArn"] != source["RecoveryPointArn"]
    assert copy["SourceBackupVaultArn"] == source["BackupVaultArn"]
    assert copy["BackupVaultArn"] == scenes.vault_arn()
    assert copy["EncryptionKeyArn"].split(":")[3:5] == [scenes.AWAY, scenes.TARGET]
    assert copy["CompletionDate"] > source["CompletionDate"]
    assert copy["IamRoleArn"] == f"arn:aws:iam::{scenes.TARGET}:role/{scenes.SERVICE_LINKED}"


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        pytest.param("EBS", "arn:aws:ec2:eu-central-1::snapshot/snap-", id="EBS"),
        pytest.param("RDS", f"arn:aws:rds:eu-central-1:{scenes.TARGET}:snapshot:awsbackup:copyjob-", id="RDS"),
        pytest.param(
            "Aurora", f"arn:aws:rds:eu-central-1:{scenes.TARGET}:cluster-snapshot:awsbackup:copyjob-", id="Aurora"
        ),
        pytest.param("FSx", f"arn:aws:fsx:eu-central-1:{scenes.TARGET}:backup/backup-", id="FSx"),
        pytest.param("S3", f"arn:aws:backup:eu-central-1:{scenes.TARGET}:recovery-point:", id="S3"),
        pytest.param("DynamoDB", f"arn:aws:backup:eu-central-1:{scenes.TARGET}:recovery-point:", id="DynamoDB"),
    ],
)
def test_copies_have_arns_of_their_type(scene: Scene, kind: str, form: str) -> None:
    """The destination's Region and account, `copyjob-` for RDS and its relatives."""
    scene.start(scene.add(resource_type=kind, resource="r-1", key="alias/data"))
    scene.server.control.advance("2m")

    assert scene.copies()[0]["RecoveryPointArn"].startswith(form)


@pytest.mark.parametrize("kind", ["Aurora", "DocumentDB", "Neptune"])
def test_unencrypted_clusters_stay_unencrypted(scene: Scene, kind: str) -> None:
    """All other types take the destination vault's key."""
    scene.start(scene.add(resource_type=kind, resource="c-1"))
    scene.start(scene.add(resource_type="RDS", resource="d-1"))
    scene.server.control.advance("2m")
    encrypted = {point["ResourceType"]: point["IsEncrypted"] for point in scene.copies()}

    assert encrypted == {kind: False, "RDS": True}


LIFECYCLES = [
    pytest.param(None, {"delete_after_days": 35}, 35, id="none asked follows the source"),
    pytest.param({"DeleteAfterDays": 365}, {"delete_after_days": 35}, 365, id="an own one"),
    pytest.param({"DeleteAfterDays": -1}, {"delete_after_days": 35}, 35, id="minus one inherits the source's expiry"),
    pytest.param({"DeleteAfterDays": -1}, {}, None, id="minus one of a source without expiry is for ever"),
    pytest.param(None, {}, None, id="no lifecycle anywhere"),
]


@pytest.mark.parametrize(("asked", "source", "days"), LIFECYCLES)
def test_retention_counts_from_the_sources_creation(
    scene: Scene, asked: scenes.Json | None, source: scenes.Json, days: int | None
) -> None:
    """A three days old point with 35 days of retention has 32 days left as a copy."""
    arn = scene.add(age="3d", lifecycle=source)
    scene.start(arn, **({"Lifecycle": asked} if asked else {}))
    scene.server.control.advance("2m")
    copy = scene.copies()[0]

    if days is None:
        assert "CalculatedLifecycle" not in copy
    else:
        assert copy["CalculatedLifecycle"]["DeleteAt"] == copy["CreationDate"] + dt.timedelta(days=days)
        assert copy["Lifecycle"]["DeleteAfterDays"] == days


def test_tags_travel_with_the_copy(scene: Scene) -> None:
    """StartCopyJob has no tags of its own."""
    scene.start(scene.add(tags={"team": "orders"}))
    scene.server.control.advance("2m")

    assert scene.target.list_tags(ResourceArn=scene.copies()[0]["RecoveryPointArn"])["Tags"] == {"team": "orders"}


def test_a_copy_inside_the_account_needs_no_vault_policy(scene: Scene) -> None:
    """Neither organization nor toggle nor vault policy matter there."""
    scenes.client(scene.server, "backup", scenes.SOURCE, region=scenes.AWAY).create_backup_vault(BackupVaultName="near")
    job_id = scene.start(scene.add(), DestinationBackupVaultArn=scenes.vault_arn(scenes.SOURCE, "near", scenes.AWAY))
    scene.server.control.advance("2m")

    assert scene.job(job_id)["State"] == "COMPLETED"


def test_a_copy_can_be_copied_back(scene: Scene) -> None:
    """The destination account starts it, and the copy of the copy still has the first creation date."""
    changed = scenes.world()
    scenes.source_vault(changed)["policy"] = scenes.may_copy({"AWS": scenes.TARGET})
    copier = scenes.role("copier", trust={"services": ["backup.amazonaws.com"]})
    scenes.account(changed, scenes.TARGET)["roles"].append(copier)
    scene.server.control.load(changed)
    original = scene.points()[0]
    scene.start()
    scene.server.control.advance("2m")
    scene.target.start_copy_job(
        RecoveryPointArn=scene.copies()[0]["RecoveryPointArn"],
        SourceBackupVaultName="copies",
        DestinationBackupVaultArn=original["BackupVaultArn"],
        IamRoleArn=scenes.COPIER.replace(scenes.SOURCE, scenes.TARGET),
    )
    scene.server.control.advance("2m")
    returned = scene.points()[1]

    assert returned["SourceBackupVaultArn"] == scenes.vault_arn()
    assert returned["CreationDate"] == original["CreationDate"]
    assert returned["ResourceArn"] == original["ResourceArn"]


def test_the_same_token_gives_the_same_job(scene: Scene) -> None:
    """Also with other parameters, and only one copy comes of it."""
    first = scene.start(IdempotencyToken="once")
    again = scene.start(IdempotencyToken="once")
    scene.server.control.advance("2m")
    later = scene.start(scene.add(), IdempotencyToken="once")

    assert first == again == later
    assert len(scene.copies()) == 1


def test_a_token_is_forgotten_after_a_day(scene: Scene) -> None:
    """Its lifetime is not documented; the simulator's default is the strict one."""
    first = scene.start(IdempotencyToken="once")
    scene.server.control.advance("25h")

    assert scene.start(IdempotencyToken="once") != first


def test_tokens_belong_to_account_and_region(scene: Scene) -> None:
    """Another Region does not know it."""
    scene.start(IdempotencyToken="once")
    other = scenes.client(scene.server, "backup", scenes.SOURCE, region=scenes.AWAY)
    with scenes.refused() as refusal:
        other.start_copy_job(
            RecoveryPointArn="arn:aws:ec2:eu-central-1::snapshot/snap-1",
            SourceBackupVaultName="backups",
            DestinationBackupVaultArn=scenes.vault_arn(),
            IamRoleArn=scenes.COPIER,
            IdempotencyToken="once",
        )

    assert refusal.code == "AccessDeniedException"


def test_one_resource_is_copied_once_at_a_time(scene: Scene) -> None:
    """The second job waits in CREATED until the first has ended."""
    for age in ("1d", "2d", "3d"):
        scene.start(scene.add(age=age))
    scene.server.control.advance(10)
    first = scene.states()
    scene.server.control.advance(60)
    second = scene.states()
    scene.server.control.advance(120)

    assert first == ["RUNNING", "CREATED", "CREATED"]
    assert second == ["COMPLETED", "RUNNING", "CREATED"]
    assert scene.states() == ["COMPLETED"] * 3


def test_different_resources_are_copied_side_by_side(scene: Scene) -> None:
    """Nothing waits."""
    for number in range(5):
        scene.start(scene.add(resource=f"fs-{number}"))
    scene.server.control.advance(10)

    assert scene.states() == ["RUNNING"] * 5


def test_copies_of_an_account_share_slots_per_region(scene: Scene) -> None:
    """Beyond the limit jobs wait in CREATED; as slots come free they run."""
    changed = scenes.world() | {"limits": {"copies_per_region": 3, "copies_per_vault": 2}}
    scene.server.control.load(changed)
    for number in range(6):
        scene.start(scene.add(resource=f"fs-{number}"))
    scene.server.control.advance(10)
    first = scene.states()
    scene.server.control.advance(60)
    second = scene.states()
    scene.server.control.advance(60)

    assert first == ["RUNNING"] * 3 + ["CREATED"] * 3
    assert second == ["COMPLETED"] * 3 + ["RUNNING"] * 3
    assert scene.states() == ["COMPLETED"] * 6


def test_a_hundred_copies_run_and_the_next_waits(scene: Scene) -> None:
    """AWS's number for fully managed types."""
    for number in range(101):
        scene.start(scene.add(resource=f"fs-{number}"))
    scene.server.control.advance(10)

    assert scene.states().count("RUNNING") == 100


def test_types_that_are_not_fully_managed_take_no_slot(scene: Scene) -> None:
    """The quota's footnote."""
    scene.server.control.load(scenes.world() | {"limits": {"copies_per_region": 1, "copies_per_vault": 1}})
    for number in range(4):
        scene.start(scene.add(resource_type="EBS", resource=f"vol-{number}", key="alias/data"))
    scene.server.control.advance(10)

    assert scene.states() == ["RUNNING"] * 4


def test_durations_may_differ_by_type(scene: Scene) -> None:
    """running_by_type in the world."""
    scene.server.control.load(scenes.world() | {"durations": {"running": "1m", "running_by_type": {"EBS": "1h"}}})
    scene.start()
    scene.start(scene.add())
    scene.server.control.advance("2m")

    assert scene.states() == ["RUNNING", "COMPLETED"]


def test_history_is_gone_after_thirty_days(scene: Scene) -> None:
    """Neither described nor listed; the copy stays."""
    job_id = scene.start()
    scene.server.control.advance("29d")
    known = scene.states()
    scene.server.control.advance("2d")
    with scenes.refused() as refusal:
        scene.job(job_id)

    assert known == ["COMPLETED"]
    assert refusal.code == "ResourceNotFoundException"
    assert scene.states() == []
    assert len(scene.copies()) == 1


def test_the_other_accounts_and_regions_do_not_see_a_job(scene: Scene) -> None:
    """A job belongs to the account and Region that started it."""
    job_id = scene.start()
    for client in (scene.target, scenes.client(scene.server, "backup", scenes.SOURCE, region=scenes.AWAY)):
        with scenes.refused() as refusal:
            client.describe_copy_job(CopyJobId=job_id)

        assert refusal.code == "ResourceNotFoundException"
        assert client.list_copy_jobs()["CopyJobs"] == []


@pytest.fixture
def history(scene: Scene) -> Scene:
    """One completed EBS job, one failed EFS job an hour later, one running EFS job two hours later."""
    scene.start()
    scene.server.control.advance("1h")
    scene.server.control.order(
        "FAILED", resource="fs-bad", message="An internal error occurred.", category="FATAL_ERROR"
    )
    scene.start(scene.add(resource="fs-bad"))
    scene.server.control.advance("1h")
    scene.start(scene.add(resource="fs-good"))
    scene.server.control.advance(10)
    return scene


T0 = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
LISTS = [
    pytest.param({}, ["COMPLETED", "FAILED", "RUNNING"], id="no filter"),
    pytest.param({"ByState": "FAILED"}, ["FAILED"], id="state"),
    pytest.param({"ByState": "PARTIAL"}, [], id="a state nobody is in"),
    pytest.param({"ByResourceType": "EFS"}, ["FAILED", "RUNNING"], id="type"),
    pytest.param({"ByResourceType": "SAP HANA on Amazon EC2"}, [], id="a type with spaces"),
    pytest.param(
        {"ByResourceArn": f"arn:aws:ec2:eu-west-1:{scenes.SOURCE}:volume/vol-1"}, ["COMPLETED"], id="resource"
    ),
    pytest.param({"ByDestinationVaultArn": scenes.vault_arn()}, ["COMPLETED", "FAILED", "RUNNING"], id="destination"),
    pytest.param({"ByDestinationVaultArn": scenes.vault_arn(name="no")}, [], id="another destination"),
    pytest.param({"ByCreatedAfter": T0 + dt.timedelta(minutes=30)}, ["FAILED", "RUNNING"], id="created after"),
    pytest.param({"ByCreatedBefore": T0 + dt.timedelta(minutes=30)}, ["COMPLETED"], id="created before"),
    pytest.param({"ByCompleteAfter": T0 + dt.timedelta(minutes=30)}, ["FAILED"], id="completed after"),
    pytest.param({"ByCompleteBefore": T0 + dt.timedelta(minutes=30)}, ["COMPLETED"], id="completed before"),
    pytest.param({"ByAccountId": scenes.SOURCE}, ["COMPLETED", "FAILED", "RUNNING"], id="own account"),
    pytest.param({"ByAccountId": scenes.TARGET}, [], id="another account"),
    pytest.param({"ByMessageCategory": "SUCCESS"}, ["COMPLETED"], id="category of success"),
    pytest.param({"ByMessageCategory": "FATAL_ERROR"}, ["FAILED"], id="category of a failure"),
    pytest.param({"ByParentJobId": "none"}, [], id="parent"),
    pytest.param({"ByState": "FAILED", "ByResourceType": "EBS"}, [], id="two filters"),
]


@pytest.mark.parametrize(("filters", "states"), LISTS)
def test_jobs_are_listed_by_every_filter(history: Scene, filters: scenes.Json, states: list[str]) -> None:
    """Filters are joined by AND."""
    assert [job["State"] for job in history.source.list_copy_jobs(**filters)["CopyJobs"]] == states


def test_jobs_are_found_by_their_source_point(history: Scene) -> None:
    """What an operator looks up before it starts a copy."""
    arn = history.points()[0]["RecoveryPointArn"]
    found = history.source.list_copy_jobs(BySourceRecoveryPointArn=arn)["CopyJobs"]

    assert [job["SourceRecoveryPointArn"] for job in found] == [arn]


def test_jobs_are_listed_in_pages(history: Scene) -> None:
    """The paginator of botocore gets every job once."""
    pages = list(history.source.get_paginator("list_copy_jobs").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["CopyJobs"]) for page in pages] == [2, 1]


def test_the_management_account_sees_the_jobs_of_its_members(scene: Scene) -> None:
    """By account id; a member sees nothing of another's."""
    job_id = scene.start()
    payer = scenes.client(scene.server, "backup", scenes.PAYER)
    tools = scenes.client(scene.server, "backup", scenes.TOOLS)

    assert [job["CopyJobId"] for job in payer.list_copy_jobs(ByAccountId=scenes.SOURCE)["CopyJobs"]] == [job_id]
    assert payer.list_copy_jobs()["CopyJobs"] == []
    assert tools.list_copy_jobs(ByAccountId=scenes.SOURCE)["CopyJobs"] == []


def test_the_jobs_of_an_organization_are_listed_in_pages(scene: Scene) -> None:
    """With `*`: every job once and in order of creation, although the accounts took turns."""
    world = scenes.world()
    parts = {name: scenes.account(world, scenes.SOURCE)[name] for name in ("roles", "keys", "vaults")}
    scenes.account(world, scenes.TOOLS).update(parts)
    scene.server.control.load(world)
    tools, tools_role = Scene(scene.server), scenes.COPIER.replace(scenes.SOURCE, scenes.TOOLS)
    tools.source = scenes.client(scene.server, "backup", scenes.TOOLS)
    started = [scene.start() if turn % 2 else tools.start(IamRoleArn=tools_role) for turn in range(5)]
    pages = scenes.client(scene.server, "backup", scenes.PAYER).get_paginator("list_copy_jobs")

    found = pages.paginate(ByAccountId="*", PaginationConfig={"PageSize": 2}).search("CopyJobs[].CopyJobId")

    assert list(found) == started
