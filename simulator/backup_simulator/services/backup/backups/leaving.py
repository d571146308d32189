"""What a backup leaves in its vault: a recovery point, and for a continuous rule one that is kept up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resource_types
from ....records.state import RecoveryPoint
from ..points import ageing
from . import composite, continuous, primary

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.resource_types import ResourceType
    from ....records.resources import Resource
    from ....records.state import State, Vault
    from .rules import Attempt


def backed_up(attempt: Attempt, now: float) -> RecoveryPoint | None:
    """Leave what a job leaves; returns the snapshot to copy.

    A continuous rule keeps one continuous recovery point per resource; only for its copies it takes a snapshot too.
    """
    state, job, (vault, _) = attempt.state, attempt.job, attempt.ends()
    if job.continuous:
        kept_here = _keep_up(attempt, now)
        if kept_here and not job.copy_actions:
            return None
    arn = job.point_arn if job.point_arn and not job.continuous else fresh_arn(state, job, attempt.row, now)
    made = point(attempt, arn, now)
    ageing.enter(state, vault, made, now)
    job.point_arn = job.point_arn or arn
    return made


def _keep_up(attempt: Attempt, now: float) -> bool:
    """Bring the resource's continuous recovery point up to date, unless another vault has it."""
    state, job, (vault, resource) = attempt.state, attempt.job, attempt.ends()
    kept = continuous.current(state, job.account, job.region, resource.arn)
    if kept and kept[0] is vault and kept[1].lifecycle != job.lifecycle:
        continuous.end(state, vault, kept[1], now)
        kept = None
    if kept is None:
        arn = resource_types.continuous_arn(
            attempt.row, resource.arn, region=vault.region, account=vault.account, ids=state.ids
        )
        kept = vault, point(attempt, arn, now)
        kept[1].continuous, kept[1].status = True, "AVAILABLE"
        ageing.enter(state, vault, kept[1], now)
    if kept[0] is not vault:
        return False
    continuous.refresh(kept[1], job, now)
    job.point_arn = kept[1].arn
    return True


def fresh_arn(state: State, job: BackupJob, row: ResourceType, now: float) -> str:
    """A new recovery point ARN in the form of the job's resource type."""
    vault = state.vault(job.vault_arn)
    while (arn := composite.point_arn(job, now)) is not None:
        if vault is None or arn not in vault.points:
            return arn
        now += 1.0  # an EKS backup is named by its second
    return resource_types.point_arn(row, job.resource_arn, region=job.region, account=job.account, ids=state.ids)


def point(attempt: Attempt, arn: str, now: float) -> RecoveryPoint:
    """The recovery point of a job that has done its work."""
    job, (_, resource) = attempt.job, attempt.ends()
    return RecoveryPoint(
        arn=arn,
        sequence=next(attempt.state.sequence),
        resource_arn=resource.arn,
        resource_type=resource.resource_type,
        created=job.created,
        completed=round(now, 3),
        size=resource.size,
        role_arn=job.role_arn,
        key_arn=job.key_arn,
        lifecycle=primary.lifecycle(job, attempt.row),
        resource_name=resource.name,
        tags=resource.tags | job.tags,
        created_by=job.created_by,
        initiated=job.initiated,
    )


def key(row: ResourceType, vault: Vault, resource: Resource) -> str | None:
    """What encrypts a backup: the vault's key where AWS Backup manages the type in full, else the resource's."""
    return vault.key_arn if row.fully_managed else resource.key_arn


FIDELITY = (
    Behaviour(
        "A recovery point's creation date is that of its job, and it appears when the job is COMPLETED",
        "assumed",
        "test_backup_jobs.py::test_a_job_goes_through_its_states_and_leaves_a_recovery_point",
    ),
    Behaviour(
        "A recovery point has the tags of its resource and those of the job",
        "DG",
        "test_backup_jobs.py::test_a_recovery_point_has_the_tags_of_resource_and_job",
    ),
    Behaviour(
        "Backups of types managed in full are encrypted with the vault's key, others with the resource's",
        "DG",
        "test_backup_jobs.py::test_recovery_points_have_the_arn_and_the_key_of_their_type",
    ),
    Behaviour("VSS backups have no VSS result", "missing"),
)
