"""What AWS shows of recovery points and of the jobs that copy them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...engine.declared import PolicyKey
from ...engine.looks import Look
from ...engine.parts import Part
from ...words.problems import Problem
from ..lifecycle import Lifecycle
from ..vault.seen import Key

ENDED_STATES = frozenset({"COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED"})
"""States a copy job never leaves. Every other one, also one that AWS has yet to invent, may still bring a copy."""

GOOD_STATUSES = frozenset({"COMPLETED", "AVAILABLE", "PARTIAL"})
"""Statuses of a recovery point that can be restored."""

ENDED_WELL = frozenset({"COMPLETED", "PARTIAL"})


STEP, MOST = 5, 30 * 24 * 60
"""Minutes: how exactly is kept how long a backup took, so that many have the same, and the most that is believed."""


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """One row of ListRecoveryPointsByBackupVault.

    Attributes:
        delete_after_days: The Lifecycle's DeleteAfterDays, which copies inherit; None for a point that is kept.
        encrypted: None when AWS does not say.
        plan_id: The backup plan that made it.
        took: How long that took, in minutes, rounded up to :data:`STEP`; 0 where no plan did, or AWS does not say.
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
    plan_id: str | None = None
    took: int = 0


def is_running(state: str) -> bool:
    """Tell whether a copy job in a state may still bring a copy: decided here, asked everywhere."""
    return state not in ENDED_STATES


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
    role_arn: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether the job may still bring a copy."""
        return is_running(self.state)

    @property
    def ended_well(self) -> bool:
        """Whether the job left a copy behind, or the parts of one."""
        return self.state in ENDED_WELL


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
class RunningCopy:
    """An unfinished copy job of an account, as far as it matters to who shares the account.

    Attributes:
        vaults: ARNs of source and destination vault.
        policy: For which policy this process started it; None when it did not.
        resource_arn, resource_type: What it is a copy of; empty where AWS does not say.
    """

    vaults: tuple[str, str]
    policy: PolicyKey | None = None
    resource_arn: str = ""
    resource_type: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What goes on in the source's account besides.

    Attributes:
        in_progress: How many unfinished copy jobs it has over all policies, as far as they were listed.
        alike: How many of them are alike.
        keys: What KMS says of the keys that recovery points of the source vault are encrypted with, by ARN; those of
            other accounts are not asked about.
        refused: Why AWS would not start a copy when it was last asked to, by recovery point and destination vault;
            forgotten with the process.
    """

    in_progress: int = 0
    alike: Mapping[RunningCopy, int] = field(default_factory=dict)
    keys: Mapping[str, Look[Key | None]] = field(default_factory=dict)
    refused: Mapping[tuple[str, str], Refusal] = field(default_factory=dict)


TRAFFIC: Part[Traffic] = Part("traffic", Traffic())
