"""Backup plans, selections and backup jobs while they live. Times are epoch seconds, documents in the API's shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire import Params
    from .state import Lifecycle


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """What a plan said from some moment on; its rules have their ids and defaults."""

    version_id: str
    created: float
    document: Params
    advanced: tuple[Params, ...] = ()

    @property
    def name(self) -> str:
        """The plan's name."""
        return str(self.document["BackupPlanName"])

    @property
    def rules(self) -> tuple[Params, ...]:
        """The rules in order."""
        return tuple(self.document["Rules"])


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources a plan protects, with which role."""

    selection_id: str
    sequence: int
    created: float
    creator_request_id: str | None
    document: Params

    @property
    def role_arn(self) -> str:
        """The role that AWS Backup assumes for these resources."""
        return str(self.document["IamRoleArn"])


@dataclass(slots=True)
class Plan:
    """A backup plan with all its versions, oldest first."""

    plan_id: str
    sequence: int
    account: str
    region: str
    created: float
    creator_request_id: str | None
    versions: list[PlanVersion]
    tags: dict[str, str] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    deleted: float | None = None
    last_run: float | None = None
    last_removal: float | None = None
    """When a selection was deleted last."""

    @property
    def arn(self) -> str:
        """The plan's ARN."""
        return f"arn:aws:backup:{self.region}:{self.account}:backup-plan:{self.plan_id}"

    @property
    def current(self) -> PlanVersion:
        """What the plan says now."""
        return self.versions[-1]


@dataclass(slots=True)
class BackupJob:
    """A backup in progress or in history.

    `start_by` is when it has to run, `complete_by` when it has to be done; of a plan's job the latter is known only
    when it runs, `completion_window` seconds after its start.
    """

    job_id: str
    sequence: int
    account: str
    region: str
    vault_name: str
    resource_arn: str
    resource_type: str
    role_arn: str
    created: float
    start_by: float
    completion_window: float
    lifecycle: Lifecycle | None = None
    complete_by: float | None = None
    resource_name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    created_by: Params | None = None
    copy_actions: tuple[Params, ...] = ()
    continuous: bool = False
    air_gapped_arn: str | None = None
    vault_type: str = "BACKUP_VAULT"
    state: str = "CREATED"
    initiated: float | None = None
    completed: float | None = None
    message: str | None = None
    category: str | None = None
    point_arn: str | None = None
    key_arn: str | None = None
    lock_state: str | None = None
    size: int = 0
    busy: bool = False
    is_parent: bool = False
    parent_id: str | None = None
    member: str | None = None
    children: list[BackupJob] = field(default_factory=list)

    @property
    def vault_arn(self) -> str:
        """The ARN of the vault it backs up to."""
        return f"arn:aws:backup:{self.region}:{self.account}:backup-vault:{self.vault_name}"
