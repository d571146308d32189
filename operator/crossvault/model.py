"""The values every layer shares: what is declared, what was seen, what is to be done.

All are frozen. Desired comes from the manifests, Observed from AWS, and nothing here knows how either is obtained.
Times are timezone-aware; sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from .errors import Problem
from .reasons import Reason

T = TypeVar("T")


def partition_of(region: str) -> str:
    """Return the AWS partition a Region belongs to (``aws``, ``aws-cn`` or ``aws-us-gov``)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


# --- Looking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """AWS answered; ``None`` as value means that AWS says it does not exist."""

    value: T


@dataclass(frozen=True, slots=True)
class Unseen:
    """AWS could not be asked, or did not answer: unknown, never "missing"."""

    problem: Problem


Look: TypeAlias = Seen[T] | Unseen


# --- Declared ------------------------------------------------------------------------------------------------------


class Mode(StrEnum):
    """Whether a policy acts or only reports."""

    ENFORCE = "Enforce"
    OBSERVE = "Observe"


class Ownership(StrEnum):
    """Whether an aspect is kept as declared or only checked."""

    MANAGE = "Manage"
    CHECK = "Check"


class DeletionPolicy(StrEnum):
    """What happens in AWS when the policy object is deleted."""

    RETAIN = "Retain"
    REMOVE_OWNED = "RemoveOwned"


class BackfillMode(StrEnum):
    """Which recovery points older than the policy are in scope."""

    NONE = "None"
    LATEST = "Latest"
    SINCE = "Since"
    ALL = "All"


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one account, shared by all policies."""

    reads_per_second: float = 5.0
    starts_per_second: float = 1.0
    max_concurrent_copies: int = 80


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account and how to enter it, as a BackupAccount declares it.

    ``role_arn`` None means the operator's own credentials; an empty ``regions`` allows any Region.
    """

    name: str
    account_id: str
    role_arn: str | None = None
    external_id: str | None = None
    session_tags: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class VaultRef:
    """Where a backup vault is, or has to be."""

    account: Account
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The ARN AWS gives a vault of this name."""
        partition = partition_of(self.region)
        return f"arn:{partition}:backup:{self.region}:{self.account.account_id}:backup-vault:{self.name}"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """AWS Backup's Lifecycle; ``None`` leaves the member out of the request."""

    move_to_cold_storage_after_days: int | None = None
    delete_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """One vault that has to hold a copy of every recovery point in scope."""

    name: str
    vault: VaultRef
    create: bool = False
    encryption_key: str | None = None
    vault_policy: Ownership = Ownership.MANAGE
    lifecycle: Lifecycle | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which recovery points of the source vault are meant. Empty tuples mean "all"."""

    resource_types: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    exclude_resources: tuple[str, ...] = ()
    min_remaining_days: int = 1


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far back the policy reaches; ``since`` only with mode Since."""

    mode: BackfillMode = BackfillMode.LATEST
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Copying:
    """How many copies at once, and how failed ones are tried again."""

    max_concurrent: int = 20
    max_attempts: int = 5
    backoff: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """Which CrossAccountBackupPolicy this is about."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Desired:
    """What one policy wants, parsed and with its accounts resolved.

    Attributes:
        created: When the policy object was created; None where there is no cluster.
        deleting: The object is being deleted: nothing is wanted any more.
    """

    key: PolicyKey
    source: VaultRef
    copy_role_arn: str
    destinations: tuple[Destination, ...]
    generation: int = 1
    created: datetime | None = None
    deleting: bool = False
    mode: Mode = Mode.ENFORCE
    suspend: bool = False
    scope: Scope = Scope()
    backfill: Backfill = Backfill()
    copying: Copying = Copying()
    max_copy_lag: timedelta | None = None
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN


# --- Observed ------------------------------------------------------------------------------------------------------


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
    """What DescribeBackupVault says."""

    arn: str
    name: str
    encryption_key_arn: str | None = None
    locked: bool = False
    min_retention_days: int | None = None
    max_retention_days: int | None = None


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
    they were listed.
    """

    at: datetime
    source: AccountSight
    source_vault: Look[Vault | None]
    points: Look[tuple[RecoveryPoint, ...]]
    destinations: tuple[DestinationSight, ...]
    account_copies_in_progress: int = 0


# --- To do ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateVault:
    """Create the destination vault with its customer managed key."""

    destination: str
    vault: VaultRef
    key_arn: str


@dataclass(frozen=True, slots=True)
class PutVaultPolicy:
    """Replace the vault policy ``expected`` by ``document``; they differ in our one statement only.

    A ``document`` of None removes the policy, which is planned only when nothing but our statement stood in it.
    """

    destination: str
    vault: VaultRef
    expected: str | None
    document: str | None
    sid: str
    foreign_statements: int = 0


@dataclass(frozen=True, slots=True)
class StartCopy:
    """Start one copy job in the source account. ``token`` makes the request safe to repeat."""

    destination: str
    point: RecoveryPoint
    source: VaultRef
    destination_vault_arn: str
    role_arn: str
    lifecycle: Lifecycle | None
    token: str


Action: TypeAlias = CreateVault | PutVaultPolicy | StartCopy


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one action; ``problem`` None means that AWS accepted it."""

    action: Action
    problem: Problem | None = None


# --- Judged --------------------------------------------------------------------------------------------------------


class State(StrEnum):
    """The state of one recovery point towards one destination."""

    COPIED = "copied"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    MISSING = "missing"
    FAILED = "failed"
    INELIGIBLE = "ineligible"
    OUT_OF_SCOPE = "out_of_scope"


GAP_STATES = frozenset({State.IN_PROGRESS, State.WAITING, State.MISSING, State.FAILED})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one recovery point stands towards one destination, and why.

    Attributes:
        attempts: Failed copy jobs AWS shows for the pair; part of the idempotency token.
        retry_at: When a failed copy may be tried again; None when only a person can help.
        needs_action: A person has to act before this point can be copied.
    """

    point: RecoveryPoint
    state: State
    reason: Reason | None = None
    job: CopyJob | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    needs_action: bool = False
    message: str | None = None


class PrerequisiteStatus(StrEnum):
    """Met, not met, or not looked at."""

    MET = "Met"
    UNMET = "Unmet"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing AWS needs before a copy can work.

    ``blocks`` says that no copy is started while this row is not met.
    """

    name: str
    destination: str
    status: PrerequisiteStatus
    reason: Reason
    message: str
    remedy: str = ""
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """One aspect that AWS has otherwise than declared."""

    destination: str
    aspect: str
    path: str
    desired: str
    observed: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass would do, as data. The order of ``actions`` is the order of execution."""

    actions: tuple[Action, ...] = ()
    drift: tuple[Drift, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    standings: dict[str, tuple[Standing, ...]] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event to post; ``type`` is Normal or Warning."""

    type: str
    reason: Reason
    message: str
