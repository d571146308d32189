"""Continuous backups: one recovery point per resource that is kept up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ..points import ageing
from . import roles

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.state import RecoveryPoint, State, Vault

TYPES = frozenset({"Aurora", "RDS", "S3", "SAP HANA on Amazon EC2"})
"""The types with point-in-time recovery; for the others a continuous rule takes snapshots."""
MAX_DAYS = 35
REMOVING = {"RDS": "rds:DeleteDBSnapshot", "Aurora": "rds:DeleteDBClusterSnapshot"}
"""Databases, whose snapshots for copies are temporary, and what the backup role needs to remove them."""


def current(state: State, account: str, region: str, resource_arn: str) -> tuple[Vault, RecoveryPoint] | None:
    """The continuous recovery point of a resource and the vault that holds it."""
    for vault in state.accounts[account].region(region).vaults.values():
        for point in vault.points.values():
            if point.continuous and point.status == "AVAILABLE" and point.resource_arn == resource_arn:
                return vault, point
    return None


def refresh(point: RecoveryPoint, job: BackupJob, now: float) -> None:
    """Let a job bring a continuous recovery point up to date."""
    point.completed = round(now, 3)
    point.created_by = job.created_by


def interrupt(state: State, job: BackupJob, now: float) -> None:
    """Stop the continuous recovery point that a job could no longer keep up to date, for want of a role or a right."""
    kept = current(state, job.account, job.region, job.resource_arn)
    if kept and kept[0].name == job.vault_name:
        end(state, *kept, now)


def end(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Stop a continuous recovery point; from now on its retention counts (botocore: DescribeRecoveryPoint.Status)."""
    point.status = "STOPPED"
    ageing.watch(state, vault, point, now)


def copied(state: State, vault: Vault, point: RecoveryPoint, now: float) -> None:
    """Let go of a temporary snapshot when the last copy of its rule has ended.

    A role that may not delete it leaves it EXPIRED.
    """
    if point.awaited == 0 or vault.points.get(point.arn) is not point:
        return
    point.awaited -= 1
    if point.awaited:
        return
    if roles.may(state, point.role_arn, REMOVING[point.resource_type], point.arn, region=vault.region):
        ageing.delete(state, vault, point, now)
    else:
        ageing.expire(state, vault, point, now)


FIDELITY = (
    Behaviour(
        "A continuous rule keeps one continuous recovery point per resource of S3, RDS, Aurora and SAP HANA, and takes "
        "snapshots of other types; a second rule in another vault takes snapshots too",
        "DG",
        "test_plans_continuous.py::test_a_continuous_rule_keeps_one_recovery_point",
    ),
    Behaviour(
        "A continuous rule with copy actions takes a snapshot and copies that; S3's stays in the rule's vault",
        "DG; that it stays: assumed",
        "test_plans_continuous.py::test_a_continuous_rule_copies_a_snapshot",
    ),
    Behaviour(
        "Databases' snapshots for copies are removed after the copies, or EXPIRED if the role may not delete them",
        "DG; that they are listed meanwhile, and go after failed copies too: assumed",
        "test_plans_continuous.py::test_the_snapshot_of_a_database_is_temporary",
    ),
    Behaviour(
        "They wait for the copies of their rule alone",
        "assumed",
        "test_plans_continuous.py::test_a_copy_by_hand_does_not_end_a_temporary_snapshot",
    ),
    Behaviour(
        "The snapshot of a second continuous rule, in another vault, is a backup and stays after its copies",
        "DG; that it stays: assumed",
        "test_plans_continuous.py::test_the_snapshot_of_a_second_continuous_rule_is_a_backup",
    ),
    Behaviour(
        "A changed retention makes the continuous recovery point STOPPED, the next run begins a new one",
        "botocore",
        "test_plans_continuous.py::test_a_changed_retention_begins_a_new_continuous_recovery_point",
    ),
    Behaviour(
        "Continuous recovery points become STOPPED when the role can no longer be assumed or lacks rights",
        "botocore (DescribeRecoveryPoint.Status); that the next run finds out: assumed",
        "test_plans_continuous.py::test_a_continuous_recovery_point_stops_with_its_role",
    ),
    Behaviour("The other causes of STOPPED: versioning of a bucket, its events or rules switched off", "missing"),
)
