"""What the looks at vault policies, and their writes, need to be allowed."""

from __future__ import annotations

from ...engine.declared import DeletionPolicy, Ownership
from ...engine.rights import AsDestination, AsSource, Right
from .grantee import OWNERSHIP


def _vault(use: AsDestination | AsSource) -> tuple[str, ...]:
    return use.vaults


def _kept(use: AsDestination) -> tuple[str, ...]:
    managed = use.destination[OWNERSHIP] is Ownership.MANAGE
    return use.vaults if managed and use.desired.acts else ()


def _removed(use: AsDestination) -> tuple[str, ...]:
    return _kept(use) if use.desired.deletion_policy is DeletionPolicy.REMOVE_OWNED else ()


RIGHTS = (
    Right(
        "ReadSourceVaultPolicy",
        "see whether the policy of the source vault keeps recovery points in",
        AsSource,
        ("backup:GetBackupVaultAccessPolicy",),
        _vault,
        without="Row *SourceVaultPolicy* is unknown, and copies are tried.",
    ),
    Right(
        "ReadVaultPolicy",
        "see whom a vault lets copy into it",
        AsDestination,
        ("backup:GetBackupVaultAccessPolicy",),
        _vault,
    ),
    Right(
        "WriteVaultPolicy",
        "keep its one statement in the policy of a vault (`vaultPolicy: Manage`)",
        AsDestination,
        ("backup:PutBackupVaultAccessPolicy",),
        _kept,
    ),
    Right(
        "RemoveVaultPolicy",
        "remove a vault's policy in which nothing else stands, after the deletion of a policy with"
        " `deletionPolicy: RemoveOwned`",
        AsDestination,
        ("backup:DeleteBackupVaultAccessPolicy",),
        _removed,
    ),
)
