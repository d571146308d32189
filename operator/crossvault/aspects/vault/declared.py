"""What is declared of a destination vault: whether it is made where it lacks, and with which key."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...engine.declared import VaultRef, is_region, partition_of
from ...engine.parts import Part
from ...manifest.fields import Fields, show

_KEY_ALIAS = r"alias/[A-Za-z0-9/_-]+"
_KEY_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):kms:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    rf"(key/[A-Za-z0-9-]+|{_KEY_ALIAS})"
)
_KEY = re.compile(rf"{_KEY_ALIAS}|[0-9a-f-]{{36}}|mrk-[0-9a-f]{{32}}|{_KEY_ARN.pattern}")


@dataclass(frozen=True, slots=True)
class Creation:
    """Whether a vault is created, and the key that is declared for that: alias, id, or the ARN of either."""

    create: bool = False
    encryption_key: str | None = None


CREATION: Part[Creation] = Part("creation", Creation())


def creation_from(fields: Fields, vault: VaultRef) -> Creation:
    """Read ``vault`` of a destination."""
    create = fields.flag("create")
    return Creation(create, _encryption_key(fields, vault, create=create))


def _encryption_key(fields: Fields, vault: VaultRef, *, create: bool) -> str | None:
    """Read the key that a vault is created with: a customer managed one of the vault's own account and Region.

    An alias and a key id are looked up there; an ARN may name anybody's. A vault takes no replica of a multi-Region
    key that lies in another Region: it is another key.
    """
    key = fields.optional_text("encryptionKey")
    if key is None:
        if create:
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
            f"must be a key of the destination account {account_id}, is of {arn['account']}: the vault is made in"
            f" {account_id} and would depend on a stranger's key. Name a key of that account, such as"
            " alias/orders-copies"
        )
    return ""
