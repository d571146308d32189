"""What is tried out about the copy role, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part
from ...iam.decisions import Barrier

OUT, INTO, PASS_ROLE = "backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "iam:PassRole"
SERVICE = "backup.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Trial:
    """What IAM decided, by action: True for allowed, False for denied, None where keys decide that nobody gave.

    Attributes:
        barriers: What of those that are denied no policy of the role can allow.
        kept: The forms of recovery points, as :func:`samples` has them, of which the role may certainly copy none out
            although it may of others; with what no policy of the role can allow.
    """

    decisions: tuple[tuple[str, bool | None], ...]
    barriers: frozenset[Barrier] = frozenset()
    kept: tuple[tuple[str, frozenset[Barrier]], ...] = ()

    def of(self, action: str) -> bool | None:
        """Return the decision about an action; None for one that was not tried."""
        return dict(self.decisions).get(action)

    @property
    def denied(self) -> tuple[str, ...]:
        """The actions that are denied for certain."""
        return tuple(action for action, allowed in self.decisions if allowed is False)


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
