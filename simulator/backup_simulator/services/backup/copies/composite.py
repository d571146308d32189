"""Composite copies: a parent job whose children copy the nested recovery points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.state import CopyJob
from ..points import ageing

if TYPE_CHECKING:
    from ....records.state import RecoveryPoint, State, Vault


def bear(state: State, job: CopyJob, vault: Vault, parent: RecoveryPoint, now: float) -> list[CopyJob]:
    """Make a job for every recovery point nested in a composite one."""
    job.children = [_child(state, job, point, now) for point in ageing.children(vault, parent)]
    return job.children


def _child(state: State, job: CopyJob, point: RecoveryPoint, now: float) -> CopyJob:
    child = CopyJob(
        job_id=state.ids.job(),
        sequence=next(state.sequence),
        account=job.account,
        region=job.region,
        source_vault_arn=job.source_vault_arn,
        source_point_arn=point.arn,
        destination_vault_arn=job.destination_vault_arn,
        role_arn=job.role_arn,
        lifecycle=job.lifecycle,
        resource_arn=point.resource_arn,
        resource_type=point.resource_type,
        size=point.size,
        created=round(now, 3),
        resource_name=point.resource_name,
        destination_vault_type=job.destination_vault_type,
        is_parent=point.is_parent,
        parent_id=job.job_id,
        member=point.member,
        created_by=job.created_by,
        backup_job_id=job.backup_job_id,
    )
    state.accounts[job.account].region(job.region).copy_jobs[child.job_id] = child
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
