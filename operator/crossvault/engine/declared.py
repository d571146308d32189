"""What the manifests declare, as far as every room speaks of it: accounts, vaults, policies and their sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from .parts import NONE, Part, Parts

T = TypeVar("T")

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{1,27}){1,13}-[0-9]{1,2}")  # 32 characters, as in the CRDs


def is_region(text: str) -> bool:
    """Tell whether a text has the form of a Region's name; it becomes part of host names, so nothing else will do."""
    return _REGION.fullmatch(text) is not None


def account_of(arn: str) -> str:
    """Return the account an ARN names; empty where it names none, as those of snapshots do."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


def region_of(arn: str) -> str:
    """Return the Region an ARN names; empty where it names none."""
    parts = arn.split(":", 4)
    return parts[3] if len(parts) > 4 else ""


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


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one account, shared by all policies."""

    reads_per_second: float = 5.0
    starts_per_second: float = 1.0
    max_concurrent_copies: int = 80


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One value in a Secret of the operator's own namespace."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account and how to enter it, as a BackupAccount declares it.

    ``role_arn`` None means the operator's own credentials; an empty ``regions`` allows any Region that is known.
    ``namespace`` is the only one that may use it, empty where several may. ``source_identity`` asks for sessions that
    have one. The External ID is given, or read from ``external_id_ref`` when the role is assumed.
    ``makes_service_role`` has AWS Backup's service-linked role made where a key waits for it.
    """

    name: str
    account_id: str
    role_arn: str | None = None
    external_id: str | None = None
    external_id_ref: SecretKey | None = None
    session_tags: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    limits: Limits = Limits()
    namespace: str = ""
    source_identity: bool = False
    makes_service_role: bool = False

    @property
    def way_in(self) -> tuple[str, str | None, str | SecretKey | None]:
        """What two accounts have in common that are one under two names."""
        return (self.account_id, self.role_arn, self.external_id or self.external_id_ref)

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
class Destination:
    """One vault that has to hold a copy of every recovery point in scope.

    ``parts`` is what is declared of each aspect.
    """

    name: str
    vault: VaultRef
    parts: Parts = NONE

    def __getitem__(self, part: Part[T]) -> T:
        """Return what a room declares."""
        return self.parts[part]

    def having(self, part: Part[T], value: T) -> Destination:
        """Return the same destination with something else declared."""
        return replace(self, parts=self.parts.having(part, value))


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


EVERYTHING = Scope()
"""All recovery points."""


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
        parts: What each room declares of the policy as a whole.
    """

    key: PolicyKey
    source: VaultRef
    destinations: tuple[Destination, ...]
    generation: int = 1
    created: datetime | None = None
    deleting: bool = False
    mode: Mode = Mode.ENFORCE
    suspend: bool = False
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN
    scope: Scope = EVERYTHING
    parts: Parts = NONE

    def __getitem__(self, part: Part[T]) -> T:
        """Return what a room declares."""
        return self.parts[part]

    def having(self, part: Part[T], value: T) -> Desired:
        """Return the same policy with something else declared."""
        return replace(self, parts=self.parts.having(part, value))

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
