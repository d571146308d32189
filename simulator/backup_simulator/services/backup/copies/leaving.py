"""What a copy leaves in its destination: a recovery point of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records import resource_types
from ....records.state import RecoveryPoint
from ...iam import service_role
from ..points import ageing, lifecycles

if TYPE_CHECKING:
    from ....records.state import CopyJob, Vault
    from .attempt import Attempt


def deliver(attempt: Attempt, job: CopyJob) -> RecoveryPoint:
    """Put the copy into its vault."""
    if attempt.point is None or attempt.destination is None:
        raise AssertionError("the rules refuse a copy without source or destination")
    copy = _copied(attempt, job, attempt.point, attempt.destination)
    ageing.enter(attempt.state, attempt.destination, copy, attempt.now)
    job.destination_point_arn = copy.arn
    return copy


def _copied(attempt: Attempt, job: CopyJob, source: RecoveryPoint, vault: Vault) -> RecoveryPoint:
    """The recovery point a copy leaves: its creation date is the source's."""
    row = resource_types.of_point(source.resource_type, source.arn)
    form = resource_types.in_air_gapped(row) if vault.air_gapped else row
    return RecoveryPoint(
        arn=resource_types.point_arn(
            form, source.resource_arn, region=vault.region, account=vault.account, ids=attempt.state.ids, copy=True
        ),
        sequence=next(attempt.state.sequence),
        resource_arn=source.resource_arn,
        resource_type=source.resource_type,
        created=source.created,
        completed=round(attempt.now, 3),
        size=source.size,
        role_arn=_keeper(attempt, job),
        key_arn=None if attempt.stays_unencrypted else vault.key_arn,
        lifecycle=lifecycles.of_copy(job.lifecycle, source.lifecycle),
        source_vault_arn=job.source_vault_arn,
        first_vault_arn=source.first_vault_arn or source.source_vault_arn or job.source_vault_arn,
        resource_name=source.resource_name,
        tags=dict(source.tags),
        created_by=job.created_by,
        is_parent=source.is_parent,
    )


def _keeper(attempt: Attempt, job: CopyJob) -> str:
    """Who will delete the copy one day: across accounts the destination's service-linked role."""
    if not attempt.cross_account:
        return job.role_arn
    keeper = service_role.find(attempt.state, attempt.destination_account)
    return keeper.identity_arn if keeper else job.role_arn


FIDELITY = (
    Behaviour(
        "ARN forms of copies, `copyjob-` in them; in air-gapped vaults every type has AWS Backup's own form",
        "DG, issue",
        "test_copy_jobs.py::test_copies_have_arns_of_their_type",
    ),
    Behaviour(
        "Tags travel with the copy",
        "DG",
        "test_copy_jobs.py::test_tags_travel_with_the_copy",
    ),
    Behaviour(
        "IamRoleArn of a copy from another account is the destination's service-linked role",
        "assumed",
        "test_copy_keys.py::test_the_first_copy_makes_the_service_linked_role",
    ),
)
