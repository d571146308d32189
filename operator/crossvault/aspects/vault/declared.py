"""What is declared of a destination vault: whether it is made where it lacks, with which key, and how it is locked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ...engine.declared import VaultRef, is_region, partition_of
from ...engine.parts import Part
from ...manifest.fields import Fields, show
from .seen import LONGEST_RETENTION, Bounds

_KEY_ALIAS = r"alias/[A-Za-z0-9/_-]+"
_KEY_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):kms:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    rf"(key/[A-Za-z0-9-]+|{_KEY_ALIAS})"
)
_KEY = re.compile(rf"{_KEY_ALIAS}|[0-9a-f-]{{36}}|mrk-[0-9a-f]{{32}}|{_KEY_ARN.pattern}")


LEAST_AIR_GAPPED, MOST = 7, LONGEST_RETENTION
"""Days of retention that a logically air-gapped vault can be bound to.
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateLogicallyAirGappedBackupVault.html"""


class VaultKind(StrEnum):
    """What a vault is; it stays so for ever."""

    STANDARD = "Standard"
    AIR_GAPPED = "LogicallyAirGapped"


@dataclass(frozen=True, slots=True)
class Creation:
    """Whether a vault is created, and how.

    Attributes:
        encryption_key: Alias, id, or the ARN of either.
        kind: None where nothing is said of it: then a vault that is there may be of any.
        bounds: Days of retention that an air-gapped vault allows, least and most.
    """

    create: bool = False
    encryption_key: str | None = None
    kind: VaultKind | None = None
    bounds: tuple[int, int] | None = None

    @property
    def air_gapped(self) -> bool:
        """Whether it is to be logically air-gapped."""
        return self.kind is VaultKind.AIR_GAPPED

    @property
    def keyless(self) -> bool:
        """Whether the vault is created on a key that AWS owns, as an air-gapped one can be."""
        return self.create and self.air_gapped and self.encryption_key is None


CREATION: Part[Creation] = Part("creation", Creation())


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock in governance mode that a vault is to have.

    Attributes:
        least, most: Days of retention that it allows; ``most`` None for no upper bound.
        shorten_to: The least that is accepted for a lock that asks for more.
    """

    least: int
    most: int | None = None
    shorten_to: int | None = None

    @property
    def bounds(self) -> Bounds:
        """What it allows."""
        return self.least, self.most

    def allows(self, days: int) -> bool:
        """Tell whether a copy may live so long."""
        return self.least <= days <= (self.most or LONGEST_RETENTION)


LOCK: Part[Lock | None] = Part("lock", None)
"""The lock that is kept; None where nothing is said of it."""


def creation_from(fields: Fields, vault: VaultRef) -> Creation:
    """Read ``vault`` of a destination."""
    create, kind = fields.flag("create"), None
    if fields.has("kind"):
        kind = fields.choice("kind", VaultKind.STANDARD)
    air_gapped = kind is VaultKind.AIR_GAPPED
    key = _encryption_key(fields, vault, create=create, air_gapped=air_gapped)
    return Creation(create, key, kind, _bounds(fields, create=create, air_gapped=air_gapped))


def lock_from(vault: Fields) -> Lock | None:
    """Read ``lock`` of a destination's vault."""
    if not vault.has("lock"):
        return None
    if vault.says("kind", VaultKind.AIR_GAPPED):
        vault.fault("lock", "not with kind: LogicallyAirGapped, which is locked for ever from the beginning")
    fields = vault.object("lock")
    least = fields.integer("minRetentionDays", 1) if fields.has("minRetentionDays") else None
    most, shorten_to = fields.optional_integer("maxRetentionDays"), fields.optional_integer("shortenToDays")
    if least is None:
        fields.fault("minRetentionDays", "is required")
        return None
    for name, days in (("minRetentionDays", least), ("maxRetentionDays", most)):
        if days is not None and days > MOST:
            fields.fault(name, f"must be at most {MOST}, is {days}")
    if most is not None and least > most:
        fields.fault("minRetentionDays", f"must not be more than maxRetentionDays, {most}; is {least}")
    if shorten_to is not None and shorten_to != least:
        words = f"must be minRetentionDays, {least}, is {shorten_to}: shortening is accepted for one retention"
        fields.fault("shortenToDays", words)
    return Lock(least, most, shorten_to)


def wants_lock(vault: Fields) -> bool:
    """Tell whether a destination has its vault locked; what is wrong with how is told elsewhere."""
    return vault.has("lock")


def makes_air_gapped(vault: Fields) -> bool:
    """Tell whether a destination has an air-gapped vault made; what is no such word is told elsewhere."""
    return vault.says("create", True) and vault.says("kind", VaultKind.AIR_GAPPED)


def _bounds(fields: Fields, *, create: bool, air_gapped: bool) -> tuple[int, int] | None:
    """Read the retention that an air-gapped vault is bound to for ever."""
    names = ("minRetentionDays", "maxRetentionDays")
    for name in names:
        if fields.has(name) and not air_gapped:
            fields.fault(name, "only with kind: LogicallyAirGapped, which is bound to it for ever")
        elif create and air_gapped and not fields.has(name):
            fields.fault(name, "required with create and kind: LogicallyAirGapped")
    least, most = (fields.optional_integer(name) for name in names)
    if least is None or most is None or not air_gapped:
        return None
    if least < LEAST_AIR_GAPPED:
        fields.fault(names[0], f"must be at least {LEAST_AIR_GAPPED}, is {least}")
    if most > MOST:
        fields.fault(names[1], f"must be at most {MOST}, is {most}")
    if least > most:
        fields.fault(names[0], f"must not be more than maxRetentionDays, {most}; is {least}")
    return least, most


def _encryption_key(fields: Fields, vault: VaultRef, *, create: bool, air_gapped: bool) -> str | None:
    """Read the key that a vault is created with: a customer managed one of the vault's own account and Region.

    An alias and a key id are looked up there; an ARN may name anybody's. A vault takes no replica of a multi-Region
    key that lies in another Region: it is another key.
    """
    key = fields.optional_text("encryptionKey")
    if key is None:
        if create and not air_gapped:
            words = "required with create, as copies from other accounts need a customer managed key"
            fields.fault("encryptionKey", words)
        return None
    wrong = _wrong_key(key, vault)
    if key and wrong:
        fields.fault("encryptionKey", wrong)
    elif key and not create:
        fields.fault("encryptionKey", "only with create; the key of an existing vault cannot be changed")
    return key


def _wrong_key(key: str, vault: VaultRef) -> str:
    """Say what is wrong with a key for a vault, in the words of the CRD as far as that can know."""
    if not _KEY.fullmatch(key):
        return f"must be an alias such as alias/orders-copies, a key id, or the ARN of either; is {show(key)}"
    if "alias/aws/" in key:
        words = "must be a customer managed key; AWS managed keys cannot be shared with other accounts"
        return f"{words}; is {show(key)}"
    arn = _KEY_ARN.fullmatch(key)
    if arn is None:
        return ""
    if is_region(vault.region) and (arn["region"], arn["partition"]) != (vault.region, partition_of(vault.region)):
        return f"must be a key in the Region of the vault, {vault.region}"
    account_id = vault.account.account_id
    if account_id and arn["account"] != account_id:
        return (
            f"must be a key of the vault's own account {account_id}, is of {arn['account']}: the vault is made in"
            f" {account_id} and would depend on a stranger's key. Name a key of that account, such as"
            " alias/orders-copies"
        )
    return ""
