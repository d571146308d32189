"""Copy jobs as they are made, by StartCopyJob, by a rule's backup or by their parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....records.state import CopyJob

if TYPE_CHECKING:
    from ....records.state import Lifecycle, RecoveryPoint, State, Vault


def job(
    state: State,
    source: Vault,
    point: RecoveryPoint,
    *,
    destination_arn: str,
    role_arn: str,
    lifecycle: Lifecycle | None,
    now: float,
) -> CopyJob:
    """A job that copies a recovery point out of its vault."""
    destination = state.vault(destination_arn)
    return CopyJob(
        job_id=state.ids.job(),
        sequence=next(state.sequence),
        account=source.account,
        region=source.region,
        source_vault_arn=source.arn,
        source_point_arn=point.arn,
        destination_vault_arn=destination_arn,
        role_arn=role_arn,
        lifecycle=lifecycle,
        resource_arn=point.resource_arn,
        resource_type=point.resource_type,
        size=point.size,
        created=round(now, 3),
        resource_name=point.resource_name,
        destination_vault_type=destination.kind if destination else "BACKUP_VAULT",
        is_parent=point.is_parent,
    )
