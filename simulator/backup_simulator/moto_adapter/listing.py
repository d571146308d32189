"""Which resources moto has that AWS Backup protects, tagged or not, asked of its own describe operations.

Volumes, databases, tables, file systems, clusters and buckets with their size and encryption, by service.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

GIB = 2**30
CHANGING: Mapping[str, tuple[str, ...]] = {"dynamodb": ("Table", "Tag"), "s3": ("Bucket",)}
"""Words of the operations that change tables and buckets; the others change what is in them, which may be a lot."""


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as its service describes it; `key` is what it says about its key, None when it is not encrypted."""

    arn: str
    resource_type: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    encrypted: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource there."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def concerns(service: str, operation: str) -> bool:
    """Whether an operation that changes something may change resources that AWS Backup protects."""
    words = CHANGING.get(service, ("",))
    return service in LISTINGS and any(word in operation for word in words)


def found(service: str, client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    """All that a service has in a place; buckets of all places. `client` makes a client of moto by botocore's name."""
    yield from LISTINGS[service](client, place)


def _tags(pairs: list[dict[str, str]] | None) -> dict[str, str]:
    """Tags by key; moto also keeps those that lack key or value."""
    found = {pair.get("Key", ""): pair.get("Value", "") for pair in pairs or ()}
    return {key: value for key, value in found.items() if key and not key.startswith("aws:")}


def _ec2(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    ec2 = client("ec2")
    for page in ec2.get_paginator("describe_volumes").paginate():
        for each in page["Volumes"]:
            arn, size = place.arn("ec2", f"volume/{each['VolumeId']}"), each["Size"] * GIB
            key = each.get("KmsKeyId")
            yield Found(arn, "EBS", place.region, _tags(each.get("Tags")), size, each.get("Encrypted", False), key)
    for page in ec2.get_paginator("describe_instances").paginate():
        for each in (one for reservation in page["Reservations"] for one in reservation["Instances"]):
            if each["State"]["Name"] != "terminated":
                arn = place.arn("ec2", f"instance/{each['InstanceId']}")
                yield Found(arn, "EC2", place.region, _tags(each.get("Tags")))


_CLUSTERS = {"aurora": "Aurora", "neptune": "Neptune", "docdb": "DocumentDB"}


def _rds(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    rds = client("rds")
    for page in rds.get_paginator("describe_db_instances").paginate():
        for each in page["DBInstances"]:
            if not each.get("DBClusterIdentifier"):  # members are backed up with their cluster
                yield _database(each, each["DBInstanceArn"], "RDS", place)
    for page in rds.get_paginator("describe_db_clusters").paginate():
        for each in page["DBClusters"]:
            kind = _CLUSTERS.get(each["Engine"].partition("-")[0], "RDS")
            yield _database(each, each["DBClusterArn"], kind, place)


def _database(each: dict[str, Any], arn: str, kind: str, place: Place) -> Found:
    size = each.get("AllocatedStorage", 0) * GIB
    encrypted, key = each.get("StorageEncrypted", False), each.get("KmsKeyId")
    return Found(arn, kind, place.region, _tags(each.get("TagList")), size, encrypted, key)


def _dynamodb(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    dynamodb = client("dynamodb")
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            table = dynamodb.describe_table(TableName=name)["Table"]
            tags = _tags(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"])
            yield Found(table["TableArn"], "DynamoDB", place.region, tags, table.get("TableSizeBytes", 0))


def _efs(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    for page in client("efs").get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            arn = place.arn("elasticfilesystem", f"file-system/{each['FileSystemId']}")
            yield Found(arn, "EFS", place.region, _tags(each.get("Tags")), each["SizeInBytes"]["Value"])


def _fsx(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    for page in client("fsx").get_paginator("describe_file_systems").paginate():
        for each in page["FileSystems"]:
            size, key = each.get("StorageCapacity", 0) * GIB, each.get("KmsKeyId")
            yield Found(
                each["ResourceARN"], "FSx", place.region, _tags(each.get("Tags")), size, encrypted=True, key=key
            )


def _redshift(client: Callable[[str], Any], place: Place) -> Iterator[Found]:
    for page in client("redshift").get_paginator("describe_clusters").paginate():
        for each in page["Clusters"]:
            arn = place.arn("redshift", f"cluster:{each['ClusterIdentifier']}")
            encrypted, key = each.get("Encrypted", False), each.get("KmsKeyId")
            yield Found(arn, "Redshift", place.region, _tags(each.get("Tags")), 0, encrypted, key)


def _s3(client: Callable[[str], Any], _place: Place) -> Iterator[Found]:
    s3 = client("s3")
    for each in s3.list_buckets()["Buckets"]:
        name = each["Name"]
        region = s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"
        try:
            tags = _tags(s3.get_bucket_tagging(Bucket=name)["TagSet"])
        except s3.exceptions.ClientError:  # NoSuchTagSet
            tags = {}
        yield Found(f"arn:aws:s3:::{name}", "S3", region, tags)


LISTINGS: Mapping[str, Callable[[Callable[[str], Any], Place], Iterator[Found]]] = {
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "elasticfilesystem": _efs,
    "fsx": _fsx,
    "rds": _rds,
    "redshift": _redshift,
    "s3": _s3,
}
"""By signing name."""
