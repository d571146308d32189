"""Backups whose primary target is a logically air-gapped vault (DG: lag-vault-primary-backup).

Types managed in full go straight into it. Other types that it can hold get a temporary snapshot in the ordinary vault,
which is copied into it and then deleted. The rest stays in the ordinary vault.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....records.state import Lifecycle
from ..points import ageing

if TYPE_CHECKING:
    from ....records.backups import BackupJob
    from ....records.resource_types import ResourceType
    from ....records.state import RecoveryPoint, State, Vault
    from ....wire import Params

AFTER_COPY = "DELETE_AFTER_COPY"
VAULT_ARN = re.compile(r"arn:aws[a-z-]*:backup:([a-z0-9-]+):(\d{12}):backup-vault:([a-zA-Z0-9_-]{2,50})")


def name_in(arn: str, account: str, region: str) -> str | None:
    """The name of the vault an ARN means, None unless it lies in this account and Region."""
    found = VAULT_ARN.fullmatch(arn)
    return found[3] if found and (found[1], found[2]) == (region, account) else None


def vault_name(named: str, arn: str | None, row: ResourceType, *, account: str, region: str) -> str:
    """The vault that a backup goes to, given the vault that was named and the air-gapped one, if any."""
    if arn is None or not (row.fully_managed and row.air_gapped):
        return named
    return name_in(arn, account, region) or named


def is_temporary(job: BackupJob, row: ResourceType) -> bool:
    """Whether a job leaves a snapshot only to be copied."""
    return job.air_gapped_arn is not None and row.air_gapped and not row.fully_managed


def lifecycle(job: BackupJob, row: ResourceType) -> Lifecycle:
    """How long what a job leaves is kept."""
    asked = job.lifecycle or Lifecycle()
    return replace(asked, delete_after_event=AFTER_COPY) if is_temporary(job, row) else asked


def copy_actions(job: BackupJob, row: ResourceType) -> tuple[Params, ...]:
    """The copies a job starts in the end: those of its rule, and that into the air-gapped vault as the last."""
    if not is_temporary(job, row):
        return job.copy_actions
    return (*job.copy_actions, {"DestinationBackupVaultArn": job.air_gapped_arn})


def copied(state: State, source: Vault, point: RecoveryPoint, destination: Vault, now: float) -> None:
    """Delete a temporary snapshot when its copy lies in the air-gapped vault."""
    if point.lifecycle.delete_after_event == AFTER_COPY and destination.air_gapped:
        ageing.delete(state, source, point, now)


FIDELITY = (
    Behaviour(
        "A logically air-gapped vault as primary target: types managed in full go straight into it, other types that "
        "it can hold by way of a temporary snapshot (DELETE_AFTER_COPY), the rest stays in the ordinary vault",
        "DG",
        "test_backup_primary.py::test_where_a_backup_goes_with_an_air_gapped_target",
    ),
    Behaviour(
        "Copies of the rule are made before the temporary snapshot goes; an air-gapped target that is none fails the "
        "job; an ARN of another account or Region is refused",
        "assumed",
        "test_backup_primary.py::test_a_target_that_is_not_air_gapped_fails_the_job",
    ),
    Behaviour(
        "Continuous rules with an air-gapped primary target",
        "missing",
    ),
)
