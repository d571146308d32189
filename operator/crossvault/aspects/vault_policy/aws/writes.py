"""Reading and writing the policy of a vault."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from botocore.exceptions import ClientError

from ....aws.entered import Entered
from ....aws.errors import code_of
from ....aws.policies import Edit, Place, PolicyWrites
from ....engine.declared import VaultRef
from .. import PutVaultPolicy
from ..statement import SID_PREFIX


def vault_policy(access: Entered, region: str, name: str) -> str | None:
    """Get the vault's access policy as AWS keeps it."""
    with access.asking(f"read the policy of vault {name}", "backup:GetBackupVaultAccessPolicy", region):
        try:
            answer = access.backup(region).get_backup_vault_access_policy(BackupVaultName=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return answer["Policy"]


def write(writes: PolicyWrites, access: Entered, action: PutVaultPolicy) -> PutVaultPolicy | None:
    """Put what is planned in the place of what is expected; return what was written, None if it stood there.

    Raises:
        CrossvaultError: Somebody changed the policy before or meanwhile, or AWS refuses.
    """
    edit = Edit(action.expected, action.document, action.replaces)
    done = writes.write(_place(access, action), edit)
    if done is None:
        return None
    return replace(action, expected=done.before, document=done.after, foreign_statements=done.others)


def _place(access: Entered, action: PutVaultPolicy) -> Place:
    vault, account = action.vault, action.vault.account
    return Place(
        vault.arn,
        f"The policy of vault {vault.name} in account {account.name} ({account.account_id}, {vault.region})",
        partial(vault_policy, access, vault.region, vault.name),
        partial(_send, access, vault),
        (action.sid[: len(SID_PREFIX)],),
    )


def _send(access: Entered, vault: VaultRef, document: str | None) -> None:
    backup = access.backup(vault.region)
    if document is None:
        with access.asking(
            f"remove the policy of vault {vault.name}", "backup:DeleteBackupVaultAccessPolicy", vault.region
        ):
            backup.delete_backup_vault_access_policy(BackupVaultName=vault.name)
    else:
        with access.asking(
            f"write the policy of vault {vault.name}", "backup:PutBackupVaultAccessPolicy", vault.region
        ):
            backup.put_backup_vault_access_policy(BackupVaultName=vault.name, Policy=document)
