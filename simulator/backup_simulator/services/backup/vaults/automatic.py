"""The vault of EFS's automatic backups, which AWS makes, names, guards with a policy and reserves for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....wire import AwsError, CommonError
from .. import lookup

if TYPE_CHECKING:
    from ....wire import Params

NAME = "aws/efs/automatic-backup-vault"
GUARDED = (
    "backup:DeleteBackupVault",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:DeleteRecoveryPoint",
    "backup:StartCopyJob",
    "backup:StartRestoreJob",
    "backup:UpdateRecoveryPointLifecycle",
)
"""What its policy denies to everybody, as users read it; the deletion of the policy is among it."""


def policy() -> Params:
    """The policy with which AWS makes the vault."""
    guard = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": list(GUARDED), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [guard]}


def require_creatable(name: str) -> None:
    """Nobody but AWS makes a vault of this name."""
    if name == NAME:
        raise AwsError("InvalidParameterValueException", f"Backup vault name {name} is not valid")


def require_open(name: str) -> None:
    """No other backups go into it: the guide speaks of an "insufficient privileges" error."""
    if name == NAME:
        raise CommonError("AccessDenied", lookup.INSUFFICIENT)


FIDELITY = (
    Behaviour(
        "`aws/efs/automatic-backup-vault` of a world has the policy that AWS gives it, whose deletion it denies",
        "issue (rebuy-de/aws-nuke 1150; the policy: users' listings)",
        "test_automatic_vaults.py::test_its_policy_guards_itself",
    ),
    Behaviour(
        "Backups of others and plans are kept out of it: `Insufficient privileges to perform this action.`",
        "DG; that plans are refused when they are made: assumed",
        "test_automatic_vaults.py::test_other_backups_are_kept_out",
    ),
    Behaviour(
        "EFS's own automatic backups, which AWS puts there",
        "missing",
    ),
)
