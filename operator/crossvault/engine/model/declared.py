"""What the manifests declare: accounts, vaults, policies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{1,27}){1,13}-[0-9]{1,2}")  # 32 characters, as in the CRDs


def is_region(text: str) -> bool:
    """Tell whether a text has the form of a Region's name; it becomes part of host names, so nothing else will do."""
    return _REGION.fullmatch(text) is not None


def partition_of(region: str) -> str:
    """Return the AWS partition a Region belongs to (``aws``, ``aws-cn`` or ``aws-us-gov``)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


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

    ``role_arn`` None means the operator's own credentials; an empty ``regions`` allows any Region that is known.
    ``namespace`` is the only one that may use it, empty where several may. ``source_identity`` asks for sessions that
    have one.
    """

    name: str
    account_id: str
    role_arn: str | None = None
    external_id: str | None = None
    session_tags: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    limits: Limits = Limits()
    namespace: str = ""
    source_identity: bool = False

    @property
    def way_in(self) -> tuple[str, str | None, str | None]:
        """What two accounts have in common that are one under two names."""
        return (self.account_id, self.role_arn, self.external_id)

    @property
    def partition(self) -> str:
        """The AWS partition the role is in; without a role, that of the first Region."""
        if self.role_arn is not None:
            return self.role_arn.split(":", 2)[1]
        return partition_of(self.regions[0]) if self.regions else "aws"


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
    # The same as sets: every recovery point of a vault is asked about, by each policy that copies between its vaults.
    _types: frozenset[str] = field(init=False, repr=False, compare=False)
    _only: frozenset[str] = field(init=False, repr=False, compare=False)
    _never: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look the lists up in constant time, however long somebody has made them."""
        object.__setattr__(self, "_types", frozenset(self.resource_types))
        object.__setattr__(self, "_only", frozenset(self.resources))
        object.__setattr__(self, "_never", frozenset(self.exclude_resources))

    def selects(self, resource_type: str, resource_arn: str) -> bool:
        """Tell whether a resource of this type is meant; what is excluded is not, although it is included."""
        if self._types and resource_type not in self._types:
            return False
        if self._only and resource_arn not in self._only:
            return False
        return resource_arn not in self._never


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far back the policy reaches; ``since`` only with mode Since."""

    mode: BackfillMode = BackfillMode.LATEST
    since: datetime | None = None


class Uncertain(StrEnum):
    """What is done about a recovery point of which it cannot be told whether it has a copy."""

    HOLD = "Hold"
    ASSUME_MISSING = "AssumeMissing"
    ASSUME_COPIED = "AssumeCopied"


@dataclass(frozen=True, slots=True)
class Copying:
    """How many copies at once, how failed ones are tried again, and what is done in doubt."""

    max_concurrent: int = 20
    max_attempts: int = 5
    backoff: timedelta = timedelta(minutes=15)
    when_uncertain: Uncertain = Uncertain.HOLD


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

    @property
    def held_by(self) -> tuple[str, ...]:
        """What would have to be declared for the policy to act, as it is written in a manifest."""
        return (
            *(("spec.suspend: false",) if self.suspend else ()),
            *(("spec.mode: Enforce",) if self.mode is Mode.OBSERVE else ()),
        )

    @property
    def acts(self) -> bool:
        """Whether the policy may change anything in AWS: decided here, asked everywhere."""
        return not self.held_by

    def acting(self) -> Desired:
        """Return the same policy as it would be if nothing held it back."""
        return replace(self, mode=Mode.ENFORCE, suspend=False)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who copies out of the AWS account that a policy copies out of.

    Attributes:
        namespaces: In so many namespaces there are policies that do, its own included.
        vaults: Between which vaults those of its own namespace declare to, suspended ones included: ARNs of source and
            destination.
    """

    namespaces: int = 1
    vaults: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a policy declares for its copies between two vaults, as others that do the same see it.

    Attributes:
        vaults: ARNs of the source and of the destination vault.
        lifecycle: How long copies are to live.
        acts: It is neither suspended nor only observing, so that copies can be left to it.
        scope, backfill, created: Which recovery points it means.
        account_id: The AWS account that it copies out of.
    """

    key: PolicyKey
    vaults: tuple[str, str]
    lifecycle: Lifecycle | None
    acts: bool = True
    scope: Scope = Scope()
    backfill: Backfill = Backfill(BackfillMode.ALL)
    created: datetime | None = None
    account_id: str = ""
