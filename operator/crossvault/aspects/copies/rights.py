"""What the looks at recovery points and jobs, the starts of copies and changes of lifecycles need to be allowed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...engine.declared import partition_of
from ...engine.rights import AsDestination, AsSource, Condition, Right
from ..copy_role import COPY_ROLE
from ..copy_role.permissions import PASS_ROLE, SERVICE
from ..lifecycle.existing import EXISTING

_SNAPSHOT, _CLUSTER = ("ec2:{region}::snapshot/*",), ("rds:{region}:{account}:cluster-snapshot:awsbackup:*",)
_OWN = "backup:{region}:{account}:recovery-point:*"
"""The form that AWS Backup gives what it manages in full, and everything that lies in an air-gapped vault."""
_FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "EBS": _SNAPSHOT,
        "Storage Gateway": _SNAPSHOT,
        "EC2": ("ec2:{region}::image/*",),
        "RDS": ("rds:{region}:{account}:snapshot:awsbackup:*",),
        "Aurora": _CLUSTER,
        "DocumentDB": _CLUSTER,
        "Neptune": _CLUSTER,
        "FSx": ("fsx:{region}:{account}:backup/*",),
        "DynamoDB": ("dynamodb:{region}:{account}:table/*/backup/*",),
    }
)
"""The ARNs of recovery points that are snapshots of a service of their own, by type; none of them names a vault.

https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html
"""


def points_of(use: AsSource | AsDestination) -> tuple[str, ...]:
    """Return the ARNs that recovery points in scope have in the account and Region of a vault."""
    types = use.desired.scope.resource_types or _FORMS
    forms = dict.fromkeys((_OWN, *(form for each in types for form in _FORMS.get(each, ()))))
    start = f"arn:{partition_of(use.region)}:"
    return tuple(start + each.format(region=use.region, account=use.account.account_id) for each in forms)


def _vault(use: AsSource | AsDestination) -> tuple[str, ...]:
    return use.vaults


def _started(use: AsSource) -> tuple[str, ...]:
    return points_of(use) if use.desired.acts else ()


def _passed(use: AsSource) -> tuple[str, ...]:
    return (use.desired[COPY_ROLE],) if use.desired.acts else ()


def _to_backup(_use: AsSource) -> Condition:
    return {"StringEquals": {"iam:PassedToService": SERVICE}}


def _changed(use: AsDestination) -> tuple[str, ...]:
    return points_of(use) if use.destination[EXISTING].updates and use.desired.acts else ()


def _changed_in(use: AsDestination) -> tuple[str, ...]:
    """Return the vault, too: of two pages of AWS one names it and the other one the recovery points."""
    return (*use.vaults, *_changed(use)) if _changed(use) else ()


RIGHTS = (
    Right(
        "ListRecoveryPoints",
        "see the recovery points in a vault",
        AsSource,
        ("backup:ListRecoveryPointsByBackupVault",),
        _vault,
    ),
    Right("ListCopyJobs", "see what is on its way, and what failed", AsSource, ("backup:ListCopyJobs",)),
    Right("Copy", "start copies", AsSource, ("backup:StartCopyJob",), _started),
    Right(
        "PassCopyRole",
        "give AWS Backup the role that it copies with",
        AsSource,
        (PASS_ROLE,),
        _passed,
        _to_backup,
        besides="backup:StartCopyJob",
    ),
    Right(
        "ListRecoveryPoints",
        "see the recovery points in a vault",
        AsDestination,
        ("backup:ListRecoveryPointsByBackupVault",),
        _vault,
    ),
    Right(
        "ReadCopies",
        "see the lifecycle of a copy before and after it is changed (`existingCopies: UpdateLifecycle`)",
        AsDestination,
        ("backup:DescribeRecoveryPoint",),
        _changed,
    ),
    Right(
        "ChangeLifecycles",
        "change how long copies live (`existingCopies: UpdateLifecycle`)",
        AsDestination,
        ("backup:UpdateRecoveryPointLifecycle",),
        _changed_in,
    ),
)
