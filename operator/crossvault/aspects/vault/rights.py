"""What the looks at vaults and their keys, and the creation of a vault, need to be allowed."""

from __future__ import annotations

from typing import Any, TypeVar

from ...engine.declared import partition_of
from ...engine.rights import AsDestination, AsSource, Condition, Right, keys_of
from .declared import CREATION, LOCK, Creation

U = TypeVar("U", AsSource, AsDestination)

_WITHOUT_DESCRIPTION = "A vault of which the list leaves something out is unknown."


def _vault(use: AsSource | AsDestination) -> tuple[str, ...]:
    return use.vaults


def _creation(use: AsSource | AsDestination) -> Creation:
    return use.desired[CREATION] if isinstance(use, AsSource) else use.destination[CREATION]


def _created(use: AsSource | AsDestination) -> tuple[str, ...]:
    return use.vaults if _creation(use).create and use.desired.acts else ()


def _created_standard(use: AsSource | AsDestination) -> tuple[str, ...]:
    return () if _creation(use).air_gapped else _created(use)


def _created_air_gapped(use: AsDestination) -> tuple[str, ...]:
    return _created(use) if _creation(use).air_gapped else ()


def _storage(use: AsSource | AsDestination) -> tuple[str, ...]:
    return ("*",) if _created(use) else ()


def _locked(use: AsDestination) -> tuple[str, ...]:
    return use.vaults if use.destination[LOCK] is not None and use.desired.acts else ()


def _in_governance_mode(use: AsDestination) -> Condition:
    """Return the conditions under which no lock becomes one for ever, nor asks for less than is declared.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html
    """
    lock = use.destination[LOCK]
    least = {"NumericGreaterThanEquals": {"backup:MinRetentionDays": str(lock.least)}} if lock is not None else {}
    return {"Null": {"backup:ChangeableForDays": "true"}, **least}


def creation_keys(use: AsSource | AsDestination) -> tuple[str, ...]:
    """Return the key that a vault is created with; for an alias all, of which a condition leaves that one."""
    key = _creation(use).encryption_key
    if key is None or not _created(use):
        return ()
    if "alias/" in key:
        return keys_of(use)
    name = key.rsplit("/", 1)[-1]
    return (f"arn:{partition_of(use.region)}:kms:{use.region}:{use.account.account_id}:key/{name}",)


def _named(use: AsSource | AsDestination) -> Condition:
    """Return the condition that the key is the one behind the declared alias.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    place = (_creation(use).encryption_key or "").find("alias/")
    if place < 0:
        return {}
    alias = (_creation(use).encryption_key or "")[place:]
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]}}


def _for_backup(use: AsSource | AsDestination) -> Condition:
    """Return the conditions under which AWS's own policy AWSBackupFullAccess lets a vault take its grant."""
    any_value = {"kms:EncryptionContextKeys": ["aws:backup:backup-vault"]}
    return {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "ForAnyValue:StringEquals": any_value | dict(_named(use).get("ForAnyValue:StringEquals", {})),
        "StringLike": {"kms:ViaService": ["backup.*.amazonaws.com"]},
    }


def _creating(use: type[U], what: str) -> tuple[Right[U], ...]:
    """Return what the creation of a standard vault takes."""
    action = "backup:CreateBackupVault"
    return (
        Right("CreateVault", f"create {what}", use, (action,), _created_standard),
        Right("TagVault", "tag the vault that it creates", use, ("backup:TagResource",), _created, besides=action),
        Right(
            "MountCapsule",
            "have AWS Backup make storage for the vault",
            use,
            ("backup-storage:MountCapsule",),
            _storage,
            besides=action,
        ),
        Right(
            "UseKey",
            "create the vault with its key",
            use,
            ("kms:GenerateDataKey",),
            creation_keys,
            _named,
            besides=action,
        ),
        Right(
            "GrantKey",
            "let AWS Backup take a grant on the vault's key",
            use,
            ("kms:CreateGrant",),
            creation_keys,
            _for_backup,
            besides=action,
        ),
    )


RIGHTS: tuple[Right[Any], ...] = (
    Right("ListVaults", "see which vaults there are", AsSource, ("backup:ListBackupVaults",)),
    Right(
        "ReadVault",
        "see a vault of which the list leaves something out",
        AsSource,
        ("backup:DescribeBackupVault",),
        _vault,
        without=_WITHOUT_DESCRIPTION,
    ),
    Right("ListVaults", "see which vaults there are", AsDestination, ("backup:ListBackupVaults",)),
    Right(
        "ReadVault",
        "see a vault before it is created or locked, and one of which the list leaves something out",
        AsDestination,
        ("backup:DescribeBackupVault",),
        _vault,
        without=_WITHOUT_DESCRIPTION,
    ),
    Right("ReadVaultKeys", "see which key a vault has, or is to have", AsDestination, ("kms:DescribeKey",), keys_of),
    *_creating(AsDestination, "a destination vault (`vault.create: true`)"),
    Right(
        "CreateAirGappedVault",
        "create a logically air-gapped one (`vault.kind: LogicallyAirGapped`)",
        AsDestination,
        ("backup:CreateLogicallyAirGappedBackupVault",),
        _created_air_gapped,
    ),
    *_creating(AsSource, "the source vault (`source.vault.create: true`)"),
    Right(
        "LockVault",
        "keep the lock of the vault in governance mode (`vault.lock`); the condition keeps it from one for ever",
        AsDestination,
        ("backup:PutBackupVaultLockConfiguration",),
        _locked,
        _in_governance_mode,
    ),
)
