"""What other services have is seen by AWS Backup, tagged or not: selections, backup jobs, their sizes and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.moto_adapter import listing
from backup_simulator.records import resources
from backup_simulator.transport import InProcess
from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.records.resources import Resource

GIB = 2**30
BACKUPS = f"arn:aws:iam::{scenes.SOURCE}:role/backups"
EC2 = f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}"
RDS = f"arn:aws:rds:{scenes.HOME}:{scenes.SOURCE}"


class Account:
    """The administrator of the source account, who makes things and backs them up."""

    def __init__(self) -> None:
        scene = scenes.world()
        backer = scenes.role("backups", trust={"services": ["backup.amazonaws.com"]})
        scenes.account(scene, scenes.SOURCE)["roles"].append(backer)
        self.opened = InProcess(scene)

    def client(self, service: str, *, region: str = scenes.HOME) -> Any:
        """A client of a service."""
        return self.opened.client(service, scenes.SOURCE, "admin", region=region)

    def known(self, region: str = scenes.HOME) -> dict[str, Resource]:
        """What AWS Backup sees in a Region, by type."""
        return {each.resource_type: each for each in resources.listed(self.opened.state, scenes.SOURCE, region)}

    def volume(self, **changes: Any) -> str:
        """A volume without a tag; gives its ARN."""
        asked = {"AvailabilityZone": f"{scenes.HOME}a", "Size": 7} | changes
        return f"{EC2}:volume/{self.client('ec2').create_volume(**asked)['VolumeId']}"

    def backed_up(self, arn: str) -> scenes.Json:
        """The end of a backup of a resource."""
        backup = self.client("backup")
        job = backup.start_backup_job(BackupVaultName="backups", ResourceArn=arn, IamRoleArn=BACKUPS)
        self.opened.control.advance("10m")
        return backup.describe_backup_job(BackupJobId=job["BackupJobId"])  # type: ignore[no-any-return] # boto3 by name


@pytest.fixture
def account() -> Account:
    """An account without resources."""
    return Account()


def _database(account: Account) -> None:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="a-password",
    )


def _cluster(engine: str) -> Callable[[Account], None]:
    def make(account: Account) -> None:
        asked = {"DBClusterIdentifier": "shop", "MasterUsername": "root", "MasterUserPassword": "a-password"}
        rds = account.client("rds")
        rds.create_db_cluster(Engine=engine, **asked)
        if engine.startswith("aurora"):
            member = {"DBInstanceIdentifier": "shop-1", "DBInstanceClass": "db.t3.medium", "Engine": engine}
            rds.create_db_instance(DBClusterIdentifier="shop", **member)

    return make


def _table(account: Account) -> None:
    account.client("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _redshift(account: Account) -> None:
    asked = {"ClusterIdentifier": "facts", "NodeType": "ra3.large", "MasterUsername": "root"}
    account.client("redshift").create_cluster(MasterUserPassword="A-password-1", **asked)


def _windows_share(account: Account) -> None:
    asked = {"FileSystemType": "WINDOWS", "StorageCapacity": 32, "SubnetIds": ["subnet-12345678"]}
    account.client("fsx").create_file_system(**asked)


def _bucket(account: Account) -> None:
    place = {"LocationConstraint": scenes.HOME}
    account.client("s3").create_bucket(Bucket="documents", CreateBucketConfiguration=place)


def _instance(account: Account) -> None:
    ec2 = account.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")


@pytest.mark.parametrize(
    ("make", "resource_type", "arn"),
    [
        pytest.param(lambda account: account.volume(), "EBS", f"{EC2}:volume/vol-", id="a volume"),
        pytest.param(_instance, "EC2", f"{EC2}:instance/i-", id="an instance"),
        pytest.param(_database, "RDS", f"{RDS}:db:orders", id="a database"),
        pytest.param(_cluster("aurora-postgresql"), "Aurora", f"{RDS}:cluster:shop", id="a cluster of Aurora"),
        pytest.param(_cluster("neptune"), "Neptune", f"{RDS}:cluster:shop", id="a cluster of Neptune"),
        pytest.param(_table, "DynamoDB", f"arn:aws:dynamodb:{scenes.HOME}:{scenes.SOURCE}:table/carts", id="a table"),
        pytest.param(
            lambda account: account.client("efs").create_file_system(CreationToken="files"),
            "EFS",
            f"arn:aws:elasticfilesystem:{scenes.HOME}:{scenes.SOURCE}:file-system/fs-",
            id="a file system",
        ),
        pytest.param(
            _windows_share,
            "FSx",
            f"arn:aws:fsx:{scenes.HOME}:{scenes.SOURCE}:file-system/fs-",
            id="a file system of Windows",
        ),
        pytest.param(
            _redshift, "Redshift", f"arn:aws:redshift:{scenes.HOME}:{scenes.SOURCE}:cluster:facts", id="a warehouse"
        ),
        pytest.param(_bucket, "S3", "arn:aws:s3:::documents", id="a bucket"),
    ],
)
def test_what_has_no_tag_is_seen_too(
    account: Account, make: Callable[[Account], object], resource_type: str, arn: str
) -> None:
    """With the type that its service tells, and a job backs it up; members of clusters are not seen by themselves."""
    make(account)
    known = account.known()

    assert {resource_type} <= set(known) <= {resource_type, "EBS"}
    assert known[resource_type].arn.startswith(arn)
    assert known[resource_type].tags == {}
    assert account.backed_up(known[resource_type].arn)["State"] == "COMPLETED"


@pytest.mark.parametrize(
    "selected",
    [
        pytest.param(lambda arn: arn, id="by its ARN"),
        pytest.param(lambda _arn: "arn:aws:ec2:*:*:volume/*", id="by its type"),
        pytest.param(lambda _arn: "*", id="with all the rest"),
    ],
)
def test_a_plan_selects_it_without_a_tag(account: Account, selected: Callable[[str], str]) -> None:
    """By ARN, or by a wildcard."""
    arn = account.volume()
    backup = account.client("backup")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "backups", "ScheduleExpression": "cron(0 5 ? * * *)"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "all", "Rules": [rule]})
    selection = {"SelectionName": "it", "IamRoleArn": BACKUPS, "Resources": [selected(arn)]}
    backup.create_backup_selection(BackupPlanId=plan["BackupPlanId"], BackupSelection=selection)
    account.opened.control.advance("1d")
    jobs = backup.list_backup_jobs()["BackupJobs"]

    assert [(each["ResourceArn"], each["State"]) for each in jobs] == [(arn, "COMPLETED")]


def test_size_and_key_are_those_of_the_resource(account: Account) -> None:
    """A key of this simulator by ARN, id or alias; one that nobody named is AWS's own."""
    home = account.opened.state.accounts[scenes.SOURCE].region(scenes.HOME)
    data = home.keys[home.aliases["alias/data"]].arn
    found = {}
    for name in (data, data.rpartition("/")[2], "alias/data", None):
        arn = account.volume(Encrypted=True, **({"KmsKeyId": name} if name else {}))
        found[name] = home.resources[arn]

    assert {each.size for each in found.values()} == {7 * GIB}
    assert found[None].key_arn == home.keys[home.aliases["alias/aws/ebs"]].arn
    assert {each.key_arn for name, each in found.items() if name} == {data}
    assert account.known()["EBS"].key_arn is not None
    assert home.resources[account.volume()].key_arn is None
    assert account.backed_up(found[data].arn)["BackupSizeInBytes"] == 7 * GIB


def test_a_bucket_is_seen_where_it_is(account: Account) -> None:
    """Whichever endpoint made it."""
    place = {"LocationConstraint": scenes.AWAY}
    account.client("s3", region=scenes.AWAY).create_bucket(Bucket="far", CreateBucketConfiguration=place)
    _bucket(account)
    s3 = account.client("s3")
    s3.put_bucket_tagging(Bucket="documents", Tagging={"TagSet": [{"Key": "backup", "Value": "daily"}]})

    assert account.known()["S3"].tags == {"backup": "daily"}
    assert account.known(scenes.AWAY)["S3"].name == "far"
    s3.delete_bucket(Bucket="documents")
    assert set(account.known()) == set()
    assert account.known(scenes.AWAY)["S3"].name == "far"


def test_what_goes_is_gone_and_what_a_world_declared_stays(account: Account) -> None:
    """A service takes away what it had itself, nothing of others."""
    declared = {"region": scenes.HOME, "resource_type": "EBS", "resource": "vol-declared"}
    account.opened.control.add_resources(scenes.SOURCE, [declared])
    arn = account.volume()
    _table(account)
    account.client("ec2").delete_volume(VolumeId=arn.rpartition("/")[2])

    assert {each.name for each in account.known().values()} == {"vol-declared", "carts"}


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        pytest.param("ec2", "CreateTags", True, id="tags of EC2"),
        pytest.param("dynamodb", "CreateTable", True, id="a table"),
        pytest.param("dynamodb", "PutItem", False, id="what is in a table"),
        pytest.param("s3", "PutBucketTagging", True, id="tags of a bucket"),
        pytest.param("s3", "PutObject", False, id="what is in a bucket"),
    ],
)
def test_only_what_can_change_resources_is_followed(service: str, operation: str, expected: bool) -> None:
    """Writing items and objects costs nothing more."""
    assert listing.concerns(service, operation) is expected


def test_a_tag_without_a_value_has_an_empty_one() -> None:
    """Where a service of moto takes one."""
    account = Account()
    account.client("efs").create_file_system(CreationToken="a", Tags=[{"Key": "team", "Value": "shop"}])
    body = b'{"CreationToken": "b", "Tags": [{"Key": "team"}]}'
    request = requests.signed("elasticfilesystem", "POST", "/2015-02-01/file-systems", body)
    answer = account.opened.simulator.handle(request)
    held = resources.listed(account.opened.state, scenes.SOURCE, scenes.HOME)

    assert answer.status == 201
    assert [each.tags for each in held] == [{"team": "shop"}, {"team": ""}]
