"""What AWS Backup can do with each resource type: the feature matrix of the Developer Guide, in one place. Pure.

A type that does not stand here is newer than this release: nothing is known of it, and its copies are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..regions.rights import is_opted_into

AS_OF = "2026-09"
SOURCE = "https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One row of the matrix.

    Attributes:
        name: As AWS Backup calls it in ``ResourceType``.
        cross_account: Copies go to another account.
        cross_region: Copies go to another Region.
        one_step: Both in one copy job.
        fully_managed: AWS Backup keeps the recovery points itself, under the key of their vault; those of all others
            are snapshots of the resource's own service, under the resource's own key.
        air_gapped: Copies go into logically air-gapped vaults.
        cold: Recovery points can move to cold storage.
        archived: That is an archive tier of its snapshots, which has to be opted in to.
        incremental: Later copies to the same vault are incremental.
        continuous: There are continuous backups, whose copies are snapshots.
        service: Through which service a key behind its recovery points is used.
        stays_unencrypted: Copies of what is not encrypted stay so, and do not enter an air-gapped vault.
        everywhere: Copies go to another account from and into Regions that an account has to opt into, too.
        note: What else a person has to know.
    """

    name: str
    cross_account: bool = True
    cross_region: bool = True
    one_step: bool = True
    fully_managed: bool = False
    air_gapped: bool = True
    cold: bool = False
    archived: bool = False
    incremental: bool = True
    continuous: bool = False
    service: str = "backup"
    stays_unencrypted: bool = False
    everywhere: bool = True
    note: str = ""

    @property
    def keyed_by_resource(self) -> bool:
        """Whether its copies leave an account only if the resource's own key is a customer managed one.

        https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
        """
        return self.cross_account and not self.fully_managed


def _never(name: str) -> ResourceType:
    """Return a type that is not copied at all."""
    return ResourceType(
        name,
        cross_account=False,
        cross_region=False,
        one_step=False,
        air_gapped=False,
        incremental=False,
        note="no copies",
    )


def _cluster(name: str, note: str = "", *, continuous: bool = False, everywhere: bool = True) -> ResourceType:
    """Return a type of database cluster: its copies are full ones."""
    words = "one step since October 2025; what is not encrypted stays so"
    return ResourceType(
        name,
        incremental=False,
        continuous=continuous,
        service="rds",
        stays_unencrypted=True,
        everywhere=everywhere,
        note=f"{words}; {note}" if note else words,
    )


_ROWS = (
    ResourceType(
        "EBS",
        cold=True,
        archived=True,
        service="ec2",
        note="cold storage is the archive tier of snapshots, opted in to by `lifecycle.optInToArchive`",
    ),
    ResourceType("EC2", service="ec2", note="as an image: Allowed AMIs and the Marketplace may keep it out"),
    ResourceType("S3", fully_managed=True, continuous=True, note="the copy role needs copy statements of its own"),
    ResourceType("EFS", fully_managed=True, cold=True),
    ResourceType(
        "RDS",
        air_gapped=False,
        continuous=True,
        service="rds",
        note="instances only, one step since October 2025; Multi-AZ clusters are never copied; option groups stay",
    ),
    _cluster("Aurora", continuous=True),
    _cluster("DocumentDB"),
    _cluster("Neptune", "not to another account from or into Regions that are opted in to", everywhere=False),
    ResourceType("DSQL", fully_managed=True, cold=True, incremental=False, note="multi-Region: in groups of Regions"),
    ResourceType(
        "DynamoDB",
        fully_managed=True,
        cold=True,
        incremental=False,
        note="with advanced features only; basic backups are never copied",
    ),
    ResourceType("FSx", service="fsx", note="ONTAP since August 2026; not to every Region that is opted in to"),
    ResourceType("Storage Gateway", service="ec2", note="the destination vault needs a customer managed key"),
    ResourceType(
        "Timestream",
        fully_managed=True,
        cold=True,
        everywhere=False,
        note="not to another account from or into Regions that are opted in to",
    ),
    ResourceType("VirtualMachine", fully_managed=True, cold=True),
    ResourceType(
        "SAP HANA on Amazon EC2",
        fully_managed=True,
        air_gapped=False,
        cold=True,
        incremental=False,
        continuous=True,
    ),
    ResourceType(
        "EKS",
        fully_managed=True,
        incremental=False,
        note="composite: as a whole; its EFS volumes do not leave the account",
    ),
    ResourceType(
        "CloudFormation",
        cross_account=False,
        one_step=False,
        fully_managed=True,
        air_gapped=False,
        cold=True,
        incremental=False,
        note="composite: to another Region of the same account only",
    ),
    _never("Redshift"),
    _never("Redshift Serverless"),
)

TYPES = {each.name: each for each in _ROWS}
"""The matrix, by name of the type."""

_BASIC_DYNAMODB = re.compile(r"^arn:[^:]+:dynamodb:")
_RDS_CLUSTER = re.compile(r":cluster-snapshot:")


def _which(has: Callable[[ResourceType], bool]) -> frozenset[str]:
    return frozenset(each.name for each in _ROWS if has(each))


NEVER_COPIED = _which(lambda each: not each.cross_account)
FULLY_MANAGED = _which(lambda each: each.cross_account and each.fully_managed)
KEYED_BY_RESOURCE = _which(lambda each: each.keyed_by_resource)
NOT_AIR_GAPPED = _which(lambda each: each.cross_account and not each.air_gapped)
STAYS_UNENCRYPTED = _which(lambda each: each.stays_unencrypted)
NEVER_COLD = _which(lambda each: not each.cold)
ARCHIVED = _which(lambda each: each.archived)
COPIED = FULLY_MANAGED | KEYED_BY_RESOURCE


def service_of(resource_type: str) -> str:
    """Return through which service a key behind recovery points of a type is used."""
    found = TYPES.get(resource_type)
    return found.service if found is not None else "backup"


def barred_from(resource_type: str, regions: Iterable[str]) -> str | None:
    """Return the first of some Regions because of which a type does not go to another account; None where it may."""
    found = TYPES.get(resource_type)
    if found is None or found.everywhere:
        return None
    return next((each for each in regions if is_opted_into(each)), None)


def never_copied(resource_type: str, point_arn: str) -> str | None:
    """Say why no copy of a recovery point can be made, whatever is set; None where there may be one.

    Variants of a type show in the ARN of the recovery point alone.
    """
    if resource_type in NEVER_COPIED:
        return f"AWS Backup does not copy {resource_type} to another account (as of {AS_OF})."
    if _BASIC_DYNAMODB.match(point_arn):
        return (
            "A basic backup of DynamoDB cannot be copied. Turn on advanced features in the Region settings of AWS"
            " Backup (DynamoDB: opted in, and managed); what is backed up from then on is copied."
        )
    if resource_type == "RDS" and _RDS_CLUSTER.search(point_arn):
        return f"AWS Backup does not copy Multi-AZ clusters of RDS (as of {AS_OF})."
    return None
