"""Composite copies: a parent job whose children copy the nested recovery points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ..points import ageing
from . import fresh

if TYPE_CHECKING:
    from ....records.state import CopyJob, RecoveryPoint, State, Vault


def bear(state: State, job: CopyJob, vault: Vault, parent: RecoveryPoint, now: float) -> list[CopyJob]:
    """Make a job for every recovery point nested in a composite one."""
    job.children = [_child(state, job, vault, point, now) for point in ageing.children(vault, parent)]
    return job.children


def _child(state: State, job: CopyJob, vault: Vault, point: RecoveryPoint, now: float) -> CopyJob:
    child = fresh.job(
        state,
        vault,
        point,
        destination_arn=job.destination_vault_arn,
        role_arn=job.role_arn,
        lifecycle=job.lifecycle,
        now=now,
    )
    child.parent_id, child.member = job.job_id, point.member
    child.created_by, child.backup_job_id = job.created_by, job.backup_job_id
    return child


def adopt(vault: Vault, parent: RecoveryPoint, jobs: list[CopyJob]) -> None:
    """Nest the copies of the children in the copy of their parent."""
    for job in jobs:
        point = vault.points.get(job.destination_point_arn) if job.destination_point_arn else None
        if point:
            vault.points.nest(parent.arn, point)
            point.member = job.member


FIDELITY = (
    Behaviour(
        "A composite recovery point is copied by a parent job with a child job per nested point; some children "
        "failing makes it PARTIAL, all of them FAILED",
        "DG, botocore; FAILED assumed",
        "test_copy_composite.py::test_a_parent_ends_as_its_children_do",
    ),
    Behaviour(
        "The copies of nested points hang together when the parent job ends",
        "assumed",
        "test_copy_composite.py::test_a_composite_copy_is_a_composite_point",
    ),
    Behaviour(
        "Composites within composites (stacks in stacks) are copied whole",
        "DG",
        "test_copy_composite.py::test_a_stack_in_a_stack_is_copied_whole",
    ),
    Behaviour(
        "A nested job that vanishes by an ordered outcome counts as failed for its parent",
        "ours",
        "test_copy_composite.py::test_a_parent_ends_although_a_child_vanishes",
    ),
    Behaviour("The lifecycle of a composite as its longest child's; at most ten layers of stacks", "missing"),
)
