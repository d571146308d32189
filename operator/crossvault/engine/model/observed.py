"""What AWS shows: one immutable picture for one policy, in which "not seen" is told from "not there"."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from ...words.problems import Problem
from .declared import Account, Lifecycle

T = TypeVar("T")

ENDED_STATES = frozenset({"COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED"})
"""States a copy job never leaves. Every other one, also one that AWS has yet to invent, may still bring a copy."""

ENDED_WELL = frozenset({"COMPLETED", "PARTIAL"})

AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
AWS_OWNED, CUSTOMER_MANAGED = "AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY"

LONGEST_RETENTION = 36_500
"""Days, as AWS Backup counts at most."""


def account_of(arn: str) -> str:
    """Return the account an ARN names; empty where it names none, as those of snapshots do."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """AWS answered; ``None`` as value means that AWS says it does not exist."""

    value: T


@dataclass(frozen=True, slots=True)
class Unseen:
    """AWS could not be asked, or did not answer: unknown, never "missing"."""

    problem: Problem


Look: TypeAlias = Seen[T] | Unseen
WriteKey: TypeAlias = tuple[Hashable, ...]
"""What makes a write the same as one that was refused: what is asked, of whom, in the place of what."""


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
        cross_account_backup: The organization's isCrossAccountBackupEnabled; None where it is not asked, as for
            destinations, whose organization the source's answer is about.
    """

    account: Account
    identity: Look[str]
    organization: Look[Organization | None]
    cross_account_backup: Look[bool] | None


@dataclass(frozen=True, slots=True)
class Vault:
    """What DescribeBackupVault says.

    ``kind`` is its VaultType; ``key_type`` its EncryptionKeyType, which tells a key that AWS owns from all others;
    ``created`` tells a vault from one of the same name that was made anew.
    """

    arn: str
    name: str
    encryption_key_arn: str | None = None
    locked: bool = False
    min_retention_days: int | None = None
    max_retention_days: int | None = None
    kind: str = ""
    key_type: str = ""
    created: datetime | None = None

    @property
    def air_gapped(self) -> bool:
        """Whether it is logically air-gapped: its lock cannot be undone, its key may belong to AWS."""
        return self.kind == AIR_GAPPED

    @property
    def own_key_arn(self) -> str | None:
        """The key when it is one of the vault's account; of a key of somebody else KMS tells nothing to us."""
        arn = self.encryption_key_arn
        return arn if arn is not None and account_of(arn) == account_of(self.arn) else None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Days of retention that the lock allows, least and most; None without a lock.

        An air-gapped vault always has both. https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
        """
        if not self.locked and not self.air_gapped:
            return None
        return self.min_retention_days or 1, self.max_retention_days or LONGEST_RETENTION


@dataclass(frozen=True, slots=True)
class Key:
    """What kms:DescribeKey says. ``manager`` is AWS or CUSTOMER; a usable key has ``state`` Enabled."""

    arn: str
    manager: str
    state: str


@dataclass(frozen=True, slots=True)
class Role:
    """What iam:GetRole says; ``trust`` is its AssumeRolePolicyDocument, parsed."""

    arn: str
    trust: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """One row of ListRecoveryPointsByBackupVault.

    Attributes:
        delete_after_days: The Lifecycle's DeleteAfterDays, which copies inherit; None for a point that is kept.
        encrypted: None when AWS does not say.
    """

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
    delete_after_days: int | None = None
    encrypted: bool | None = None


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
    delete_after_days: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the job may still bring a copy: decided here, asked everywhere."""
        return self.state not in ENDED_STATES

    @property
    def ended_well(self) -> bool:
        """Whether the job left a copy behind, or the parts of one."""
        return self.state in ENDED_WELL


@dataclass(frozen=True, slots=True)
class DestinationSight:
    """Everything seen about one destination.

    Attributes:
        policy: The vault's access policy as AWS returned it, None without one.
        vault_key: The key of the existing vault.
        wanted_key: The declared ``encryptionKey``, looked up only when the vault has to be created.
        copies: The recovery points in the destination vault, listed at ``copies_at``.
        jobs: The copy jobs of the source account to this vault, 30 days back.
        source_path: The source account's place in its organization (``o-1/r-1/ou-1/``), empty for none; asked only
            where the policy speaks of it, else None.
        vault_path: The place of the vault's account, likewise.
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
    source_path: Look[str] | None = None
    vault_path: Look[str] | None = None

    @property
    def settings(self) -> tuple[Look[Any], ...]:
        """The looks from which it is told whether the destination is as declared."""
        return self.vault, self.policy

    @property
    def contents(self) -> tuple[Look[Any], ...]:
        """The looks from which it is told what has been copied to the destination."""
        return self.copies, self.jobs


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything on which AWS's answer to one request for a copy hangs: the request, and the point as it was."""

    status: str
    cold_at: datetime | None
    delete_at: datetime | None
    lifecycle: Lifecycle | None
    role_arn: str

    @classmethod
    def of(cls, point: RecoveryPoint, lifecycle: Lifecycle | None, role_arn: str) -> Asked:
        """Return what would be asked for a recovery point now."""
        return cls(point.status, point.cold_at, point.delete_at, lifecycle, role_arn)


@dataclass(frozen=True, slots=True)
class Refusal:
    """AWS would not start a copy: why, when it said so last, what it was asked, and how often in a row."""

    problem: Problem
    at: datetime
    asked: Asked
    times: int = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What is compared to tell which recovery points of one destination lack their copy."""

    points: tuple[RecoveryPoint, ...]
    copies: tuple[RecoveryPoint, ...]
    jobs: tuple[CopyJob, ...]


@dataclass(frozen=True, slots=True)
class RefusedWrite:
    """Why AWS refused a write when it was last asked, and when it is asked again."""

    problem: Problem
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class RunningCopy:
    """An unfinished copy job of an account, as far as it matters to who shares the account.

    Attributes:
        vaults: ARNs of source and destination vault.
        namespace: For which namespace this process started it; empty when it did not.
    """

    vaults: tuple[str, str]
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """One immutable picture of AWS for one policy.

    Attributes:
        copy_role: The role that AWS Backup assumes for copies, None when there is none.
        account_copies_in_progress: The unfinished copy jobs of the source account over all policies, as far as they
            were listed.
        copies_in_progress: How many of them are alike.
        source_keys: What KMS says of the keys that recovery points of the source vault are encrypted with, by ARN;
            those of other accounts are not asked about.
        refused: Why AWS would not start a copy when it was last asked to, by recovery point and destination vault;
            forgotten with the process.
        refused_writes: Why AWS refused to create a vault or to take its policy, and when it is asked again; forgotten
            with the process.
    """

    at: datetime
    source: AccountSight
    source_vault: Look[Vault | None]
    copy_role: Look[Role | None]
    points: Look[tuple[RecoveryPoint, ...]]
    destinations: tuple[DestinationSight, ...]
    account_copies_in_progress: int = 0
    copies_in_progress: Mapping[RunningCopy, int] = field(default_factory=dict)
    source_keys: Mapping[str, Look[Key | None]] = field(default_factory=dict)
    refused: Mapping[tuple[str, str], Refusal] = field(default_factory=dict)
    refused_writes: Mapping[WriteKey, RefusedWrite] = field(default_factory=dict)

    @property
    def problem(self) -> Problem | None:
        """What first keeps the picture from being whole, in the order of the rows; None when it is whole."""
        looks: list[Look[Any]] = [self.source.identity, self.source_vault, self.points]
        for each in self.destinations:
            looks += [each.account.identity, *each.settings, *each.contents]
        return next((look.problem for look in looks if isinstance(look, Unseen)), None)

    def contents(self, sight: DestinationSight) -> Contents | None:
        """Return what lies in both vaults, and the jobs between them; None unless all three were seen."""
        if isinstance(self.points, Unseen) or isinstance(sight.copies, Unseen) or isinstance(sight.jobs, Unseen):
            return None
        return Contents(self.points.value, sight.copies.value, sight.jobs.value)
