"""AWS Backup: vaults, recovery points, copies and the settings around them."""

from __future__ import annotations

from . import (
    air_gapped,
    backup_jobs,
    copy_jobs,
    job_summaries,
    locks,
    notifications,
    plan_templates,
    plans,
    point_changes,
    protected_resources,
    recovery_points,
    regional,
    selections,
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
    **backup_jobs.OPERATIONS,
    **protected_resources.OPERATIONS,
    **job_summaries.OPERATIONS,
    **regional.OPERATIONS,
    **plans.OPERATIONS,
    **plan_templates.OPERATIONS,
    **selections.OPERATIONS,
}
