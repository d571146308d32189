"""What AWS Backup says of vaults, KMS of their keys, and how a vault is made and locked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ....aws import probe, tenants
from ....aws.causes import Ask
from ....aws.entered import Entered, Fingerprint
from ....aws.errors import code_of, problem
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.pages import PAGES, walked
from ....aws.places import DENIED, EVER, Age, Pending, Place, known
from ....aws.reads import ReadKey
from ....aws.rows import Row
from ....engine.declared import Desired, Destination, account_of
from ....engine.hints import Subject
from ....engine.looks import Look, Seen, Unseen
from ....engine.parts import Parts
from ....engine.plan import Result
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from .. import CREATION, CreateSourceVault, CreateVault, PutVaultLock
from ..seen import KEYS, NO_KEY, VAULT, Key, Keys, Vault
from . import locking

if TYPE_CHECKING:
    from mypy_boto3_backup.type_defs import DescribeBackupVaultOutputTypeDef

MOST_GONE = 1000
"""So many vaults are remembered of which a list has spoken before."""
MANAGED_BY = {"crossvault.io/managed-by": "crossvault"}


# --- Looking -------------------------------------------------------------------------------------------------------


def look(scene: Scene) -> Looking:
    """See every vault, then the keys of those that copies go into."""
    if scene.desired.deleting:
        return Looked()
    source = seen(scene.source, scene.desired.source.name)
    vaults = [seen(place, declared.vault.name) for declared, place in scene.sides()]
    yield
    wanted_at_source = wanted_key(scene.source, scene.desired, source())
    keys = [_keys(place, declared, vault()) for (declared, place), vault in zip(scene.sides(), vaults, strict=True)]
    yield
    return Looked(
        Parts().having(VAULT, source()).having(KEYS, Keys(wanted=wanted_at_source())),
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
        return none, wanted_key(place, declared, vault)
    own = vault.value.own_key_arn
    # An ARN can be compared as it stands; what an alias names has to be asked.
    named = wanted is not None and ":key/" not in wanted
    return kms_key(place, own) if own else none, kms_key(place, wanted) if wanted and named else none


def wanted_key(place: Place, declared: Destination | Desired, vault: Look[Vault | None]) -> Pending[Key | None]:
    """Begin to look at the key of a vault that is to be created."""
    creation = declared[CREATION]
    if isinstance(vault, Unseen) or vault.value is not None or not creation.create or not creation.encryption_key:
        return known(NO_KEY)
    return kms_key(place, creation.encryption_key)


def kms_key(place: Place, key_id: str) -> Pending[Key | None]:
    """Begin to look at a key."""
    access, region = place.access, place.region
    return place.setting(
        ("key", access.fingerprint, region, key_id), lambda: key(access, region, key_id), age=Age.SETTLED
    )


def seen(place: Place, name: str) -> Pending[Vault | None]:
    """Begin to look at a vault: one list of all tells of each, to every policy that speaks of one of them.

    Where listing is denied, the vault is described.
    """
    doubt = None if isinstance(place.identity(), Unseen) else place.doubt()
    if doubt is not None and place.region in place.first_there:
        return known(Unseen(doubt))
    return place.once(vault_key(place.access.fingerprint, place.region, name), lambda: _Vaults(place).begin(name))


def vault_key(entry: Fingerprint, region: str, name: str) -> ReadKey:
    """Name what is known of one vault: the age of that, and DescribeBackupVault where it is asked."""
    return ("vault", entry, region, name)


def vaults_key(entry: Fingerprint, region: str) -> ReadKey:
    """Name ListBackupVaults."""
    return ("vaults", entry, region)


class _Vaults:
    """The vaults of one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._shared = place.shared
        self._key = vaults_key(place.access.fingerprint, place.region)

    def begin(self, name: str) -> Pending[Vault | None]:
        """Begin to look at one, or take at once what is there."""
        if isinstance(self._cached(self._shared.settings_since), Listed):
            return known(self._look(name))
        return self._place.access.begin(lambda: self._look(name))

    def _look(self, name: str) -> Look[Vault | None]:
        try:
            listed, at = self._known_denied() or self._list()
        except CrossvaultError as error:
            return Unseen(error.problem)
        if isinstance(listed, Problem):
            return self._describe(name) if listed.reason is Reason.ACCESS_DENIED else Unseen(listed)
        if name in listed.partly or name in listed.gone:
            return self._describe(name)
        access, region = self._place.access, self._place.region
        self._shared.ages[vault_key(access.fingerprint, region, name)] = at
        return Seen(listed.vaults.get(name))

    def _describe(self, name: str) -> Look[Vault | None]:
        access, region = self._place.access, self._place.region
        describe = partial(vault, access, region, name, self._names)
        return self._shared.look(vault_key(access.fingerprint, region, name), describe, age=Age.SET)

    def _names(self) -> Collection[str]:
        """Tell which vaults there are, where one cannot be described; being denied that, too, is raised."""
        listed, at = self._list()
        if isinstance(listed, Problem):
            raise CrossvaultError(listed)
        self._shared.ages[self._key] = at
        return listed.names

    def _known_denied(self) -> tuple[Problem, datetime] | None:
        """Return what AWS has answered, a short while ago, to who may not list: that costs a call each time."""
        answer = self._cached(self._shared.settings_since - DENIED)
        return (answer, EVER) if isinstance(answer, Problem) and answer.reason is Reason.ACCESS_DENIED else None

    def _cached(self, not_before: datetime) -> Listed | Problem | None:
        kept = self._shared.reads.cached(self._key, not_before)
        return kept[0] if kept is not None else None

    def _list(self) -> tuple[Listed | Problem, datetime]:
        """List the vaults, or take the list that is there; being denied it is an answer, too."""
        access, region = self._place.access, self._place.region
        before = self._shared.reads.last(self._key)

        def answer() -> Listed | Problem:
            try:
                return vaults(access, region).after(before)
            except CrossvaultError as error:
                if error.problem.error_class is ErrorClass.RETRY:
                    raise
                return error.problem

        return self._shared.reads.get(self._key, self._shared.settings_since, answer, tenants.current())


# --- Asking --------------------------------------------------------------------------------------------------------


class _AbsentError(Exception):
    """There is no such vault, and so nobody has told whether it may be described."""


def vault(access: Entered, region: str, name: str, vault_names: Callable[[], Collection[str]]) -> Vault | None:
    """Describe a vault.

    AWS answers AccessDenied for a vault that does not exist, whatever the caller may do; ``vault_names`` tells the two
    apart (invariant 7).
    """
    try:
        answer = _described(access, region, name, vault_names)
    except _AbsentError:
        return None
    return Vault(
        arn=answer["BackupVaultArn"],
        name=answer["BackupVaultName"],
        encryption_key_arn=answer["EncryptionKeyArn"],
        locked=answer.get("Locked"),
        min_retention_days=answer.get("MinRetentionDays"),
        max_retention_days=answer.get("MaxRetentionDays"),
        kind=answer.get("VaultType") or "",
        key_type=answer.get("EncryptionKeyType") or "",
        created=_in_utc(answer.get("CreationDate")),
        state=answer.get("VaultState") or "",
        lock_date=_in_utc(answer.get("LockDate")),
        points=answer.get("NumberOfRecoveryPoints"),
    )


def _since_1970(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _described(
    access: Entered, region: str, name: str, vault_names: Callable[[], Collection[str]]
) -> DescribeBackupVaultOutputTypeDef:
    what, action = f"read vault {name}", "backup:DescribeBackupVault"
    with access.asking(what, action, region):
        try:
            return access.backup(region).describe_backup_vault(BackupVaultName=name)
        except ClientError as error:
            code = code_of(error)
            if code not in {"ResourceNotFoundException", "AccessDeniedException", "AccessDenied"}:
                raise
            if code == "ResourceNotFoundException" or name not in vault_names():
                raise _AbsentError from error
            denied = problem(error, Ask(what, access.account, action, region))
            words = denied.message.replace(f" ({code})", f" The vault exists. ({code})")
            raise CrossvaultError(Problem(denied.reason, words, denied.error_class, code)) from error


def _in_utc(at: datetime | None) -> datetime | None:
    """Return an instant in UTC: botocore gives it in a zone that is slow to compare with."""
    return at.astimezone(UTC) if at is not None else None


@dataclass(frozen=True, slots=True)
class Listed:
    """The vaults of an account in a Region, by name.

    Attributes:
        partly: Those whose rows lack what every vault has.
        gone: Those that an earlier list had: a list may be late, and a vault that is lost is worth a second question.
    """

    vaults: Mapping[str, Vault]
    partly: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    def after(self, before: Listed | Problem | None) -> Listed:
        """Return this list as it is after another one."""
        if not isinstance(before, Listed):
            return self
        gone = (before.gone | {*before.names}) - {*self.names}
        return replace(self, gone=frozenset(sorted(gone)[:MOST_GONE]))

    @property
    def names(self) -> Collection[str]:
        """The names of all."""
        return self.vaults.keys() | self.partly


def vaults(access: Entered, region: str) -> Listed:
    """List the vaults of the account, without those of others that are shared with it.

    A row has all that is read of a description; one that has no ARN or no key is none, but says that there is a vault.
    """
    found: dict[str, Vault] = {}
    partly: set[str] = set()
    with access.asking("list the vaults", "backup:ListBackupVaults", region):
        pages = access.backup(region).get_paginator("list_backup_vaults").paginate(PaginationConfig=PAGES)
        for sent in walked(pages, "BackupVaultList", _name):
            row = sent.read()
            if not row.BackupVaultArn or not row.EncryptionKeyArn:
                partly.add(row.BackupVaultName)
            elif account_of(row.BackupVaultArn) == access.account.account_id:
                found[row.BackupVaultName] = _listed(row)
    return Listed(found, frozenset(partly - found.keys()))


def _name(row: Row) -> str:
    return str(row.read().BackupVaultName)


def _listed(row: Any) -> Vault:  # noqa: ANN401 - a row of aws.rows, made from the table of members
    return Vault(
        arn=row.BackupVaultArn,
        name=row.BackupVaultName,
        encryption_key_arn=row.EncryptionKeyArn,
        locked=row.Locked,
        min_retention_days=row.MinRetentionDays,
        max_retention_days=row.MaxRetentionDays,
        kind=row.VaultType or "",
        key_type=row.EncryptionKeyType or "",
        created=_since_1970(row.CreationDate),
        state=row.VaultState or "",
        lock_date=_since_1970(row.LockDate),
        points=row.NumberOfRecoveryPoints,
    )


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

    def lock(action: PutVaultLock) -> Result:
        return reach.write(action, lambda write: _lock(reach, write))

    seen_anew = frozenset({Subject.VAULT})
    heeds = {"vaults": seen_anew, "vault": seen_anew, "key": frozenset({Subject.KEY})}
    return Hands(look, acts={CreateVault: create, CreateSourceVault: create, PutVaultLock: lock}, heeds=heeds)


def _send(access: Entered, action: CreateVault) -> None:
    ref = action.vault
    client, request_id = access.backup(ref.region), creator_request_id(ref.arn)
    if action.bounds is None:
        with access.asking(f"create vault {ref.name}", "backup:CreateBackupVault", ref.region):
            client.create_backup_vault(
                BackupVaultName=ref.name,
                BackupVaultTags=MANAGED_BY,
                EncryptionKeyArn=action.key_arn,
                CreatorRequestId=request_id,
            )
        return
    least, most = action.bounds
    key: Any = {"EncryptionKeyArn": action.key_arn} if action.key_arn else {}
    with access.asking(f"create vault {ref.name}", "backup:CreateLogicallyAirGappedBackupVault", ref.region):
        client.create_logically_air_gapped_backup_vault(
            BackupVaultName=ref.name,
            BackupVaultTags=MANAGED_BY,
            CreatorRequestId=request_id,
            MinRetentionDays=least,
            MaxRetentionDays=most,
            **key,
        )


def _create(reach: Reach, action: CreateVault) -> CreateVault | None:
    """Create a vault; return None when it was there already."""
    ref = action.vault
    access = reach.enter(ref)
    try:
        # Another policy may have made it since the look, and in AWS the second request looks like the first.
        if vault(access, ref.region, ref.name, lambda: vaults(access, ref.region).names):
            return None
        try:
            _send(access, action)
        except CrossvaultError as error:
            # Somebody's vault, or our own whose answer was lost: the next look tells which.
            if error.problem.code != "AlreadyExistsException":
                raise
            return None
        return action
    finally:
        reach.reads.invalidate(vaults_key(access.fingerprint, ref.region))
        reach.reads.invalidate(probe.key(access.fingerprint, ref.region))
        for what in ("vault", "policy", "points"):
            reach.reads.invalidate((what, access.fingerprint, ref.region, ref.name))


def _lock(reach: Reach, action: PutVaultLock) -> PutVaultLock | None:
    """Lock a vault; return None when it was locked like that already."""
    access, ref = reach.enter(action.vault), action.vault
    try:
        there = vault(access, ref.region, ref.name, lambda: vaults(access, ref.region).names)
        return locking.write(access, action, there)
    finally:
        reach.reads.invalidate(vaults_key(access.fingerprint, ref.region))
        reach.reads.invalidate(vault_key(access.fingerprint, ref.region, ref.name))


def creator_request_id(vault_arn: str) -> str:
    """Return the same id for the same vault, so that a repeated request is recognised as a repetition."""
    return "crossvault-" + hashlib.sha256(vault_arn.encode()).hexdigest()[:39]
