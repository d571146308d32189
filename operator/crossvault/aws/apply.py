"""Carries out one action. Each is safe to repeat, so botocore may retry it; none is believed: the next pass looks.

StartCopyJob repeats under its IdempotencyToken, CreateBackupVault under its name, and a policy is put as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never

from botocore.exceptions import ClientError

from ..engine.model import Action, CreateVault, Lifecycle, PutVaultPolicy, Result, RunningCopy, StartCopy, VaultRef
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import inventory, keys
from .backoff import RefusedWrites
from .errors import code_of
from .ledger import RefusedCopies, StartedCopies
from .reads import SharedReads
from .sessions import Access, Sessions, fingerprint
from .vaultwrites import Turns, VaultPolicies

MANAGED_BY = {"crossvault.io/managed-by": "crossvault"}


class Applier:
    """Writes to AWS, with verified identities only."""

    def __init__(
        self,
        sessions: Sessions,
        shared: SharedReads,
        started: StartedCopies,
        refused: RefusedCopies,
        refused_writes: RefusedWrites,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._shared = shared
        self._started = started
        self._refused = refused
        self._refused_writes = refused_writes
        self._turns = Turns()
        self._policies = VaultPolicies()
        self._clock = clock

    def apply(self, action: Action) -> Result:
        """Carry out one action and say what became of it."""
        if not isinstance(action, StartCopy):
            return self._write(action)
        with self._started.starting(fingerprint(action.source.account), action.bound, self._clock()) as may:
            if not may:
                return Result(action, withheld=True)
            try:
                return Result(action, found=not self._start_copy(action))
            except CrossvaultError as error:
                self._refused.add(action, error.problem, self._clock())
                return Result(action, error.problem)

    def _write(self, action: CreateVault | PutVaultPolicy) -> Result:
        """Carry out a write in the vault's turn, unless AWS has just refused the same one to somebody."""
        with self._turns.of(action.vault.arn):
            problem = self._refused_writes.standing(action, self._clock())
            if problem is not None:
                return Result(action, problem)
            done: CreateVault | PutVaultPolicy | None
            try:
                match action:
                    case CreateVault():
                        done = self._create_vault(action)
                    case PutVaultPolicy():
                        done = self._put_vault_policy(action)
                    case _:
                        assert_never(action)
            except CrossvaultError as error:
                self._refused_writes.add(action, error.problem, self._clock())
                return Result(action, error.problem)
            self._refused_writes.discard(action)
            return Result(done or action, found=done is None)

    def _enter(self, vault: VaultRef) -> Access:
        """Enter the vault's account, with an identity verified for the credentials in use (invariant 5)."""
        access = self._sessions.enter(vault.account)
        access.verify()
        return access

    def _create_vault(self, action: CreateVault) -> CreateVault | None:
        """Create a vault; return None when it was there already."""
        vault = action.vault
        access = self._enter(vault)
        try:
            # Another policy may have made it since the look, and in AWS the second request looks like the first.
            if inventory.vault(access, vault.region, vault.name, lambda: inventory.vault_names(access, vault.region)):
                return None
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
                    return None
            return action
        finally:
            for key in (keys.vaults, keys.settings):
                self._shared.invalidate(key(access.fingerprint, vault.region))
            for of_vault in (keys.vault, keys.policy, keys.points):
                self._shared.invalidate(of_vault(access.fingerprint, vault.region, vault.name))

    def _put_vault_policy(self, action: PutVaultPolicy) -> PutVaultPolicy | None:
        vault = action.vault
        access = self._enter(vault)
        try:
            return self._policies.write(access, action)
        finally:
            self._shared.invalidate(keys.policy(access.fingerprint, vault.region, vault.name))

    def _start_copy(self, action: StartCopy) -> bool:
        """Start a copy; return False when the same request had started it before."""
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
        if self._started.is_forgotten(action, answer["CopyJobId"], self._clock()):
            raise CrossvaultError(_forgotten(action))
        self._refused.discard(action.point.arn, action.destination_vault_arn)
        namespace = action.bound.namespace if action.bound is not None else ""
        copy = RunningCopy((source.arn, action.destination_vault_arn), namespace)
        return self._started.add(answer["CopyJobId"], listing, copy, self._clock())


def _forgotten(action: StartCopy) -> Problem:
    return Problem(
        Reason.COPY_JOB_FORGOTTEN,
        f"AWS answers the request to copy {action.point.arn} with an earlier copy job that it no longer lists.",
        ErrorClass.STUCK,
    )


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
