"""The schema of world files.

Everything that grants something is written out: there are no silent defaults for policies or trust.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from ..records import regions
from ..records.resource_types import TYPES
from ..services.backup.backups import continuous
from .fault_parts import EventsPart, FaultPart, OutcomePart
from .identity_parts import GroupPart, ManagedPolicyPart, OidcProviderPart, RolePart, UserPart
from .organization_parts import OrganizationPart
from .part import AccountId, Part, PolicyDocument, Region, ResourceType
from .resource_parts import ResourcePart
from .units import Bytes, Seconds, SignedSeconds

KeyId = Annotated[str, Field(pattern=r"^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]
VaultName = Annotated[str, Field(pattern=r"^([a-zA-Z0-9_-]{2,50}|aws/efs/automatic-backup-vault)$")]
MOST_DAYS = 36_500
"""The longest retention that AWS Backup takes."""
MOST_POINTS = 5_000_000
"""How many recovery points one part may generate."""


class ClockPart(Part):
    """Where virtual time starts and how fast it runs."""

    start: dt.datetime | Literal["now"] = "now"
    rate: float = Field(default=1.0, gt=0, le=1_000_000)
    sessions: Literal["virtual", "wall"] = "virtual"
    frozen: bool = False
    skew: SignedSeconds = 0.0
    """How far the server's wall clock, by which signatures are judged, is ahead of the clients'."""

    @model_validator(mode="after")
    def _with_dates_to_come(self) -> ClockPart:
        if isinstance(self.start, dt.datetime) and not 1900 <= self.start.year < 9000:
            raise ValueError("start lies between the years 1900 and 9000")
        return self


class DurationsPart(Part):
    """How long things take in virtual time.

    `principals` and `selections`: how long all but IAM do not know a new user or role, and AWS Backup not a selection.
    """

    created: Seconds = 5.0
    running: Seconds = 60.0
    toggle_off: Seconds = 900.0
    job_history: Seconds = 30 * 86_400.0
    idempotency: Seconds = 86_400.0
    deleting: Seconds = 60.0
    expiry_window: Seconds = 8 * 3600.0
    principals: Seconds = 0.0
    selections: Seconds = 0.0
    creating_account: Seconds = 60.0
    closing_account: Seconds = 60.0
    closed_account: Seconds = 90 * 86_400.0
    running_by_type: dict[str, Seconds] = {}


class LimitsPart(Part):
    """Quotas on concurrent copies, and on accounts.

    `beyond_resource`: whether the 31st copy of a resource waits or fails.
    """

    copies_per_region: int = Field(default=100, ge=1)
    copies_per_vault: int = Field(default=5, ge=0)
    copies_per_resource: int = Field(default=30, ge=1)
    rds_copies_per_region: int = Field(default=20, ge=1)
    fsx_copies_per_region: int = Field(default=5, ge=1)
    beyond_resource: Literal["wait", "fail"] = "wait"
    accounts_per_organization: int = Field(default=10, ge=1)


class KeyPart(Part):
    """A customer managed KMS key; without a policy it has KMS's default policy (the account decides).

    With `replicas` it is a multi-Region key; those have its policy, state and aliases.
    """

    region: Region
    id: KeyId | None = None
    aliases: list[Annotated[str, Field(pattern=r"^alias/[a-zA-Z0-9:/_-]+$")]] = []
    policy: PolicyDocument | None = None
    state: Literal["Enabled", "Disabled", "PendingDeletion"] = "Enabled"
    replicas: list[Region] = []


class LifecyclePart(Part):
    """Retention in days."""

    move_to_cold_after_days: int | None = Field(default=None, ge=-1, le=MOST_DAYS)
    delete_after_days: int | None = Field(default=None, ge=-1, le=MOST_DAYS)
    archive_opt_in: bool | None = None


class PointsPart(Part):
    """What explicit and generated recovery points share."""

    resource_type: ResourceType
    size: Bytes = 10 * 2**30
    key: str | None = None
    advanced: bool = True
    status: Literal["COMPLETED", "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING"] = "COMPLETED"
    continuous: bool = False
    storage_class: Literal["WARM", "COLD"] = "WARM"
    lifecycle: LifecyclePart = LifecyclePart()
    tags: dict[str, str] = {}
    marketplace: bool = False
    options: list[str] = []
    parent: str | None = None
    member: str | None = None
    is_parent: bool = False

    @model_validator(mode="after")
    def _possible(self) -> PointsPart:
        if self.continuous and self.resource_type not in continuous.TYPES:
            raise ValueError(f"continuous are only {', '.join(sorted(continuous.TYPES))}")
        if self.storage_class == "COLD" and not TYPES[self.resource_type].cold:
            raise ValueError(f"there is no cold storage for {self.resource_type}")
        return self


class PointPart(PointsPart):
    """One recovery point: `resource` is a name or an ARN, `age` counts back from the world's start."""

    resource: str
    age: Seconds = 0.0
    arn: str | None = None


class GeneratePart(PointsPart):
    """Recovery points in bulk: so many resources, a point every so often, reaching back so far."""

    resources: int = Field(ge=1, le=MOST_POINTS)
    name: str
    every: Seconds = Field(gt=0)
    back: Seconds
    offset: Seconds = 0.0

    @model_validator(mode="after")
    def _countable(self) -> GeneratePart:
        if self.back / self.every >= MOST_POINTS or self.resources * self.steps > MOST_POINTS:
            raise ValueError(f"more than {MOST_POINTS} recovery points in one part")
        return self

    @property
    def steps(self) -> int:
        """How many recovery points each resource has; 0.3s are three times 0.1s here, which binary fractions deny."""
        return int(round(self.back / self.every, 6)) + 1


class LockPart(Part):
    """Vault lock: `cooling_off` given means compliance mode."""

    min_days: int | None = None
    max_days: int | None = None
    cooling_off: Seconds | None = None


class VaultPart(Part):
    """A backup vault; `key` is an alias, a key id or a key ARN of the same account, or absent for aws/backup.

    An air-gapped vault has lock bounds of both kinds and may do without a key.
    """

    region: Region
    name: VaultName
    air_gapped: bool = False
    key: str | None = None
    policy: PolicyDocument | None = None
    lock: LockPart | None = None
    tags: dict[str, str] = {}
    recovery_points: list[PointPart] = []
    generate: list[GeneratePart] = []

    @model_validator(mode="after")
    def _bounded(self) -> VaultPart:
        if self.air_gapped and (self.lock is None or self.lock.min_days is None or self.lock.max_days is None):
            raise ValueError("an air-gapped vault needs lock bounds: min_days and max_days")
        return self


class AccountPart(Part):
    """One AWS account; `service_linked_role` says that AWSServiceRoleForBackup is there from the start."""

    id: AccountId
    name: str
    email: str | None = None
    service_linked_role: bool = False
    users: list[UserPart] = []
    groups: list[GroupPart] = []
    roles: list[RolePart] = []
    policies: list[ManagedPolicyPart] = []
    oidc_providers: list[OidcProviderPart] = []
    keys: list[KeyPart] = []
    resources: list[ResourcePart] = []
    vaults: list[VaultPart] = []
    allowed_amis: list[str] | None = None
    disabled_regions: list[Region] = []

    @model_validator(mode="after")
    def _regions_to_opt_into(self) -> AccountPart:
        if always := [name for name in self.disabled_regions if name not in regions.OPT_IN]:
            raise ValueError(f"no Region to opt into, which nobody can disable: {', '.join(always)}")
        return self


class World(Part):
    """A whole world."""

    version: Literal[1]
    seed: int = 1
    clock: ClockPart = ClockPart()
    durations: DurationsPart = DurationsPart()
    limits: LimitsPart = LimitsPart()
    organization: OrganizationPart | None = None
    organizations: list[OrganizationPart] = []
    accounts: list[AccountPart] = Field(min_length=1)
    _origin: tuple[str, Any] | None = PrivateAttr(default=None)
    events: EventsPart = EventsPart()
    faults: list[FaultPart] = []
    outcomes: list[OutcomePart] = []

    @property
    def all_organizations(self) -> list[OrganizationPart]:
        """The organizations, whichever way they are written."""
        return [part for part in (self.organization, *self.organizations) if part is not None]

    @property
    def origin(self) -> tuple[str, Any] | None:
        """File and YAML node it was read from, for messages; None when it was made otherwise."""
        return self._origin

    def read_from(self, source: str, node: object) -> None:
        """Remember file and YAML node."""
        self._origin = (source, node)

    @model_validator(mode="after")
    def _consistent(self) -> World:
        ids = [account.id for account in self.accounts]
        if twice := _twice(ids):
            raise ValueError(f"two accounts have the same id: {twice}")
        members = [one for part in self.all_organizations for one in (part.management, *part.members)]
        if strangers := set(members) - set(ids):
            raise ValueError(f"the organization names accounts that do not exist: {', '.join(sorted(strangers))}")
        for part in self.all_organizations:
            if part.strangers:
                raise ValueError(f"no members of {part.id}: {', '.join(sorted(part.strangers))}")
        if twice := _twice(members):
            raise ValueError(f"an account is in two organizations, or twice in one: {twice}")
        if twice := _twice([part.id for part in self.all_organizations]):
            raise ValueError(f"two organizations have the same id: {twice}")
        keys = [user.access_key.id for account in self.accounts for user in account.users]
        if twice := _twice(keys):
            raise ValueError(f"two users have the same access key id: {twice}")
        return self


def _twice(names: list[str]) -> str:
    """The names that stand there more than once."""
    return ", ".join(name for name, times in collections.Counter(names).items() if times > 1)


@functools.cache
def field_names() -> frozenset[str]:
    """The names of all fields that any part of a world has, to guess what a misspelt one means."""
    definitions = World.model_json_schema()
    parts = [definitions, *definitions["$defs"].values()]
    return frozenset(name for part in parts for name in part.get("properties", ()))


def as_json_schema() -> dict[str, Any]:
    """The JSON schema of world files, for editors; it cannot say everything that is checked here."""
    found = World.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "backup-simulator world"} | found
