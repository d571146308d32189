"""Vault Lock in its three states, and what a locked vault refuses.

Governance: no lock date, whoever may removes it. Cooling off: a lock date to come, changeable until then.
Immutable: the lock date is over, nobody changes it ever again; air-gapped vaults are born so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ....clock import DAY
from ....fidelity import Behaviour
from ....records.state import Lock
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import backup_events, lookup

if TYPE_CHECKING:
    from ....policies.condition_keys import GatheredKeys
    from ....records.state import Vault

MIN_DAYS, MAX_DAYS, COOLING_OFF = 1, 36_500, 3
# assumed: AWS documents the error names only
IMMUTABLE = "The Backup Vault Lock configuration of {vault} is immutable and cannot be changed or deleted."
KEPT_BY_LOCK = "Recovery point cannot be deleted because the Backup vault {vault} is locked."
LIFECYCLE_LOCKED = "Lifecycle of the recovery point cannot be changed because the Backup vault {vault} is locked."


class Stage(StrEnum):
    """How firm a vault's lock is."""

    OPEN = "open"
    GOVERNANCE = "governance"
    COOLING_OFF = "cooling off"
    IMMUTABLE = "immutable"


def stage(vault: Vault, now: float) -> Stage:
    """The stage of a vault's lock at a moment."""
    if vault.air_gapped:
        return Stage.IMMUTABLE
    if vault.lock is None:
        return Stage.OPEN
    if vault.lock.lock_date is None:
        return Stage.GOVERNANCE
    return Stage.COOLING_OFF if now < vault.lock.lock_date else Stage.IMMUTABLE


def put(scope: Scope, params: Params) -> Params:
    """Lock a vault; ChangeableForDays makes it compliance mode."""
    vault = _judged(scope, params, "backup:PutBackupVaultLockConfiguration")
    _require_changeable(vault, scope.now)
    low, high, changeable = (params.get(name) for name in ("MinRetentionDays", "MaxRetentionDays", "ChangeableForDays"))
    check_bounds(low, high)
    if changeable is not None and not COOLING_OFF <= changeable <= MAX_DAYS:
        raise _invalid(f"ChangeableForDays must be between {COOLING_OFF} and {MAX_DAYS}")
    vault.lock = Lock(low, high, None if changeable is None else scope.now + changeable * DAY)
    backup_events.vault(scope.state, vault, "MODIFIED", scope.now)
    return {}


def check_bounds(low: int | None, high: int | None, *, least: int = MIN_DAYS) -> None:
    """Raise InvalidParameterValueException for retention bounds that are out of range or crossed."""
    for name, days in (("MinRetentionDays", low), ("MaxRetentionDays", high)):
        if days is not None and not least <= days <= MAX_DAYS:
            raise _invalid(f"{name} must be between {least} and {MAX_DAYS}")
    if low is not None and high is not None and low > high:
        raise _invalid("MinRetentionDays cannot be greater than MaxRetentionDays")


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameterValueException", f"Invalid vault lock configuration. {text}")


def delete(scope: Scope, params: Params) -> Params:
    """Unlock a vault, while that is possible; a vault without a lock stays as it is."""
    vault = lookup.vault(scope, params)
    _require_changeable(vault, scope.now)
    if vault.lock is not None:
        vault.lock = None
        backup_events.vault(scope.state, vault, "MODIFIED", scope.now)
    return {}


def _judged(scope: Scope, params: Params, action: str) -> Vault:
    """The caller may, with the condition keys of AWS Backup about lock bounds."""
    found = scope.region.vaults.get(params["BackupVaultName"])
    keys: GatheredKeys = {
        f"backup:{name.lower()}": (str(params[name]),)
        for name in ("ChangeableForDays", "MinRetentionDays", "MaxRetentionDays")
        if name in params
    }
    arn = lookup.vault_arn(scope, params["BackupVaultName"])
    scope.authorise(action, arn, policy=found.policy if found else None, keys=keys)
    return lookup.vault(scope, params)


def _require_changeable(vault: Vault, now: float) -> None:
    if stage(vault, now) is Stage.IMMUTABLE:
        raise AwsError("InvalidRequestException", IMMUTABLE.format(vault=vault.name))


def require_deletable(vault: Vault, now: float) -> None:
    """A locked vault lets go of nothing before its time, in whichever mode."""
    if stage(vault, now) is not Stage.OPEN:
        raise AwsError("InvalidRequestException", KEPT_BY_LOCK.format(vault=vault.name))


def require_lifecycle_open(vault: Vault, now: float) -> None:
    """A locked vault keeps the retention it has promised."""
    if stage(vault, now) is not Stage.OPEN:
        raise AwsError("InvalidRequestException", LIFECYCLE_LOCKED.format(vault=vault.name))


def admits(vault: Vault, days: int | None) -> bool:
    """Whether a retention of so many days lies within the lock's bounds; None and -1 are for ever."""
    if vault.lock is None:
        return True
    lasting = float("inf") if days in {None, -1} else float(days or 0)
    low, high = vault.lock.min_days or 0, vault.lock.max_days or float("inf")
    return low <= lasting <= high


OPERATIONS = {
    "PutBackupVaultLockConfiguration": Operation(put, target=None),
    "DeleteBackupVaultLockConfiguration": Operation(delete, lookup.on_vault),
}

FIDELITY = (
    Behaviour(
        "Vault Lock: governance, cooling off, immutable; the last refuses Put and Delete with InvalidRequestException",
        "DG; text assumed",
        "test_locks.py::test_a_lock_hardens_when_its_cooling_off_is_over",
    ),
    Behaviour(
        "Bounds of Vault Lock: 1 to 36500 days, minimum below maximum, ChangeableForDays from 3",
        "DG, botocore; texts assumed",
        "test_locks.py::test_impossible_bounds_are_refused",
    ),
    Behaviour(
        "A lock's Put is judged with `backup:ChangeableForDays`, `backup:MinRetentionDays`, `backup:MaxRetentionDays`",
        "DG",
        "test_locks.py::test_who_may_lock_in_governance_mode_only_is_held_to_it",
    ),
    Behaviour(
        "A locked vault of whichever mode refuses DeleteRecoveryPoint and UpdateRecoveryPointLifecycle",
        "DG; error name and text assumed",
        "test_locks.py::test_a_locked_vault_keeps_what_it_has",
    ),
    Behaviour(
        "Deleting the lock of a vault that has none succeeds",
        "assumed",
        "test_locks.py::test_a_governance_lock_is_removed_by_whoever_may",
    ),
)
