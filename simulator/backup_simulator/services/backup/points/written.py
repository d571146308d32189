"""How a copy is written down where a listing shows it, as the world's law of copies has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour

if TYPE_CHECKING:
    from ....records.state import CopyJob, RecoveryPoint, State


def created(state: State, point: RecoveryPoint) -> float:
    """CreationDate: a copy keeps its source's."""
    law = state.copy_law.date
    if point.source_vault_arn is None or law == "source":
        return point.created
    if law == "copy":
        return point.completed
    return float(int(point.created)) if law == "second" else float(int(point.created) // 3600 * 3600)


def origin(state: State, point: RecoveryPoint) -> str | None:
    """SourceBackupVaultArn."""
    origins = {"immediate": point.source_vault_arn, "first": point.first_vault_arn or point.source_vault_arn}
    return origins.get(state.copy_law.origin)


def resource(state: State, point: RecoveryPoint) -> str | None:
    """ResourceArn: a copy keeps its source's."""
    law = state.copy_law.resource
    if point.source_vault_arn is None or law == "source":
        return point.resource_arn
    return None if law == "absent" else f"{point.resource_arn}-of-{point.sequence}"


def job_arn(state: State, job: CopyJob) -> str | None:
    """DestinationRecoveryPointArn: the copy as its vault lists it."""
    if job.destination_point_arn is None or state.copy_law.job_arn == "listed":
        return job.destination_point_arn
    return f"{job.destination_point_arn}-of-{job.job_id}"


FIDELITY = (
    Behaviour(
        "A copy is listed with its source's ResourceArn and CreationDate, and by the ARN that its job names (seen in"
        " public for EBS only; `copies` in a world file has other laws to try clients with)",
        "DG",
        "test_copy_laws.py::test_copies_are_written_down_as_documented",
    ),
    Behaviour(
        "SourceBackupVaultArn names the vault that a copy was copied from, also of a copy of a copy",
        "assumed",
        "test_copy_laws.py::test_copies_are_written_down_as_documented",
    ),
)
