"""What AWS Backup can do with each resource type: the feature matrix and the ARN forms of the Developer Guide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import arns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..ids import Ids

BACKUP_POINT = "arn:aws:backup:{region}:{account}:recovery-point:{uuid}"
EC2_POINT = "arn:aws:ec2:{region}::snapshot/snap-{hex}"
CLUSTER_POINT = "arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:{job}-{uuid}"
CLUSTER = "arn:aws:rds:{region}:{account}:cluster:{name}"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One row of the matrix.

    `family` is the service whose snapshots a type that is not fully managed is made of: ec2, rds or fsx.
    """

    name: str
    resource: str
    point: str = BACKUP_POINT
    cross_account: bool = True
    copies: bool = True
    fully_managed: bool = True
    cold: bool = False
    air_gapped: bool = True
    family: str = "backup"
    stays_unencrypted: bool = False


def _cluster(name: str) -> ResourceType:
    """Clusters whose copies stay unencrypted when the source is."""
    return ResourceType(name, CLUSTER, CLUSTER_POINT, fully_managed=False, family="rds", stays_unencrypted=True)


_ROWS = (
    ResourceType(
        "EBS",
        "arn:aws:ec2:{region}:{account}:volume/{name}",
        EC2_POINT,
        fully_managed=False,
        cold=True,
        family="ec2",
    ),
    ResourceType(
        "EC2",
        "arn:aws:ec2:{region}:{account}:instance/{name}",
        "arn:aws:ec2:{region}::image/ami-{hex}",
        fully_managed=False,
        family="ec2",
    ),
    ResourceType("S3", "arn:aws:s3:::{name}"),
    ResourceType("EFS", "arn:aws:elasticfilesystem:{region}:{account}:file-system/{name}", cold=True),
    ResourceType(
        "RDS",
        "arn:aws:rds:{region}:{account}:db:{name}",
        "arn:aws:rds:{region}:{account}:snapshot:awsbackup:{job}-{uuid}",
        fully_managed=False,
        air_gapped=False,
        family="rds",
    ),
    _cluster("Aurora"),
    _cluster("DocumentDB"),
    _cluster("Neptune"),
    ResourceType("DSQL", "arn:aws:dsql:{region}:{account}:cluster/{name}", cold=True),
    ResourceType("DynamoDB", "arn:aws:dynamodb:{region}:{account}:table/{name}", cold=True),
    ResourceType(
        "FSx",
        "arn:aws:fsx:{region}:{account}:file-system/{name}",
        "arn:aws:fsx:{region}:{account}:backup/backup-{hex}",
        fully_managed=False,
        family="fsx",
    ),
    ResourceType(
        "Storage Gateway",
        "arn:aws:storagegateway:{region}:{account}:gateway/sgw-1/volume/{name}",
        EC2_POINT,
        fully_managed=False,
        family="ec2",
    ),
    ResourceType("Timestream", "arn:aws:timestream:{region}:{account}:database/{name}/table/main", cold=True),
    ResourceType("VirtualMachine", "arn:aws:backup-gateway:{region}:{account}:vm/{name}", cold=True),
    ResourceType(
        "SAP HANA on Amazon EC2", "arn:aws:ssm-sap:{region}:{account}:HANA/{name}", cold=True, air_gapped=False
    ),
    ResourceType("EKS", "arn:aws:eks:{region}:{account}:cluster/{name}"),
    ResourceType(
        "CloudFormation",
        "arn:aws:cloudformation:{region}:{account}:stack/{name}/1",
        cross_account=False,
        cold=True,
        air_gapped=False,
    ),
    ResourceType(
        "Redshift",
        "arn:aws:redshift:{region}:{account}:cluster:{name}",
        "arn:aws:redshift:{region}:{account}:snapshot:{name}/awsbackup:{job}-{uuid}",
        cross_account=False,
        copies=False,
        fully_managed=False,
        air_gapped=False,
        family="redshift",
    ),
    ResourceType(
        "Redshift Serverless",
        "arn:aws:redshift-serverless:{region}:{account}:namespace/{name}",
        "arn:aws:redshift-serverless:{region}:{account}:snapshot:{name}/awsbackup:{job}-{uuid}",
        cross_account=False,
        copies=False,
        fully_managed=False,
        air_gapped=False,
        family="redshift",
    ),
)
TYPES: Mapping[str, ResourceType] = {row.name: row for row in _ROWS}

# Basic DynamoDB backups have the table's own ARN form and cannot be copied at all.
DYNAMODB_BASIC = ResourceType(
    "DynamoDB",
    "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "arn:aws:dynamodb:{region}:{account}:table/{name}/backup/{hex}",
    cross_account=False,
    copies=False,
    fully_managed=False,
    air_gapped=False,
    family="dynamodb",
)
# Multi-AZ clusters of RDS are backed up, but never copied (a footnote of the matrix).
RDS_CLUSTER = ResourceType(
    "RDS",
    CLUSTER,
    CLUSTER_POINT,
    cross_account=False,
    copies=False,
    fully_managed=False,
    air_gapped=False,
    family="rds",
)


def of_point(resource_type: str, point_arn: str) -> ResourceType:
    """The row that applies to a recovery point; some variants of a type differ by ARN only."""
    if resource_type == "DynamoDB" and point_arn.startswith("arn:aws:dynamodb:"):
        return DYNAMODB_BASIC
    if resource_type == "RDS" and ":cluster-snapshot:" in point_arn:
        return RDS_CLUSTER
    return TYPES[resource_type]


def in_air_gapped(row: ResourceType) -> ResourceType:
    """The row as air-gapped vaults have it: every recovery point has AWS Backup's own form of ARN."""
    return replace(row, point=BACKUP_POINT)


def resource_arn(row: ResourceType, name: str, *, region: str, account: str) -> str:
    """The ARN of a resource; a name that is an ARN already stays as it is."""
    return name if name.startswith("arn:") else row.resource.format(region=region, account=account, name=name)


def point_arn(row: ResourceType, resource: str, *, region: str, account: str, ids: Ids, copy: bool = False) -> str:
    """A fresh recovery point ARN in the form of its type."""
    return written(row, resource, region=region, account=account, uuid=ids.uuid(), digits=ids.hex(), copy=copy)


def continuous_arn(row: ResourceType, resource: str, *, region: str, account: str, ids: Ids) -> str:
    """The ARN of a fresh continuous recovery point: S3's names the bucket, the others' form is assumed."""
    name = f"{arns.last_name(resource)}-{ids.hex(8)}" if row.name == "S3" else f"continuous:{ids.uuid()}"
    return f"arn:aws:backup:{region}:{account}:recovery-point:{name}"


def written(
    row: ResourceType, resource: str, *, region: str, account: str, uuid: str, digits: str, copy: bool = False
) -> str:
    """A recovery point ARN around an id; which of the two forms of id is used depends on the type."""
    return row.point.format(
        region=region,
        account=account,
        uuid=uuid.upper() if row.point == BACKUP_POINT else uuid,
        hex=digits,
        name=arns.last_name(resource),
        job="copyjob" if copy else "job",
    )
