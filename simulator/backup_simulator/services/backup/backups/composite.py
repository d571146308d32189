"""Composite backups: a parent job for a stack or a cluster, with a child job for each of its members."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resources

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.resources import Resource
    from ....records.state import RecoveryPoint, State, Vault

TYPES = frozenset({"CloudFormation", "EKS"})
CLUSTER_STATE = "cluster-state"


def is_composite(resource_type: str) -> bool:
    """Whether backups of a type have a parent job and children."""
    return resource_type in TYPES


def bear(state: State, job: BackupJob, now: float) -> list[BackupJob]:
    """Make a job for every member that is still there; a cluster's own state counts as one."""
    found = resources.find(state, job.account, job.region, job.resource_arn)
    if found is None:
        return []
    children = [_child(state, job, found, CLUSTER_STATE, now)] if found.resource_type == "EKS" else []
    for arn in found.members:
        member = resources.find(state, job.account, job.region, arn)
        if member:
            children.append(_child(state, job, member, member.name, now))
    job.children = children
    return children


def _child(state: State, parent: BackupJob, resource: Resource, member: str, now: float) -> BackupJob:
    return replace(
        parent,
        job_id=state.ids.job(),
        sequence=next(state.sequence),
        resource_arn=resource.arn,
        resource_type=resource.resource_type,
        resource_name=resource.name,
        created=round(now, 3),
        tags=dict(parent.tags),
        copy_actions=(),
        air_gapped_arn=None,
        state="CREATED",
        initiated=None,
        is_parent=is_composite(resource.resource_type) and member != CLUSTER_STATE,
        parent_id=parent.job_id,
        member=member,
        children=[],
    )


def point_arn(job: BackupJob, now: float) -> str | None:
    """The ARN of an EKS backup or of a cluster's state in it; other types have their usual form."""
    if job.resource_type != "EKS":
        return None
    kind = "eks" if job.parent_id else "composite:eks"
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    return f"arn:aws:backup:{job.region}:{job.account}:recovery-point:{kind}/{job.resource_name}-{moment:%Y%m%d%H%M%S}"


def adopt(vault: Vault, parent: RecoveryPoint, jobs: list[BackupJob]) -> None:
    """Nest what the children left in the composite recovery point, which is as large as all of them together."""
    nested = [(job, vault.points.get(job.point_arn)) for job in jobs if job.point_arn]
    for job, point in nested:
        if point:
            vault.points.nest(parent.arn, point)
            point.member = job.member
    parent.size = sum(point.size for _, point in nested if point)


FIDELITY = (
    Behaviour(
        "A stack (CloudFormation) or a cluster (EKS) is backed up by a parent job with a child job per member, a "
        "cluster's state among them; children that fail make it PARTIAL",
        "DG, botocore; FAILED when all of them fail: assumed",
        "test_backup_composite.py::test_a_parent_ends_as_its_children_do",
    ),
    Behaviour(
        "Stacks and clusters that contain themselves are refused: their backups would never end",
        "ours",
        "test_backup_composite.py::test_composites_that_cannot_be_are_refused_and_nothing_is_added",
    ),
    Behaviour(
        "Two backups of a cluster that end in one second have ARNs a second apart",
        "assumed",
        "test_backup_composite.py::test_two_backups_of_a_cluster_in_one_second_are_two_recovery_points",
    ),
    Behaviour(
        "Copy actions of a rule copy the composite recovery point with all that is nested in it",
        "DG",
        "test_backup_composite.py::test_a_plan_copies_the_whole_composite",
    ),
    Behaviour(
        "Members of types that AWS Backup does not manage in full, in backups straight into air-gapped vaults",
        "missing",
    ),
)
