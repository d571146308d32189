"""AWS Backup: vaults, recovery points, copies and the settings around them."""

from __future__ import annotations

from . import copy_jobs, recovery_points, settings, tags, vault_policy, vaults

OPERATIONS = {
    **vaults.OPERATIONS,
    **vault_policy.OPERATIONS,
    **recovery_points.OPERATIONS,
    **copy_jobs.OPERATIONS,
    **settings.OPERATIONS,
    **tags.OPERATIONS,
}
