"""The simulated world while it lives: accounts, vaults, recovery points, jobs, keys.

Mutable and plain; whoever touches it holds the simulator's lock. Times are epoch seconds.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import arns
from ..clock import Clock, Count, Scheduler
from ..ids import Ids
from .contents import Contents
from .events import Feed

if TYPE_CHECKING:
    from ..policies.policy import Policy
    from ..policies.principal import Principal
    from ..wire import Params
    from .access import Explanation, ManagedPolicy, OidcProvider, Refusal
    from .backups import BackupJob, Plan
    from .events import Bus
    from .grants import Grant
    from .knobs import CopyLaw, Durations, Limits
    from .organization import Handshake, Organization
    from .queue import Queue
    from .resources import Resource
    from .slots import Pool


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key and whose it is; sessions have a token and an expiry, in virtual or in wall time."""

    key_id: str
    secret: str
    principal: Principal
    token: str | None = None
    expiry: float | None = None
    wall_expiry: float | None = None


@dataclass(slots=True)
class Identity:
    """A user or a role. `trust` is set on roles only."""

    kind: str
    account: str
    name: str
    path: str
    unique_id: str
    created: float
    inline: dict[str, Policy] = field(default_factory=dict)
    attached: dict[str, ManagedPolicy] = field(default_factory=dict)
    boundary: ManagedPolicy | None = None
    trust: Policy | None = None
    max_session: int = 3600
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Its policies, inline and attached."""
        return (*self.inline.values(), *(found.policy for found in self.attached.values()))

    @property
    def service_linked(self) -> bool:
        """Whether AWS made it for one of its services."""
        return self.path.startswith("/aws-service-role/")

    @property
    def arn(self) -> str:
        """The ARN under which policies know it."""
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"


@dataclass(slots=True)
class Key:
    """A KMS key."""

    key_id: str
    account: str
    region: str
    manager: str
    created: float
    policy: Policy
    state: str = "Enabled"
    description: str = ""
    deletion_date: float | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.key_id}"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Retention of a recovery point in days; -1 is for ever."""

    move_to_cold_after_days: int | None = None
    delete_after_days: int | None = None
    archive_opt_in: bool | None = None
    delete_after_event: str | None = None


@dataclass(slots=True)
class RecoveryPoint:
    """A backup in a vault."""

    arn: str
    sequence: int
    resource_arn: str
    resource_type: str
    created: float
    completed: float
    size: int
    role_arn: str
    key_arn: str | None
    lifecycle: Lifecycle
    status: str = "COMPLETED"
    status_message: str | None = None
    source_vault_arn: str | None = None
    first_vault_arn: str | None = None
    continuous: bool = False
    storage_class: str = "WARM"
    resource_name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created_by: Params | None = None
    initiated: float | None = None
    is_parent: bool = False
    parent_arn: str | None = None
    member: str | None = None
    copying: int = 0
    marketplace: bool = False
    options: tuple[str, ...] = ()
    restore_metadata: dict[str, str] = field(default_factory=dict)
    had_role: bool = False
    awaited: int = 0
    """How many copies a temporary snapshot still waits for."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Vault lock bounds; no lock date means governance mode."""

    min_days: int | None = None
    max_days: int | None = None
    lock_date: float | None = None


@dataclass(slots=True)
class Vault:
    """A backup vault and what lies in it, in order of arrival."""

    name: str
    account: str
    region: str
    key_arn: str
    created: float
    creator_request_id: str | None = None
    policy: Policy | None = None
    lock: Lock | None = None
    tags: dict[str, str] = field(default_factory=dict)
    points: Contents = field(default_factory=Contents)
    kind: str = "BACKUP_VAULT"
    state: str | None = None

    @property
    def air_gapped(self) -> bool:
        """Whether it is a logically air-gapped vault."""
        return self.kind == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"

    @property
    def arn(self) -> str:
        """The vault's ARN."""
        return f"arn:aws:backup:{self.region}:{self.account}:backup-vault:{self.name}"


@dataclass(slots=True)
class CopyJob:
    """A copy in progress or in history."""

    job_id: str
    sequence: int
    account: str
    region: str
    source_vault_arn: str
    source_point_arn: str
    destination_vault_arn: str
    role_arn: str
    lifecycle: Lifecycle | None
    resource_arn: str
    resource_type: str
    size: int
    created: float
    resource_name: str | None = None
    state: str = "CREATED"
    completed: float | None = None
    message: str | None = None
    category: str | None = None
    destination_point_arn: str | None = None
    destination_key_arn: str | None = None
    destination_lock_state: str | None = None
    slot: Pool | None = None
    destination_vault_type: str = "BACKUP_VAULT"
    is_parent: bool = False
    parent_id: str | None = None
    member: str | None = None
    created_by: Params | None = None
    backup_job_id: str | None = None
    role_id: str | None = None
    children: list[CopyJob] = field(default_factory=list)


@dataclass(slots=True)
class Region:
    """What one account has in one Region."""

    vaults: dict[str, Vault] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    copy_jobs: dict[str, CopyJob] = field(default_factory=dict)
    copy_tokens: dict[str, str] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    buses: dict[str, Bus] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    backup_jobs: dict[str, BackupJob] = field(default_factory=dict)
    backup_tokens: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """An AWS account; `state` is ACTIVE, PENDING_CLOSURE, CLOSED or SUSPENDED."""

    account_id: str
    name: str
    email: str
    state: str = "ACTIVE"
    users: dict[str, Identity] = field(default_factory=dict)
    roles: dict[str, Identity] = field(default_factory=dict)
    policies: dict[str, ManagedPolicy] = field(default_factory=dict)
    providers: dict[str, OidcProvider] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    allowed_amis: frozenset[str] | None = None
    disabled_regions: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """Whether its users and roles may do anything; an account that is being closed still may."""
        return self.state in {"ACTIVE", "PENDING_CLOSURE"}

    def region(self, name: str) -> Region:
        """What the account has in a Region; nothing yet is something too."""
        found = self.regions.get(name)
        if found is None:
            found = self.regions[name] = Region()
        return found


@dataclass(slots=True)
class CopyQueue:
    """Who runs and who waits; one job per resource, a number of slots per account and destination Region."""

    busy: set[tuple[str, str]] = field(default_factory=set)
    per_resource: dict[tuple[str, str], deque[CopyJob]] = field(default_factory=dict)
    per_region: dict[tuple[str, str], deque[CopyJob]] = field(default_factory=dict)
    running: Counter[tuple[str, str]] = field(default_factory=Counter)
    running_in_vault: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Outcome:
    """An end that was ordered for copy or backup jobs: FAILED with a text, stuck, or gone without a trace."""

    state: str
    kind: str = "copy"
    account: str = ""
    role: str = ""
    job: str = ""
    resource: str = ""
    recovery_point: str = ""
    destination: str = ""
    message: str = ""
    category: str = "MISCELLANEOUS"
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    hits: int = 0


@dataclass(slots=True)
class State:
    """The whole world."""

    clock: Clock
    ids: Ids
    durations: Durations
    limits: Limits
    copy_law: CopyLaw
    wall_sessions: bool = False
    scheduler: Scheduler = field(default_factory=Scheduler)
    accounts: dict[str, Account] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    handshakes: dict[str, Handshake] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    anchors: dict[str, Identity] = field(default_factory=dict)
    queue: CopyQueue = field(default_factory=CopyQueue)
    outcomes: list[Outcome] = field(default_factory=list)
    queue_ids: Ids = field(default_factory=lambda: Ids(2))
    feed: Feed = field(default_factory=Feed)
    judged: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    refused: list[Refusal] | None = None
    """What is refused to anybody, while somebody wants to know."""
    explanations: deque[Explanation] = field(default_factory=lambda: deque(maxlen=1000))
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - reproducible worlds
    sequence: Count = field(default_factory=Count)
    region_settings: dict[tuple[str, str], Params] = field(default_factory=dict)

    def now(self) -> float:
        """Virtual time, to the millisecond."""
        return round(self.clock.now(), 3)

    def vault(self, arn: str) -> Vault | None:
        """A vault of any account by its ARN."""
        _, region, account, resource = arns.of(arn)
        kind, _, name = resource.partition(":")
        if kind != "backup-vault" or account not in self.accounts:
            return None
        return self.accounts[account].region(region).vaults.get(name)

    def role(self, arn: str) -> Identity | None:
        """A role of any account by its ARN, as every service but IAM knows it."""
        account = self.accounts.get(arns.of(arn).account)
        role = account.roles.get(arn.rpartition("/")[2]) if account else None
        return role if role and role.arn == arn and self.propagated(role) else None

    def propagated(self, identity: Identity) -> bool:
        """Whether other services than IAM have heard of a user or role (minutes after it was made)."""
        delay = self.durations.principals
        return not delay or identity.created + delay <= self.now()

    def key(self, arn: str) -> Key | None:
        """A key of any account by its ARN."""
        service, region, account, resource = arns.of(arn)
        if service != "kms" or account not in self.accounts:
            return None
        return self.accounts[account].region(region).keys.get(resource.removeprefix("key/"))

    def organization_of(self, account: str) -> Organization | None:
        """The organization of which an account is a member, the management account included."""
        return next((found for found in self.organizations.values() if account in found.members), None)

    def same_organization(self, one: str, other: str) -> bool:
        """Whether two accounts are members of one organization."""
        found = self.organization_of(one)
        return found is not None and other in found.members

    def lock_out(self, account: str, state: str) -> None:
        """Suspend or close an account: what it has stays, its keys and sessions open nothing any more."""
        self.accounts[account].state = state
        self.credentials = {key: found for key, found in self.credentials.items() if found.principal.account != account}

    def in_organization(self, account: str) -> bool:
        """Whether an account is a member of any organization, the management account included."""
        return self.organization_of(account) is not None
