"""Carries out one action. Each is safe to repeat, so botocore may retry it; none is believed: the next pass looks.

StartCopyJob repeats under its IdempotencyToken, CreateBackupVault under its name, and a policy is put as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

from botocore.exceptions import ClientError

from ..errors import CrossvaultError, ErrorClass, Problem
from ..model import Action, CreateVault, Lifecycle, PutVaultPolicy, Result, StartCopy, VaultRef
from ..reasons import Reason
from . import inventory, keys
from .errors import code_of
from .ledger import RefusedCopies, StartedCopies
from .reads import SharedReads
from .sessions import Access, Sessions

MANAGED_BY = {"crossvault.io/managed-by": "crossvault"}


class Applier:
    """Writes to AWS, with verified identities only."""

    def __init__(
        self,
        sessions: Sessions,
        shared: SharedReads,
        started: StartedCopies,
        refused: RefusedCopies,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._shared = shared
        self._started = started
        self._refused = refused
        self._clock = clock

    def apply(self, action: Action) -> Result:
        """Carry out one action and say what became of it."""
        try:
            match action:
                case CreateVault():
                    self._create_vault(action)
                case PutVaultPolicy():
                    self._put_vault_policy(action)
                case StartCopy():
                    self._start_copy(action)
                case _:
                    assert_never(action)
        except CrossvaultError as error:
            if isinstance(action, StartCopy):
                self._refused.add(action, error.problem, self._clock())
            return Result(action, error.problem)
        return Result(action)

    def _enter(self, vault: VaultRef) -> Access:
        """Enter the vault's account, with an identity verified for the credentials in use (invariant 5)."""
        access = self._sessions.enter(vault.account, vault.region)
        access.verify()
        return access

    def _create_vault(self, action: CreateVault) -> None:
        vault = action.vault
        access = self._enter(vault)
        try:
            with access.asking(f"create vault {vault.name}", "backup:CreateBackupVault", vault.region):
                try:
                    access.backup(vault.region).create_backup_vault(
                        BackupVaultName=vault.name,
                        BackupVaultTags=MANAGED_BY,
                        EncryptionKeyArn=action.key_arn,
                        CreatorRequestId=creator_request_id(vault.arn),
                    )
                except ClientError as error:
                    # Somebody's vault, or our own whose answer was lost: the next look tells which.
                    if code_of(error) != "AlreadyExistsException":
                        raise
        finally:
            for key in (keys.vaults, keys.settings):
                self._shared.invalidate(key(access.fingerprint, vault.region))
            for of_vault in (keys.vault, keys.policy, keys.points):
                self._shared.invalidate(of_vault(access.fingerprint, vault.region, vault.name))

    def _put_vault_policy(self, action: PutVaultPolicy) -> None:
        vault = action.vault
        access = self._enter(vault)
        try:
            # AWS has no conditional write: the gap in which somebody's change could be lost is one round trip.
            if inventory.vault_policy(access, vault.region, vault.name) != action.expected:
                raise CrossvaultError(_changed_meanwhile(vault))
            backup = access.backup(vault.region)
            if action.document is None:
                with access.asking(
                    f"remove the policy of vault {vault.name}", "backup:DeleteBackupVaultAccessPolicy", vault.region
                ):
                    backup.delete_backup_vault_access_policy(BackupVaultName=vault.name)
            else:
                with access.asking(
                    f"write the policy of vault {vault.name}", "backup:PutBackupVaultAccessPolicy", vault.region
                ):
                    backup.put_backup_vault_access_policy(BackupVaultName=vault.name, Policy=action.document)
        finally:
            self._shared.invalidate(keys.policy(access.fingerprint, vault.region, vault.name))

    def _start_copy(self, action: StartCopy) -> None:
        source = action.source
        access = self._enter(source)
        listing = keys.jobs(access.fingerprint, source.region, action.destination_vault_arn)
        lifecycle = lifecycle_members(action.lifecycle)
        optional: dict[str, Any] = {"Lifecycle": lifecycle} if lifecycle else {}
        try:
            with access.asking(f"start a copy from vault {source.name}", "backup:StartCopyJob", source.region):
                answer = access.backup(source.region).start_copy_job(
                    RecoveryPointArn=action.point.arn,
                    SourceBackupVaultName=source.name,
                    DestinationBackupVaultArn=action.destination_vault_arn,
                    IamRoleArn=action.role_arn,
                    IdempotencyToken=action.token,
                    **optional,
                )
        finally:
            self._shared.invalidate(listing)
        self._started.add(answer.get("CopyJobId") or action.token, listing, self._clock())
        self._refused.discard(action.point.arn, action.destination_vault_arn)


def creator_request_id(vault_arn: str) -> str:
    """Return the same id for the same vault, so that a repeated request is recognised as a repetition."""
    return "crossvault-" + hashlib.sha256(vault_arn.encode()).hexdigest()[:39]


def lifecycle_members(lifecycle: Lifecycle | None) -> dict[str, int]:
    """Return the members that are declared; AWS takes a missing member for "as the source"."""
    if lifecycle is None:
        return {}
    members = {
        "MoveToColdStorageAfterDays": lifecycle.move_to_cold_storage_after_days,
        "DeleteAfterDays": lifecycle.delete_after_days,
    }
    return {name: days for name, days in members.items() if days is not None}


def _changed_meanwhile(vault: VaultRef) -> Problem:
    return Problem(
        Reason.CHANGED_MEANWHILE,
        f"The policy of vault {vault.name} in account {vault.account.name} "
        f"({vault.account.account_id}, {vault.region}) was changed by somebody since it was read. "
        "Nothing was written; the next pass starts from the new one.",
        ErrorClass.RETRY,
    )
