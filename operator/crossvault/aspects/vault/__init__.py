"""Backup vaults: whether they are there, key and lock of those that copies go into, and how one is made.

Of these a vault has its key and its kind for ever; its lock is kept where one is declared.
"""

from __future__ import annotations

from ...engine import fixes
from ...engine.declared import Destination
from ...engine.fixes import Fix
from ...engine.looks import Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Parts
from ...engine.plan import Declaring, Drift, Finding, Room, Side
from ...engine.rows import MET, Prerequisite, by_the_operator, met, unmet, unproven
from ...words.reasons import Reason
from . import by_hand, key, lock, rights
from .creation import ROW, CreateVault, made
from .declared import CREATION, LOCK, Creation, VaultKind, creation_from, lock_from, makes_air_gapped, wants_lock
from .lock import PutVaultLock, held_to
from .seen import KEYS, VAULT, Key, Keys, Vault
from .source import ROW as SOURCE_ROW
from .source import CreateSourceVault, source, unseen

_NOT_YET = {"CREATING": "is being created, which takes AWS minutes", "FAILED": "could not be created by AWS"}
"""What a VaultState says of a vault that holds nothing yet."""


def policy(declaring: Declaring) -> Parts:
    """Read what is declared of the source vault."""
    vault = declaring.fields.object("source").object("vault")
    return Parts().having(CREATION, creation_from(vault, declaring.vault))


def destination(declaring: Declaring) -> Parts:
    """Read what is declared of a destination vault."""
    vault = declaring.fields.object("vault")
    parts, locked = Parts().having(CREATION, creation_from(vault, declaring.vault)), lock_from(vault)
    return parts if locked is None else parts.having(LOCK, locked)


# --- Judging -------------------------------------------------------------------------------------------------------


def judge(side: Side) -> Finding:
    """Judge a destination vault and its key, and its lock as :func:`.lock.judge` has it.

    | vault | create | its key, or the one to be | found |
    |---|---|---|---|
    | there | | as declared | Met |
    | there | | another than declared | Met; drift that only a person can end |
    | absent | no | | Unmet |
    | there | | of another kind, or air-gapped with other bounds, than declared | drift that only a person can end |
    | being created | | | Unmet; it becomes ready by itself |
    | absent | yes | usable, or none is needed | Unmet, ours; CreateVault |
    | absent | yes | not usable | Unmet |
    | not seen | | | Unknown; no copy is started |
    | named Default | | | Unmet: AWS lets no copy of another account into it |
    """
    key_row = key.row(side.desired, side.destination, side.sight)
    create, absence = _creation(side, key_row)
    other, locked = _other_key(side), lock.judge(side)
    return Finding(
        (_row(side, key_row), key_row, *locked.rows),
        (*(each for each in (absence, other) if each is not None), *_otherwise(side), *locked.drift),
        (*((create,) if create is not None else ()), *locked.actions),
    )


def _row(side: Side, key_row: Prerequisite) -> Prerequisite:
    name, ref, look = side.destination.name, side.destination.vault, side.sight[VAULT]
    if ref.name == "Default":
        return unmet(
            ROW,
            name,
            Reason.DEFAULT_VAULT,
            "The vault Default cannot hold copies from another account.",
            "Name another vault in spec.destinations[].vault.name.",
        )
    if isinstance(look, Unseen):
        return unseen(ROW, name, look.problem, "spec.destinations[].region")
    if look.value is not None and look.value.state in _NOT_YET:
        failed = "Delete it by hand; it is then created again." if look.value.state == "FAILED" else ""
        return unmet(ROW, name, Reason.VAULT_NOT_READY, f"Vault {ref.name} {_NOT_YET[look.value.state]}.", failed)
    if look.value is not None:
        return met(ROW, name, f"Vault {ref.name} exists.", clears=[Reason.DESTINATION_VAULT_MISSING])
    remedy = "Set vault.create: true and vault.encryptionKey, or create the vault with a customer managed key."
    ours = False
    if side.destination[CREATION].create:
        ours = key_row.status is MET or not key_row.blocks
        remedy = by_the_operator(side.desired, "creates the vault", unproven(side.rows, name))
        if key_row.blocks and key_row.status is not MET:
            remedy = f"The operator cannot create it yet: {key_row.message} {key_row.remedy}".rstrip()
    message = f"Account {ref.account.name} has no vault {ref.name} in {ref.region}."
    return unmet(ROW, name, Reason.DESTINATION_VAULT_MISSING, message, remedy, ours=ours, fix=_fix(side, ours=ours))


def _fix(side: Side, *, ours: bool) -> Fix:
    """Return what makes the vault; a declared key that cannot be used yet comes first, by a row of its own."""
    creation, wanted = side.destination[CREATION], side.sight[KEYS].wanted
    if not creation.create or creation.keyless:
        return by_hand.vault(side.destination, "")
    declared = None if isinstance(wanted, Unseen) else wanted.value
    return by_hand.vault(side.destination, declared.arn) if ours and declared is not None else fixes.NONE


def _creation(side: Side, key_row: Prerequisite) -> tuple[CreateVault | None, Drift | None]:
    declared, look, keys = side.destination, side.sight[VAULT], side.sight[KEYS]
    if not declared[CREATION].create or isinstance(look, Unseen) or look.value is not None:
        return None, None
    difference = Drift(declared.name, "vault", declared.vault.name, "present", "absent")
    wanted = None if isinstance(keys.wanted, Unseen) else keys.wanted.value
    creation = declared[CREATION]
    if (wanted is None and not creation.keyless) or (key_row.blocks and key_row.status is not MET):
        return None, difference
    key_arn = "" if wanted is None or creation.keyless else wanted.arn
    return CreateVault(declared.name, declared.vault, key_arn, creation.bounds), difference


def _otherwise(side: Side) -> tuple[Drift, ...]:
    """Compare what a vault is with what is declared of it: kind and bounds, which nobody can change."""
    creation, vault = side.destination[CREATION], vault_of(side.sight)
    if creation.kind is None or vault is None or vault.state in _NOT_YET:
        return ()
    name = side.destination.name
    found = VaultKind.AIR_GAPPED if vault.air_gapped else VaultKind.STANDARD
    if found is not creation.kind:
        remedy = "A vault stays what it is: name another vault, or declare the kind that this one has."
        return (Drift(name, "vault_kind", "kind", str(creation.kind), str(found), remedy),)
    if creation.bounds is None or vault.bounds == creation.bounds:
        return ()
    wanted, has = (f"{least} to {most} days" for least, most in (creation.bounds, vault.bounds or (0, 0)))
    remedy = "An air-gapped vault keeps its bounds: name another vault, or declare those that this one has."
    return (Drift(name, "vault_retention", "minRetentionDays, maxRetentionDays", wanted, has, remedy),)


def _other_key(side: Side) -> Drift | None:
    """Compare the key of an existing vault with the declared one; a vault keeps its key for ever.

    An alias, or a key id, that could not be looked up, or names no key, says nothing here: the row of the key tells it.
    """
    wanted, look, looked_up = side.destination[CREATION].encryption_key, side.sight[VAULT], side.sight[KEYS].wanted
    if wanted is None or isinstance(look, Unseen) or look.value is None:
        return None
    names = wanted if ":key/" in wanted else None
    if names is None and not isinstance(looked_up, Unseen) and looked_up.value is not None:
        names = looked_up.value.arn
    has = look.value.encryption_key_arn
    if has is None or names is None or has == names:
        return None
    return Drift(
        side.destination.name,
        "vault_key",
        "encryptionKey",
        wanted if wanted == names else f"{wanted} ({names})",
        has,
        "A vault's key cannot be changed: name another vault, or declare the key that this one has.",
    )


def vault_of(sight: Sight) -> Vault | None:
    """Return the vault of a side as far as it was seen; None when there is none, or nobody knows."""
    look: Look[Vault | None] = sight[VAULT]
    return None if isinstance(look, Unseen) else look.value


def vault_to_be(destination: Destination, wanted: Look[Key | None]) -> Vault | None:
    """Return the vault that the operator will create: empty, with the declared key, which it keeps for ever."""
    creation = destination[CREATION]
    if creation.keyless:
        return made(destination.vault, "", creation.bounds)
    if not creation.create or isinstance(wanted, Unseen) or wanted.value is None:
        return None
    return made(destination.vault, wanted.value.arn, creation.bounds)


DRIFTS = ("vault", "vault_key", "vault_kind", "vault_retention")

ROOM = Room(
    "vault",
    judge=judge,
    source=source,
    policy=policy,
    destination=destination,
    drifts=DRIFTS,
    rights=rights.RIGHTS,
    rows=(SOURCE_ROW, key.NAME, ROW, lock.NAME),
)

__all__ = [
    "CREATION",
    "KEYS",
    "LOCK",
    "ROOM",
    "ROW",
    "SOURCE_ROW",
    "VAULT",
    "CreateSourceVault",
    "CreateVault",
    "Creation",
    "Keys",
    "PutVaultLock",
    "Vault",
    "held_to",
    "makes_air_gapped",
    "vault_of",
    "vault_to_be",
    "wants_lock",
]
