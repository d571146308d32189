"""Writing the lock of a vault, in governance mode only: the option that makes a lock one for ever is never sent."""

from __future__ import annotations

from typing import Any

from ....aws.entered import Entered
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ..lock import PutVaultLock, is_fixed
from ..seen import Vault


def write(access: Entered, action: PutVaultLock, there: Vault | None) -> PutVaultLock | None:
    """Put a lock in the place of what is expected; return None where it is as planned already.

    A lock in compliance mode that is cooling off would lose its date by it, so that what is there is read right before.

    Args:
        access: The vault's account.
        action: What is planned.
        there: The vault as it was described just now.

    Raises:
        CrossvaultError: The lock was changed since somebody looked, AWS does not tell, or it refuses.
    """
    ref = action.vault
    if there is not None and there.locked is None:
        words = f"AWS did not say whether vault {ref.name} is locked; nothing was written."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY))
    if there is None or is_fixed(there) or there.lock not in {action.expected, action.bounds}:
        words = (
            f"The lock of vault {ref.name} in account {ref.account.name} ({ref.account.account_id}, {ref.region})"
            " was changed meanwhile; the next pass starts from the new one."
        )
        raise CrossvaultError(Problem(Reason.CHANGED_MEANWHILE, words, ErrorClass.RETRY))
    if there.lock == action.bounds:
        return None
    least, most = action.bounds
    longest: Any = {} if most is None else {"MaxRetentionDays": most}
    with access.asking(f"lock vault {ref.name}", "backup:PutBackupVaultLockConfiguration", ref.region):
        access.backup(ref.region).put_backup_vault_lock_configuration(
            BackupVaultName=ref.name, MinRetentionDays=least, **longest
        )
    return action
