"""What AWS Backup says of vaults, KMS of their keys, and how a vault is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from ...aws import probe, tenants
from ...aws.answers import PAGES, walked
from ...aws.entered import Entered, Fingerprint
from ...aws.errors import Ask, code_of, problem
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import EVER, Pending, Place, known
from ...aws.reads import ReadKey
from ...engine.declared import Destination
from ...engine.looks import Look, Seen, Unseen
from ...engine.parts import Parts
from ...engine.plan import Result
from ...words.problems import CrossvaultError, ErrorClass, Problem
from . import CREATION, CreateVault
from .seen import KEYS, NO_KEY, VAULT, Key, Keys, Vault

MANAGED_BY = {"crossvault.io/managed-by": "crossvault"}


# --- Looking -------------------------------------------------------------------------------------------------------


def look(scene: Scene) -> Looking:
    """See every vault, then the keys of those that copies go into."""
    if scene.desired.deleting:
        return Looked()
    source = seen(scene.source, scene.desired.source.name)
    vaults = [seen(place, declared.vault.name) for declared, place in scene.sides()]
    yield
    keys = [_keys(place, declared, vault()) for (declared, place), vault in zip(scene.sides(), vaults, strict=True)]
    yield
    return Looked(
        Parts().having(VAULT, source()),
        tuple(
            Parts().having(VAULT, vault()).having(KEYS, Keys(own(), wanted()))
            for vault, (own, wanted) in zip(vaults, keys, strict=True)
        ),
    )


def _keys(
    place: Place, declared: Destination, vault: Look[Vault | None]
) -> tuple[Pending[Key | None], Pending[Key | None]]:
    """Begin to look at the key that a vault has, and at the one that is declared for it."""
    none: Pending[Key | None] = known(NO_KEY)
    wanted = declared[CREATION].encryption_key
    if isinstance(vault, Unseen):
        return known(vault), none
    if vault.value is None:
        return none, kms_key(place, wanted) if declared[CREATION].create and wanted else none
    own = vault.value.own_key_arn
    # An ARN can be compared as it stands; what an alias names has to be asked.
    named = wanted is not None and ":key/" not in wanted
    return kms_key(place, own) if own else none, kms_key(place, wanted) if wanted and named else none


def kms_key(place: Place, key_id: str) -> Pending[Key | None]:
    """Begin to look at a key."""
    access, region = place.access, place.region
    return place.start(("key", access.fingerprint, region, key_id), lambda: key(access, region, key_id))


def seen(place: Place, name: str) -> Pending[Vault | None]:
    """Begin to look at a vault.

    One that is absent is asked for by listing all, so that one answer serves for all that are absent. Of a vault that
    was there the list is not asked, because that would be a call more; of one that nobody has looked at yet it is,
    where it was needed before.
    """
    doubt = None if isinstance(place.identity(), Unseen) else place.doubt()
    if doubt is not None and place.region in place.first_there:
        return known(Unseen(doubt))
    return place.once(vault_key(place.access.fingerprint, place.region, name), lambda: _Vaults(place).begin(name))


def vault_key(entry: Fingerprint, region: str, name: str) -> ReadKey:
    """Name DescribeBackupVault."""
    return ("vault", entry, region, name)


class _Vaults:
    """The vaults of one place, and whether to list them all."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._shared = place.shared
        self._names_key = ("vaults", place.access.fingerprint, place.region)

    def begin(self, name: str) -> Pending[Vault | None]:
        place, shared = self._place, self._shared
        key = vault_key(place.access.fingerprint, place.region, name)
        describe = partial(vault, place.access, place.region, name, self._names)
        if not self._is_listed_first(key):
            before = shared.reads.cached(key, EVER) is not None
            return shared.start(place.access, key, describe) if before else self._first_look(name, key, describe)

        def look() -> Look[Vault | None]:
            return Seen(None) if self._is_absent(name) else shared.look(key, describe)

        return place.access.threads.submit(look).result

    def _first_look(self, name: str, key: ReadKey, describe: Callable[[], Vault | None]) -> Pending[Vault | None]:
        """Look at a vault that nobody has looked at yet, one after the other: the first absent one has all listed.

        A namespace goes after its own only: those of another may stand in line for the account's budget.
        """

        def look() -> Look[Vault | None]:
            with self._shared.reads.turn((*self._names_key, tenants.current())):
                absent = self._is_listed_first(key) and self._is_absent(name)
                return Seen(None) if absent else self._shared.look(key, describe)

        return self._place.access.threads.submit(look).result

    def _is_listed_first(self, key: ReadKey) -> bool:
        before = self._shared.reads.cached(key, EVER)
        if before is not None:
            return before[0] is None and before[1] < self._shared.not_before
        return self._shared.reads.cached(self._names_key, EVER) is not None

    def _names(self) -> frozenset[str]:
        """List the vaults, or take the list that is there; being denied it is an answer, too."""
        access, region = self._place.access, self._place.region

        def answer() -> frozenset[str] | Problem:
            try:
                return vault_names(access, region)
            except CrossvaultError as error:
                if error.problem.error_class is ErrorClass.RETRY:
                    raise
                return error.problem

        names, at = self._shared.reads.get(self._names_key, self._shared.not_before, answer)
        if isinstance(names, Problem):
            raise CrossvaultError(names)
        self._shared.ages[self._names_key] = at
        return names

    def _is_absent(self, name: str) -> bool:
        """Tell whether the list of vaults says so."""
        try:
            return name not in self._names()
        except CrossvaultError:
            return False


# --- Asking --------------------------------------------------------------------------------------------------------


def vault(access: Entered, region: str, name: str, vault_names: Callable[[], frozenset[str]]) -> Vault | None:
    """Describe a vault.

    AWS answers AccessDenied for a vault that does not exist, whatever the caller may do; ``vault_names`` tells the two
    apart (invariant 7).
    """
    what, action = f"read vault {name}", "backup:DescribeBackupVault"
    with access.asking(what, action, region):
        try:
            answer = access.backup(region).describe_backup_vault(BackupVaultName=name)
        except ClientError as error:
            code = code_of(error)
            if code == "ResourceNotFoundException":
                return None
            if code not in {"AccessDeniedException", "AccessDenied"}:
                raise
            if name not in vault_names():
                return None
            denied = problem(error, Ask(what, access.account, action, region))
            words = denied.message.replace(f" ({code})", f" The vault exists. ({code})")
            raise CrossvaultError(Problem(denied.reason, words, denied.error_class, code)) from error
    return Vault(
        arn=answer["BackupVaultArn"],
        name=answer["BackupVaultName"],
        encryption_key_arn=answer["EncryptionKeyArn"],
        locked=bool(answer.get("Locked")),
        min_retention_days=answer.get("MinRetentionDays"),
        max_retention_days=answer.get("MaxRetentionDays"),
        kind=answer.get("VaultType") or "",
        key_type=answer.get("EncryptionKeyType") or "",
        created=_in_utc(answer.get("CreationDate")),
        points=answer.get("NumberOfRecoveryPoints"),
    )


def _in_utc(at: datetime | None) -> datetime | None:
    """Return an instant in UTC: botocore gives it in a zone that is slow to compare with."""
    return at.astimezone(UTC) if at is not None else None


def _name(row: Mapping[str, Any]) -> str:
    return str(row["BackupVaultName"])


def vault_names(access: Entered, region: str) -> frozenset[str]:
    """List the names of all vaults."""
    with access.asking("list the vaults", "backup:ListBackupVaults", region):
        pages = access.backup(region).get_paginator("list_backup_vaults").paginate(PaginationConfig=PAGES)
        return frozenset(map(_name, walked(pages, "BackupVaultList", _name)))


def key(access: Entered, region: str, key_id: str) -> Key | None:
    """Describe a key by id, ARN or alias."""
    if "alias/aws/" in key_id:
        # Describing the alias of an AWS managed key creates the key where it does not exist yet, and looking must not
        # create. Its manager is in its name. https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
        return Key(key_id, "AWS", "Enabled")
    with access.asking(f"read key {key_id}", "kms:DescribeKey", region):
        try:
            answer = access.kms(region).describe_key(KeyId=key_id)["KeyMetadata"]
        except ClientError as error:
            if code_of(error) == "NotFoundException":
                return None
            raise
    return Key(answer["Arn"], answer["KeyManager"], answer["KeyState"])


# --- Acting --------------------------------------------------------------------------------------------------------


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""

    def create(action: CreateVault) -> Result:
        return reach.write(action, lambda write: _create(reach, write))

    return Hands(look, acts={CreateVault: create})


def _create(reach: Reach, action: CreateVault) -> CreateVault | None:
    """Create a vault; return None when it was there already."""
    ref = action.vault
    access = reach.enter(ref)
    try:
        # Another policy may have made it since the look, and in AWS the second request looks like the first.
        if vault(access, ref.region, ref.name, lambda: vault_names(access, ref.region)):
            return None
        with access.asking(f"create vault {ref.name}", "backup:CreateBackupVault", ref.region):
            try:
                access.backup(ref.region).create_backup_vault(
                    BackupVaultName=ref.name,
                    BackupVaultTags=MANAGED_BY,
                    EncryptionKeyArn=action.key_arn,
                    CreatorRequestId=creator_request_id(ref.arn),
                )
            except ClientError as error:
                # Somebody's vault, or our own whose answer was lost: the next look tells which.
                if code_of(error) != "AlreadyExistsException":
                    raise
                return None
        return action
    finally:
        reach.reads.invalidate(("vaults", access.fingerprint, ref.region))
        reach.reads.invalidate(probe.key(access.fingerprint, ref.region))
        for what in ("vault", "policy", "points"):
            reach.reads.invalidate((what, access.fingerprint, ref.region, ref.name))


def creator_request_id(vault_arn: str) -> str:
    """Return the same id for the same vault, so that a repeated request is recognised as a repetition."""
    return "crossvault-" + hashlib.sha256(vault_arn.encode()).hexdigest()[:39]
