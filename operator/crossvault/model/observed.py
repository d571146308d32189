"""What AWS shows: one immutable picture for one policy, in which "not seen" is told from "not there"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from ..errors import Problem
from .declared import Account

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """AWS answered; ``None`` as value means that AWS says it does not exist."""

    value: T


@dataclass(frozen=True, slots=True)
class Unseen:
    """AWS could not be asked, or did not answer: unknown, never "missing"."""

    problem: Problem


Look: TypeAlias = Seen[T] | Unseen


@dataclass(frozen=True, slots=True)
class Organization:
    """What DescribeOrganization says."""

    id: str
    management_account_id: str


@dataclass(frozen=True, slots=True)
class AccountSight:
    """One account as seen through its role.

    Attributes:
        identity: The account id GetCallerIdentity returned, already found equal to the declared one.
        organization: None when the account is in no organization.
        cross_account_backup: The organization's isCrossAccountBackupEnabled.
    """

    account: Account
    identity: Look[str]
    organization: Look[Organization | None]
    cross_account_backup: Look[bool]


@dataclass(frozen=True, slots=True)
class Vault:
    """What DescribeBackupVault says; ``created`` tells a vault from one of the same name that was made anew."""

    arn: str
    name: str
    encryption_key_arn: str | None = None
    locked: bool = False
    min_retention_days: int | None = None
    max_retention_days: int | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What kms:DescribeKey says. ``manager`` is AWS or CUSTOMER; a usable key has ``state`` Enabled."""

    arn: str
    manager: str
    state: str


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """One row of ListRecoveryPointsByBackupVault."""

    arn: str
    resource_arn: str
    resource_type: str
    created: datetime
    status: str
    size: int = 0
    encryption_key_arn: str | None = None
    delete_at: datetime | None = None
    cold_at: datetime | None = None
    source_vault_arn: str | None = None
    parent_arn: str | None = None
    is_parent: bool = False


@dataclass(frozen=True, slots=True)
class CopyJob:
    """One row of ListCopyJobs."""

    id: str
    state: str
    source_point_arn: str
    source_vault_arn: str
    destination_vault_arn: str
    resource_arn: str
    resource_type: str
    created: datetime
    completed: datetime | None = None
    destination_point_arn: str | None = None
    message: str | None = None
    category: str | None = None
    size: int = 0
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class DestinationSight:
    """Everything seen about one destination.

    Attributes:
        policy: The vault's access policy as AWS returned it, None without one.
        vault_key: The key of the existing vault.
        wanted_key: The declared ``encryptionKey``, looked up only when the vault has to be created.
        copies: The recovery points in the destination vault, listed at ``copies_at``.
        jobs: The copy jobs of the source account to this vault, 30 days back.
    """

    name: str
    account: AccountSight
    vault: Look[Vault | None]
    policy: Look[str | None]
    vault_key: Look[Key | None]
    wanted_key: Look[Key | None]
    copies: Look[tuple[RecoveryPoint, ...]]
    jobs: Look[tuple[CopyJob, ...]]
    copies_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """One immutable picture of AWS for one policy.

    ``account_copies_in_progress`` counts the unfinished copy jobs of the source account over all policies, as far as
    they were listed. ``refused`` says why AWS would not start a copy when it was last asked to, by recovery point and
    destination vault; it is forgotten with the process.
    """

    at: datetime
    source: AccountSight
    source_vault: Look[Vault | None]
    points: Look[tuple[RecoveryPoint, ...]]
    destinations: tuple[DestinationSight, ...]
    account_copies_in_progress: int = 0
    refused: Mapping[tuple[str, str], Problem] = field(default_factory=dict)
