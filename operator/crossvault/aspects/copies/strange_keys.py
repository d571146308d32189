"""Copies under a key of another account than the one they were brought to safety in: who has that key has the copies.

AWS encrypts a copy with the key of its vault (aws-backup, "Encryption for copies of a backup to a different account").
A key of the vault's own account is never told of, whichever it is; nor is one that AWS does not name, one of an
air-gapped vault, which may belong to AWS, or the vault's own key, of whatever account that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...engine.declared import Destination
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.plan import Case, Drift
from ..vault import vault_of
from .contents import ARRIVALS

ASPECT = "copy_keys"

_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:([0-9]{12}):key/.+")
_REMEDY = (
    "Nobody can encrypt a copy anew: find out who made them, delete them when you do not trust that account, and new"
    " copies are made with the vault's key."
)


def hazards(case: Case) -> Iterator[Drift]:
    """Yield the keys of other accounts that copies of this source are encrypted with."""
    for destination, sight in case.sides():
        found = _found(case, destination, sight)
        for key, (resources, example) in sorted(found.items()):
            more = f" and {resources - 1} more resource{'' if resources == 2 else 's'}" if resources > 1 else ""
            of = f"copies of {example}{more}"
            yield Drift(destination.name, ASPECT, "", "encrypted with the vault's key", f"{key}, of {of}", _REMEDY)


def _found(case: Case, destination: Destination, sight: Sight) -> dict[str, tuple[int, str]]:
    vault, copies = vault_of(sight), sight[ARRIVALS].copies
    if vault is None or vault.air_gapped or vault.encryption_key_arn is None or isinstance(copies, Unseen):
        return {}
    return {
        key: told
        for (key, origin), told in copies.value.under_keys.items()
        if origin == case.desired.source.arn
        and key != vault.encryption_key_arn
        and (named := _KEY.fullmatch(key)) is not None
        and named[1] != destination.vault.account.account_id
    }
