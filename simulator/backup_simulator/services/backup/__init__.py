"""AWS Backup: vaults, recovery points, copies and the settings around them."""

from __future__ import annotations

from . import (
    air_gapped,
    copy_jobs,
    locks,
    notifications,
    point_changes,
    recovery_points,
    settings,
    tags,
    vault_policy,
    vaults,
)

OPERATIONS = {
    **vaults.OPERATIONS,
    **air_gapped.OPERATIONS,
    **locks.OPERATIONS,
    **notifications.OPERATIONS,
    **vault_policy.OPERATIONS,
    **recovery_points.OPERATIONS,
    **point_changes.OPERATIONS,
    **copy_jobs.OPERATIONS,
    **settings.OPERATIONS,
    **tags.OPERATIONS,
}
