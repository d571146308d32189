"""What is tried out about the copy role, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.parts import Part
from ...iam.decisions import Barrier

OUT, INTO, PASS_ROLE = "backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "iam:PassRole"
SERVICE = "backup.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Trial:
    """What IAM decided, by action: True for allowed, False for denied, None where keys decide that nobody gave.

    Attributes:
        barriers: What stands before those that are denied and no policy of the role can allow.
        bare: Those that are denied although nothing stands before them: a policy of the role can allow them.
        kept: The forms of recovery points, as :func:`samples` has them, of which the role may certainly copy none out
            although it may of others; with what no policy of the role can allow.
        lacking: What it may not do of what the services behind those forms need, by form.
        of_keys: What IAM does not let it do with keys: it may use those alone whose own policies name it.
    """

    decisions: tuple[tuple[str, bool | None], ...]
    barriers: frozenset[Barrier] = frozenset()
    kept: tuple[tuple[str, frozenset[Barrier]], ...] = ()
    lacking: tuple[tuple[str, tuple[str, ...]], ...] = ()
    of_keys: tuple[str, ...] = ()
    bare: frozenset[str] = frozenset()

    def of(self, action: str) -> bool | None:
        """Return the decision about an action; None for one that was not tried."""
        return dict(self.decisions).get(action)

    def lacks(self, form: str) -> tuple[str, ...]:
        """Return what the role may not do of what recovery points of a form need, which it may copy out or not."""
        return dict(self.lacking).get(form) or (OUT,)

    @property
    def denied(self) -> tuple[str, ...]:
        """The actions that are denied for certain."""
        return tuple(action for action, allowed in self.decisions if allowed is False)


def together(leaving: Look[Trial | None], entering: Look[Trial | None]) -> Look[Trial | None]:
    """Return what was tried of a role in two parts: taking recovery points out, and putting copies in."""
    for each in (leaving, entering):
        if isinstance(each, Unseen) or each.value is None:
            return each
    one, other = (each.value for each in (leaving, entering) if isinstance(each, Seen) and each.value is not None)
    return Seen(replace(one, decisions=one.decisions + other.decisions, barriers=one.barriers | other.barriers))


COPYING: Part[Look[Trial | None]] = Part("may copy", UNASKED)
"""Whether the copy role may copy into a destination; None when there is no such role."""

PASSING: Part[Look[Trial | None]] = Part("may pass", UNASKED)
"""Whether the operator's role in the source's account may pass the copy role."""


def samples(account_id: str, region: str, partition: str) -> tuple[str, ...]:
    """Return ARNs of recovery points of each form: a policy may name the forms that it is for, and none is all."""
    start = f"arn:{partition}"
    return (
        f"{start}:backup:{region}:{account_id}:recovery-point:*",
        f"{start}:ec2:{region}::snapshot/snap-*",
        f"{start}:ec2:{region}::image/ami-*",
        f"{start}:rds:{region}:{account_id}:snapshot:awsbackup:*",
        f"{start}:rds:{region}:{account_id}:cluster-snapshot:awsbackup:*",
        f"{start}:fsx:{region}:{account_id}:backup/backup-*",
    )


NEEDED = MappingProxyType(
    {
        ":snapshot/snap-": ("ec2:ModifySnapshotAttribute", "ec2:DescribeTags"),
        ":image/ami-": ("ec2:ModifyImageAttribute", "ec2:DescribeTags"),
        ":snapshot:awsbackup:": ("rds:ModifyDBSnapshotAttribute", "rds:ListTagsForResource"),
        ":cluster-snapshot:awsbackup:": ("rds:ModifyDBClusterSnapshotAttribute", "rds:ListTagsForResource"),
        ":backup/backup-": ("fsx:ManageBackupPrincipalAssociations", "fsx:ListTagsForResource"),
    }
)
"""What the copy role does in other services, by what a form of recovery points is told by: it shares the snapshot with
the destination's account, whose service-linked role copies it, and reads the tags that go along. As in AWS's policy
AWSBackupServiceRolePolicyForBackup: https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
"""

OF_KEYS = ("kms:DescribeKey", "kms:CreateGrant")
CONTEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "iam:PassedToService": (SERVICE,),
        "aws:ResourceTag/aws:backup:source-resource": ("arn",),
        "kms:GrantIsForAWSResource": ("true",),
    }
)
"""What is known of all these requests: AWS Backup tags each snapshot that it makes, and takes grants for services."""


def needed(form: str) -> tuple[str, ...]:
    """Return what the copy role does in the service of a form of recovery points."""
    return next((actions for part, actions in NEEDED.items() if part in form), ())
