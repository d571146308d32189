"""What a world file sets: how long things take, and how much there may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things take, in virtual seconds."""

    created: float = 5.0
    running: float = 60.0
    toggle_off: float = 900.0
    job_history: float = 30 * 86_400.0
    idempotency: float = 86_400.0
    deleting: float = 60.0
    expiry_window: float = 8 * 3600.0
    principals: float = 0.0
    selections: float = 0.0
    creating_account: float = 60.0
    closing_account: float = 60.0
    closed_account: float = 90 * 86_400.0
    running_by_type: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CopyLaw:
    """How copies are written down; what AWS documents, unless a test asks what would follow from something else."""

    date: str = "source"
    origin: str = "immediate"
    resource: str = "source"
    job_arn: str = "listed"


@dataclass(frozen=True, slots=True)
class Limits:
    """AWS Backup's limits on concurrent copies, and how many accounts an organization may have."""

    copies_per_region: int = 100
    copies_per_vault: int = 5
    copies_per_resource: int = 30
    rds_copies_per_region: int = 20
    fsx_copies_per_region: int = 5
    beyond_resource: str = "wait"
    accounts_per_organization: int = 10
