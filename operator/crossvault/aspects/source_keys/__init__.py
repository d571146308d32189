"""The keys of both sides of a copy: whether those behind the recovery points, and the vault's, let in who copies.

Types that AWS Backup does not manage in full are on the key of the resource, all others on that of the source vault.
https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...engine.declared import Desired, Destination
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.plan import Finding, Room, Side
from ...engine.rows import Prerequisite, unknown
from ...words.reasons import Reason
from . import judging, vault_key
from .judging import NAME
from .seen import SOURCE_KEYS
from .vault_key import closed_types


def judge(side: Side) -> Finding:
    """Judge the keys behind the recovery points, and the key of the destination vault; see :mod:`.judging`."""
    vault = vault_key.row(side.desired, side.destination, side.source, side.sight)
    return Finding((_row(side), *((vault,) if vault is not None else ())))


def _row(side: Side) -> Prerequisite:
    look = side.sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return unknown(NAME, side.destination.name, look.problem)
    found = judging.judged(side.desired, side.destination, side.source, side.sight, look.value)
    return judging.row(side.desired, side.destination, side.sight, found)


def row_of(
    desired: Desired, destination: Destination, source: Sight, sight: Sight, uncopied: Collection[tuple[str, str]]
) -> Prerequisite | None:
    """Return the row once it is known which recovery points have no copy: keys, by ARN and resource type."""
    look = sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return None
    found = judging.judged(desired, destination, source, sight, look.value)
    return judging.row(desired, destination, sight, judging.concerning(found, uncopied))


def held(
    desired: Desired, destination: Destination, source: Sight, sight: Sight
) -> Mapping[tuple[str, str], tuple[Reason, str]]:
    """Return why no copy is started of what some keys encrypt, by ARN of the key and resource type."""
    look = sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return {}
    return judging.held(judging.judged(desired, destination, source, sight, look.value))


ROOM = Room("source_keys", judge=judge)

__all__ = ["NAME", "ROOM", "closed_types", "held", "row_of"]
