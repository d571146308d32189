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
from .identity_parts import ManagedPolicyPart, OidcProviderPart, RolePart, UserPart
from .organization_parts import OrganizationPart
from .part import AccountId, Part, PolicyDocument, Region, ResourceType
from .resource_parts import ResourcePart
from .units import Bytes, Seconds, SignedSeconds

KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
VaultName = Annotated[str, Field(pattern=r"^([a-zA-Z0-9_-]{2,50}|aws/efs/automatic-backup-vault)$")]
MOST_DAYS = 36_500
"""The longest retention that AWS Backup takes."""
MOST_POINTS = 5_000_000
"""How many recovery points one part may generate."""


class ClockPart(Part):
    """Where virtual time starts and how fast it runs."""

    start: dt.datetime | Literal["now"] = "now"
    """When virtual time starts, with its zone: `2026-03-01T00:00:00Z`; `now` is the moment of loading."""
    rate: float = Field(default=1.0, gt=0, le=1_000_000)
    """Virtual seconds that pass in a real one: 60 lets a minute pass in a second."""
    sessions: Literal["virtual", "wall"] = "virtual"
    """`wall` lets sessions last their hour in real time whatever the rate, `virtual` in virtual time."""
    frozen: bool = False
    """Whether virtual time stands still until it is moved."""
    skew: SignedSeconds = 0.0
    """How far AWS's clock is ahead of the clients' when it judges signatures: `20m`, `-20m`."""

    @model_validator(mode="after")
    def _with_dates_to_come(self) -> ClockPart:
        if isinstance(self.start, dt.datetime) and not 1900 <= self.start.year < 9000:
            raise ValueError("start lies between the years 1900 and 9000")
        return self


class DurationsPart(Part):
    """How long things take in virtual time."""

    created: Seconds = 5.0
    """How long a job is CREATED, and a new vault on its way."""
    running: Seconds = 60.0
    """How long a job is RUNNING."""
    toggle_off: Seconds = 900.0
    """How long copies still start after cross-account backup was switched off."""
    job_history: Seconds = 30 * 86_400.0
    """How long jobs are listed after their end."""
    idempotency: Seconds = 86_400.0
    """How long an idempotency token gives the job that it made before."""
    deleting: Seconds = 60.0
    """How long a recovery point is DELETING."""
    expiry_window: Seconds = 8 * 3600.0
    """Within which time after the end of its retention a recovery point goes."""
    principals: Seconds = 0.0
    """How long all but IAM do not know a new user or role; in AWS up to two minutes."""
    selections: Seconds = 0.0
    """How long AWS Backup does not know a new selection of a plan; in AWS up to two minutes."""
    creating_account: Seconds = 60.0
    """How long CreateAccount is IN_PROGRESS."""
    closing_account: Seconds = 60.0
    """How long a closed account is PENDING_CLOSURE."""
    closed_account: Seconds = 90 * 86_400.0
    """How long a closed account is SUSPENDED after that, before it is CLOSED."""
    running_by_type: dict[str, Seconds] = {}
    """How long jobs of a resource type are RUNNING, where it is not `running`: `{RDS: 10m}`."""


class LimitsPart(Part):
    """Quotas on concurrent copies, and on accounts."""

    copies_per_region: int = Field(default=100, ge=1)
    """Copies of types that AWS Backup manages in full at once, out of an account into a Region."""
    copies_per_vault: int = Field(default=5, ge=0)
    """How many of them a vault runs even when its Region is full."""
    copies_per_resource: int = Field(default=30, ge=1)
    """Unfinished copies of one resource."""
    rds_copies_per_region: int = Field(default=20, ge=1)
    """Copies of RDS, Aurora, DocumentDB and Neptune at once into one Region."""
    fsx_copies_per_region: int = Field(default=5, ge=1)
    """Copies of FSx at once into one Region."""
    beyond_resource: Literal["wait", "fail"] = "wait"
    """Whether one copy more than `copies_per_resource` waits or fails."""
    accounts_per_organization: int = Field(default=10, ge=1)
    """Accounts that an organization has before CreateAccount and invitations are refused."""


class CopiesPart(Part):
    """How copies are written down. AWS documents the defaults, and nobody has published a row; the rest is what-if."""

    date: Literal["source", "second", "copy", "hour"] = "source"
    """CreationDate of a copy: its source's, that cut to the second or the hour, or when the copy was made."""
    origin: Literal["immediate", "first", "null"] = "immediate"
    """SourceBackupVaultArn of a copy: the vault it was copied from, the one where its chain began, or none."""
    resource: Literal["source", "absent", "other"] = "source"
    """ResourceArn of a copy: its source's, none, or another one."""
    job_arn: Literal["listed", "other"] = "listed"
    """DestinationRecoveryPointArn of a job: as the destination lists its copy, or otherwise."""


class KeyPart(Part):
    """A customer managed KMS key."""

    region: Region
    """The Region of the key."""
    id: KeyId | None = None
    """The key id, such as `0a1b2c3d-0000-4000-8000-000000000001`; made up when left out."""
    aliases: list[Annotated[str, Field(pattern=r"^alias/[a-zA-Z0-9:/_-]+$")]] = []
    """Its aliases, such as `alias/orders`."""
    policy: PolicyDocument | None = None
    """The key policy; left out: KMS's default policy, by which the account decides."""
    state: Literal["Enabled", "Disabled", "PendingDeletion"] = "Enabled"
    """Whether it can be used."""


class LifecyclePart(Part):
    """Retention in days."""

    move_to_cold_after_days: int | None = Field(default=None, ge=-1, le=MOST_DAYS)
    """Days until a recovery point moves to cold storage: 30; -1 or left out: never."""
    delete_after_days: int | None = Field(default=None, ge=-1, le=MOST_DAYS)
    """Days until it is deleted, 90 more than those before at least: 180; -1 or left out: never."""
    archive_opt_in: bool | None = None
    """Whether EBS snapshots move to cold storage (OptInToArchiveForSupportedResources)."""


class PointsPart(Part):
    """What explicit and generated recovery points share."""

    resource_type: ResourceType
    """The type of what was backed up."""
    size: Bytes = 10 * 2**30
    """How big a recovery point is: `8GiB`, or bytes."""
    key: str | None = None
    """What encrypts it: alias, key id or ARN. Of types that AWS Backup manages in full it is always the vault's key."""
    advanced: bool = True
    """Of DynamoDB: whether it was made with advanced backup."""
    status: Literal["COMPLETED", "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING"] = "COMPLETED"
    """Its status."""
    continuous: bool = False
    """Whether it is for point-in-time recovery."""
    storage_class: Literal["WARM", "COLD"] = "WARM"
    """Where it lies: warm or cold storage."""
    lifecycle: LifecyclePart = LifecyclePart()
    """How long it is kept."""
    tags: dict[str, str] = {}
    """Its tags: `{team: storage}`."""
    marketplace: bool = False
    """Of EC2: whether it is an image of the AWS Marketplace, which is not copied to other accounts."""
    options: list[str] = []
    """Of RDS: options of its option group that do not travel to other Regions, such as `TDE`."""
    parent: str | None = None
    """ARN of the composite recovery point in which it is nested."""
    member: str | None = None
    """As what it is nested there, such as `volume-1`."""
    is_parent: bool = False
    """Whether it is a composite recovery point."""
    source_vault: str | None = None
    """ARN of the vault from which it was copied: `arn:aws:backup:eu-west-1:111111111111:backup-vault:orders`."""

    @model_validator(mode="after")
    def _possible(self) -> PointsPart:
        if self.continuous and self.resource_type not in continuous.TYPES:
            raise ValueError(f"continuous are only {', '.join(sorted(continuous.TYPES))}")
        if self.storage_class == "COLD" and not TYPES[self.resource_type].cold:
            raise ValueError(f"there is no cold storage for {self.resource_type}")
        return self


class PointPart(PointsPart):
    """One recovery point."""

    resource: str
    """Name or ARN of what was backed up, such as `vol-1`."""
    age: Seconds = 0.0
    """How long before the start of the world it was made: `3d`."""
    arn: str | None = None
    """The ARN of the recovery point; made up when left out."""


class GeneratePart(PointsPart):
    """Recovery points in bulk: so many resources, a point every so often, reaching back so far."""

    resources: int = Field(ge=1, le=MOST_POINTS)
    """How many resources there are, named `<name>-1`, `<name>-2` and so on."""
    name: str
    """What the names of the resources begin with, such as `fs`."""
    every: Seconds = Field(gt=0)
    """Time between two recovery points of a resource: `1d`."""
    back: Seconds
    """How far before the newest the oldest recovery point lies: `30d` makes 31 of them, one a day."""
    offset: Seconds = 0.0
    """How long before the start of the world the newest was made: `2h`."""

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
    """Vault lock."""

    min_days: int | None = None
    """The shortest retention that it takes, in days: 7."""
    max_days: int | None = None
    """The longest retention that it takes, in days: 90."""
    cooling_off: Seconds | None = None
    """Compliance mode, which nobody can take back after this time: `3d`; left out: governance mode."""


class VaultPart(Part):
    """A backup vault."""

    region: Region
    """The Region of the vault."""
    name: VaultName
    """Its name, such as `orders`."""
    air_gapped: bool = False
    """Whether it is logically air-gapped; it needs both bounds of the lock then, and may do without a key."""
    key: str | None = None
    """Its key: alias, key id or key ARN of the same account, such as `alias/orders`; left out: aws/backup."""
    policy: PolicyDocument | None = None
    """Who may do what with it, as in AWS; left out: other accounts may not copy into it."""
    lock: LockPart | None = None
    """What retention it takes, and whether its recovery points can be deleted."""
    tags: dict[str, str] = {}
    """Its tags: `{team: storage}`."""
    recovery_points: list[PointPart] = []
    """What lies in it, one by one."""
    generate: list[GeneratePart] = []
    """What lies in it besides, in bulk."""

    @model_validator(mode="after")
    def _bounded(self) -> VaultPart:
        if self.air_gapped and (self.lock is None or self.lock.min_days is None or self.lock.max_days is None):
            raise ValueError("an air-gapped vault needs lock bounds: min_days and max_days")
        return self


class AccountPart(Part):
    """One AWS account."""

    id: AccountId
    """Its id: twelve digits, in quotes."""
    name: str
    """Its name, such as `production`."""
    email: str | None = None
    """The address of its owner; made up when left out."""
    service_linked_role: bool = False
    """Whether AWSServiceRoleForBackup is there, as in an account that has used AWS Backup."""
    users: list[UserPart] = []
    """Its IAM users, each with an access key."""
    roles: list[RolePart] = []
    """Its IAM roles."""
    policies: list[ManagedPolicyPart] = []
    """Its managed policies, by ARN for users, roles and boundaries."""
    oidc_providers: list[OidcProviderPart] = []
    """Its OpenID Connect providers, for AssumeRoleWithWebIdentity."""
    keys: list[KeyPart] = []
    """Its customer managed keys; AWS's own (aws/backup, aws/ebs, …) come into being when they are named."""
    resources: list[ResourcePart] = []
    """What backup plans find and backup jobs back up."""
    vaults: list[VaultPart] = []
    """Its backup vaults."""
    allowed_amis: list[str] | None = None
    """Allowed AMIs: who may own images here, ids or `amazon`; left out: the setting is off."""
    disabled_regions: list[Region] = []
    """Regions to opt into that it has not enabled; left out: all are enabled."""

    @model_validator(mode="after")
    def _regions_to_opt_into(self) -> AccountPart:
        if always := [name for name in self.disabled_regions if name not in regions.OPT_IN]:
            raise ValueError(f"no Region to opt into, which nobody can disable: {', '.join(always)}")
        return self


class World(Part):
    """A whole world."""

    version: Literal[1]
    """The version of this format."""
    seed: int = 1
    """All ids follow from it."""
    clock: ClockPart = ClockPart()
    """Virtual time."""
    durations: DurationsPart = DurationsPart()
    """How long things take."""
    limits: LimitsPart = LimitsPart()
    """Quotas that AWS has on copies and accounts."""
    copies: CopiesPart = CopiesPart()
    """How copies are written down."""
    organization: OrganizationPart | None = None
    """The organization; left out: the accounts are in none."""
    organizations: list[OrganizationPart] = []
    """More organizations."""
    accounts: list[AccountPart] = Field(min_length=1)
    """The accounts."""
    _origin: tuple[str, Any] | None = PrivateAttr(default=None)
    events: EventsPart = EventsPart()
    """How events travel to EventBridge."""
    faults: list[FaultPart] = []
    """Faults that wait for calls; of several that match the first one hits."""
    outcomes: list[OutcomePart] = []
    """How jobs end that match."""

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
