"""The keys of both sides of a copy: whether those behind the recovery points, and the vault's, let in who copies.

Types that AWS Backup does not manage in full are on the key of the resource, all others on that of the source vault.
https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ...engine.declared import Desired, Destination
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.plan import Drift, Finding, Room, Side
from ...engine.rows import Prerequisite, unknown
from ...words.reasons import Reason
from . import declared, judging, manage, rights, service_role, vault_key
from .declared import manages_keys
from .judging import NAME, Verdicts
from .manage import PutKeyPolicy
from .seen import SOURCE_KEYS
from .service_role import CreateServiceRole
from .vault_key import closed_types


def judge(side: Side) -> Finding:
    """Judge the keys behind the recovery points, and the key of the destination vault; see :mod:`.judging`."""
    vault = vault_key.row(side.desired, side.destination, side.source, side.sight)
    rows, look = (vault,) if vault is not None else (), side.sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return Finding((unknown(NAME, side.destination.name, look.problem), *rows))
    asked = side.desired, side.destination, side.source, side.sight
    found = judging.judged(*asked, look.value)
    actions, drift = manage.sharing(side.desired, side.destination, side.sight, found)
    made = service_role.creation(side.destination, side.sight)
    return Finding((_row(side, found, drift), *rows), drift, (*made, *actions))


def _row(side: Side, found: list[Verdicts], drift: Iterable[Drift]) -> Prerequisite:
    row = judging.row(side.desired, side.destination, side.sight, found)
    return manage.owned(row, side, found, drift)


def row_of(side: Side, uncopied: Collection[tuple[str, str]]) -> Prerequisite | None:
    """Return the row once it is known which recovery points have no copy: keys, by ARN and resource type."""
    look = side.sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return None
    found = judging.judged(side.desired, side.destination, side.source, side.sight, look.value)
    told = judging.concerning(found, uncopied)
    _, drift = manage.sharing(side.desired, side.destination, side.sight, told)
    return _row(side, told, drift)


def held(
    desired: Desired, destination: Destination, source: Sight, sight: Sight
) -> Mapping[tuple[str, str], tuple[Reason, str]]:
    """Return why no copy is started of what some keys encrypt, by ARN of the key and resource type."""
    look = sight[SOURCE_KEYS]
    if isinstance(look, Unseen):
        return {}
    return judging.held(judging.judged(desired, destination, source, sight, look.value))


ROOM = Room(
    "source_keys",
    judge=judge,
    policy=declared.policy,
    drifts=(manage.ASPECT,),
    rights=rights.RIGHTS,
    rows=(NAME, vault_key.NAME),
)

__all__ = ["NAME", "ROOM", "CreateServiceRole", "PutKeyPolicy", "closed_types", "held", "manages_keys", "row_of"]
