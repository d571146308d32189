"""The operations of AWS Backup by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from . import regional, settings, tags
from .backups import jobs as backup_jobs
from .copies import jobs as copy_jobs
from .plans import operations as plans
from .plans import selections
from .points import changes, protected_resources
from .points import operations as recovery_points
from .vaults import air_gapped, locks
from .vaults import operations as vaults
from .vaults import policy as vault_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..operation import Operation

OPERATIONS: Mapping[str, Operation] = {
    **vaults.OPERATIONS,
    **air_gapped.OPERATIONS,
    **locks.OPERATIONS,
    **vault_policy.OPERATIONS,
    **recovery_points.OPERATIONS,
    **changes.OPERATIONS,
    **copy_jobs.OPERATIONS,
    **settings.OPERATIONS,
    **tags.OPERATIONS,
    **backup_jobs.OPERATIONS,
    **protected_resources.OPERATIONS,
    **regional.OPERATIONS,
    **plans.OPERATIONS,
    **selections.OPERATIONS,
}

FIDELITY = (
    Behaviour(
        "Restore jobs and their testing, frameworks and reports of Audit Manager, scans, tiering, access points, legal "
        "holds, notifications of vaults, summaries of jobs, templates of plans: 501",
        "missing",
        "test_protocols.py::test_every_operation_that_is_not_implemented_answers_501_by_name",
    ),
)
