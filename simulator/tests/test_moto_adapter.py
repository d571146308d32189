"""Services with resources to back up: created through moto, judged, counted and found by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator.moto_adapter import mount
from backup_simulator.records import resources
from backup_simulator.server import client
from backup_simulator.transport import InProcess
from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

KEPT = [{"Key": "backup", "Value": "true"}]
OBSERVER = {
    "name": "observer",
    "access_key": {"id": "AKIAOBSERVER00000001", "secret": "observer-secret"},
    "policies": [scenes.allow("ec2:DescribeVolumes")],
}
BACKUPS = f"arn:aws:iam::{scenes.SOURCE}:role/backups"
BACKER = scenes.role("backups", trust={"services": ["backup.amazonaws.com"]})


@pytest.fixture
def aws(server: SimulatorServer) -> SimulatorServer:
    """A world in which the source account also has a user who may only look."""
    world = scenes.world()
    source = next(each for each in world["accounts"] if each["id"] == scenes.SOURCE)
    source["users"] = [*source["users"], OBSERVER]
    source["roles"] = [*source["roles"], BACKER]
    server.control.load(world)
    return server


def _admin(aws: SimulatorServer, service: str, account: str = scenes.SOURCE, region: str = scenes.HOME) -> Any:
    key = scenes.admin(account)["access_key"]
    return client(service, aws.url, key["id"], key["secret"], region_name=region)


def _known(aws: SimulatorServer, account: str = scenes.SOURCE) -> dict[str, dict[str, str]]:
    with aws.simulator.lock:
        return {
            each.resource_type: each.tags
            for each in resources.listed(aws.state, account, scenes.HOME)
            if each.adopted is not None
        }


def test_resources_of_many_services_are_created_and_found_by_tag(aws: SimulatorServer) -> None:
    """A volume, a database, a table, a file system and a bucket can be selected by their tags."""
    ec2, efs = _admin(aws, "ec2"), _admin(aws, "efs")
    tags = [{"ResourceType": "volume", "Tags": KEPT}]
    ec2.create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=10, TagSpecifications=tags)
    _admin(aws, "rds").create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="a-password",
        Tags=KEPT,
    )
    efs.create_file_system(CreationToken="files", Tags=KEPT)

    assert _known(aws) == {kind: {"backup": "true"} for kind in ("EBS", "RDS", "EFS")}
    assert _known(aws, scenes.TARGET) == {}


def test_accounts_and_regions_are_apart(aws: SimulatorServer) -> None:
    """The account is that of the credentials, not one of moto's own."""
    _admin(aws, "dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    assert _admin(aws, "dynamodb").list_tables()["TableNames"] == ["orders"]
    assert _admin(aws, "dynamodb", scenes.TARGET).list_tables()["TableNames"] == []
    assert _admin(aws, "dynamodb", region=scenes.AWAY).list_tables()["TableNames"] == []


def test_a_deleted_resource_is_gone_and_tags_follow(aws: SimulatorServer) -> None:
    """What the other service changes is seen here."""
    ec2 = _admin(aws, "ec2")
    tags = [{"ResourceType": "volume", "Tags": KEPT}]
    volume = ec2.create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=10, TagSpecifications=tags)["VolumeId"]
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "backup", "Value": "no"}])
    assert _known(aws) == {"EBS": {"backup": "no"}}
    ec2.delete_volume(VolumeId=volume)

    assert _known(aws) == {}


def test_a_caller_without_the_right_is_denied(aws: SimulatorServer) -> None:
    """Our gate stands before moto, in the protocol of the service."""
    key = OBSERVER["access_key"]
    assert isinstance(key, dict)
    observer = client("ec2", aws.url, key["id"], key["secret"], region_name=scenes.HOME)

    assert observer.describe_volumes()["Volumes"] == []
    with pytest.raises(ClientError) as refused:
        observer.create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=1)
    assert refused.value.response["Error"]["Code"] == "UnauthorizedOperation"
    assert "ec2:CreateVolume" in refused.value.response["Error"]["Message"]


def test_an_unknown_key_is_refused_before_moto(aws: SimulatorServer) -> None:
    """Moto would take it for account 123456789012."""
    stranger = client("ec2", aws.url, "AKIANOBODY0000000001", "nothing", region_name=scenes.HOME)
    with pytest.raises(ClientError) as refused:
        stranger.describe_volumes()

    assert refused.value.response["Error"]["Code"] == "AuthFailure"


def test_calls_are_counted_like_any_other(aws: SimulatorServer) -> None:
    """The call log names service and operation."""
    _admin(aws, "efs").describe_file_systems()
    last = aws.control.calls()[-1]

    assert (last.service, last.operation, last.account) == ("elasticfilesystem", "DescribeFileSystems", scenes.SOURCE)
    assert (last.mutating, last.outcome) == (False, "OK")


def test_what_moto_lacks_is_not_implemented(aws: SimulatorServer) -> None:
    """A clear 501 instead of a page that clients try again."""
    before = len(aws.control.calls())
    with pytest.raises(ClientError) as refused:
        _admin(aws, "fsx").describe_snapshots()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "DescribeSnapshots" in refused.value.response["Error"]["Message"]
    assert len(aws.control.calls()) == before + 1


def test_reset_forgets_the_resources(aws: SimulatorServer) -> None:
    """A fresh world is fresh everywhere."""
    _admin(aws, "s3").create_bucket(Bucket="orders", CreateBucketConfiguration={"LocationConstraint": scenes.HOME})
    assert [each["Name"] for each in _admin(aws, "s3").list_buckets()["Buckets"]] == ["orders"]
    aws.control.reset()

    assert _admin(aws, "s3").list_buckets()["Buckets"] == []


def test_an_account_has_no_snapshots_but_its_own(aws: SimulatorServer) -> None:
    """Who cleans up lists snapshots; those of Amazon's images are no business of theirs."""
    ec2 = _admin(aws, "ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=1)["VolumeId"]
    own = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]

    listed = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]

    assert [each["SnapshotId"] for each in listed] == [own]
    assert ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1)["Instances"]


def test_every_simulator_has_its_own_resources(aws: SimulatorServer) -> None:
    """Two in one process do not meet, in the same account, even where names are the world's only once."""
    other = InProcess(scenes.world())
    place = {"LocationConstraint": scenes.HOME}
    buckets = [_admin(aws, "s3"), other.client("s3", scenes.SOURCE, "admin", region=scenes.HOME)]
    for number, s3 in enumerate(buckets):
        s3.create_bucket(Bucket="orders", CreateBucketConfiguration=place)
        s3.put_object(Bucket="orders", Key="which", Body=str(number).encode())
    volumes = [_admin(aws, "ec2"), other.client("ec2", scenes.SOURCE, "admin", region=scenes.HOME)]
    volumes[1].create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=10)
    aws.control.reset()

    assert buckets[0].list_buckets()["Buckets"] == []
    assert buckets[1].get_object(Bucket="orders", Key="which")["Body"].read() == b"1"
    assert [len(ec2.describe_volumes()["Volumes"]) for ec2 in volumes] == [0, 1]


@pytest.mark.parametrize("service", sorted(mount.SERVICES))
def test_every_mounted_service_has_a_model(service: str) -> None:
    """Its errors are written in a protocol we speak."""
    assert mount.protocol(service) in {"query", "json", "rest-json", "ec2", "rest-xml"}


@pytest.mark.parametrize("region", ["me-west-1", "sa-west-1"])
def test_what_moto_trips_over_is_no_internal_failure(aws: SimulatorServer, region: str) -> None:
    """A Region that moto does not know yet ends in an error that clients do not try again."""
    before = len(aws.control.calls())
    with pytest.raises(ClientError) as refused:
        _admin(aws, "rds", region=region).describe_db_instances()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert len(aws.control.calls()) == before + 1


def test_a_volume_made_elsewhere_is_selected_and_backed_up(aws: SimulatorServer) -> None:
    """A plan finds it by its tag when its hour comes."""
    tags = [{"ResourceType": "volume", "Tags": KEPT}]
    _admin(aws, "ec2").create_volume(AvailabilityZone=f"{scenes.HOME}a", Size=10, TagSpecifications=tags)
    backup = _admin(aws, "backup")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "backups", "ScheduleExpression": "cron(0 5 ? * * *)"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "all", "Rules": [rule]})
    by_tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "backup", "ConditionValue": "true"}
    selection = {"SelectionName": "tagged", "IamRoleArn": BACKUPS, "ListOfTags": [by_tag]}
    backup.create_backup_selection(BackupPlanId=plan["BackupPlanId"], BackupSelection=selection)
    aws.control.advance("1d")
    jobs = backup.list_backup_jobs()["BackupJobs"]

    assert [(each["ResourceType"], each["State"]) for each in jobs] == [("EBS", "COMPLETED")]
