"""The key of a destination vault: the one it has, or the one it is going to be made with.

KMS is asked about keys of the vault's own account only. Of others it says "not found" or "denied", which tells
nothing; there EncryptionKeyType decides. https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import fixes
from ...engine.declared import Desired, Destination, account_of
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.rows import MET, UNKNOWN, Prerequisite, met, unknown, unmet
from ...words.reasons import Reason
from ..resource_types.matrix import FULLY_MANAGED, KEYED_BY_RESOURCE
from . import by_hand
from .declared import CREATION
from .seen import AWS_OWNED, CUSTOMER_MANAGED, KEYS, VAULT, Key, Vault

NAME = "VaultKey"


def row(desired: Desired, destination: Destination, sight: Sight) -> Prerequisite:
    """Judge the key of the vault that is there, or of the one to be made.

    | vault | key | row |
    |---|---|---|
    | absent, not to be made | | Unknown |
    | absent, to be made | declared one is an enabled customer managed key | Met |
    | logically air-gapped | owned by AWS, or of another account | Met |
    | any | of its own account, gone or not enabled | Unmet |
    | standard | managed or owned by AWS, and all types in scope need another | Unmet |
    | standard | the same, and some of them do, or none is declared | Unmet; what needs another is held: :func:`unfit` |
    | standard | of another account | Met or Unmet as EncryptionKeyType says |
    | any | of another account, and AWS says nothing more | Unknown |
    | any | can be used, and an alias or id is declared that names none | Unknown; copies go on |
    """
    look = sight[VAULT]
    if isinstance(look, Unseen):
        return unknown(NAME, destination.name, look.problem)
    vault = look.value
    if vault is None:
        return _wanted(destination, sight)
    if vault.encryption_key_arn is not None and vault.own_key_arn is None:
        return _compared(_foreign(desired, destination, vault), destination, sight)
    return _compared(_own(desired, destination, vault, sight), destination, sight)


def _compared(found: Prerequisite, destination: Destination, sight: Sight) -> Prerequisite:
    """Tell of a key that can be used, but is declared by a name that names none; it may be another one than meant."""
    wanted, look = destination[CREATION].encryption_key, sight[KEYS].wanted
    compared = wanted is None or ":key/" in wanted or isinstance(look, Unseen) or look.value is not None
    if compared or found.status is not MET:
        return found
    where = f"in account {destination.vault.account.name} ({destination.vault.region})"
    return Prerequisite(
        NAME,
        destination.name,
        UNKNOWN,
        Reason.DECLARED_KEY_NOT_FOUND,
        f"{found.message} Whether it is the declared one is not known: there is no key {wanted} {where}.",
        "Correct spec.destinations[].vault.encryptionKey, or take it out: a vault keeps the key that it has.",
        clears=found.clears,
    )


def _wanted(destination: Destination, sight: Sight) -> Prerequisite:
    """Judge the key with which the vault is going to be created."""
    look, wanted = sight[KEYS].wanted, destination[CREATION].encryption_key
    if not destination[CREATION].create:
        return no_vault(NAME, destination, "key")
    if destination[CREATION].keyless:
        return _good(destination, f"Vault {destination.vault.name} is created on a key that AWS owns.")
    if isinstance(look, Unseen):
        return unknown(NAME, destination.name, look.problem, blocks=True)
    where = f"in account {destination.vault.account.name} ({destination.vault.region})"
    if look.value is None:
        return unmet(
            NAME,
            destination.name,
            Reason.KEY_NOT_FOUND,
            f"There is no key {wanted} {where}.",
            "Create the customer managed key, or correct spec.destinations[].vault.encryptionKey.",
            fix=by_hand.key(destination.vault, wanted or ""),
        )
    if look.value.manager != "CUSTOMER" or look.value.state != "Enabled":
        return unmet(
            NAME,
            destination.name,
            Reason.KEY_NOT_USABLE,
            f"Key {wanted} {where} is {_state(look.value)}.",
            _usable(look.value),
            fix=fixes.within(destination.vault.account, *by_hand.enabling(look.value)),
        )
    return _good(destination, f"Key {wanted} can be used.")


def _state(key: Key) -> str:
    return key.state if key.manager == "CUSTOMER" else "managed by AWS"


def _usable(key: Key) -> str:
    named = "name an enabled customer managed key in spec.destinations[].vault.encryptionKey"
    return _sentence(f"{by_hand.mended(key.state)}, or {named}" if key.manager == "CUSTOMER" else named)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _foreign(desired: Desired, destination: Destination, vault: Vault) -> Prerequisite:
    """Judge a key that belongs to AWS or to a third account from what AWS Backup says of it."""
    if vault.air_gapped:
        return _good(destination, f"Vault {vault.name} is logically air-gapped; its key is in AWS's care.")
    if vault.key_type == AWS_OWNED and vault.kind:
        return _not_of_the_customer(desired, destination, vault)
    owner = account_of(vault.encryption_key_arn or "")
    message = f"Key {vault.encryption_key_arn} of vault {vault.name} belongs to account {owner}, which answers for it."
    if vault.key_type == CUSTOMER_MANAGED:
        return _good(destination, message)
    return Prerequisite(NAME, destination.name, UNKNOWN, Reason.FOREIGN_KEY, message)


def _own(desired: Desired, destination: Destination, vault: Vault, sight: Sight) -> Prerequisite:
    look = sight[KEYS].own
    if isinstance(look, Unseen):
        return unknown(NAME, destination.name, look.problem)
    key = look.value
    if key is None and vault.own_key_arn is not None:
        return unmet(
            NAME,
            destination.name,
            Reason.KEY_NOT_FOUND,
            f"Key {vault.own_key_arn} of vault {vault.name} does not exist.",
            "A vault's key cannot be changed: name another vault.",
        )
    if key is not None and key.state != "Enabled":
        return unmet(
            NAME,
            destination.name,
            Reason.KEY_NOT_USABLE,
            f"Key {vault.encryption_key_arn} of vault {vault.name} is {key.state}.",
            _sentence(by_hand.mended(key.state)),
            fix=fixes.within(destination.vault.account, *by_hand.enabling(key)),
        )
    if (key is None or key.manager != "CUSTOMER") and not vault.air_gapped:
        return _not_of_the_customer(desired, destination, vault)
    return _good(destination, f"Key {vault.encryption_key_arn} of vault {vault.name} can be used.")


def _not_of_the_customer(desired: Desired, destination: Destination, vault: Vault) -> Prerequisite:
    """Only types that AWS Backup manages in full are copied into a vault on a key that AWS manages."""
    types = desired.scope.resource_types
    if types and all(each in FULLY_MANAGED for each in types):
        return _enough(destination, vault, ", ".join(types))
    return unmet(
        NAME,
        destination.name,
        Reason.AWS_MANAGED_VAULT_KEY,
        f"Vault {vault.name} is encrypted with {_of_aws(vault)}; most resource types cannot be copied into it.",
        "A vault's key cannot be changed: name another vault with a customer managed key, "
        "or restrict spec.recoveryPoints.resourceTypes to types that AWS Backup manages in full.",
        blocks=bool(types) and KEYED_BY_RESOURCE.issuperset(types),
    )


def _of_aws(vault: Vault) -> str:
    """Name a key that AWS manages."""
    return (
        f"key {vault.encryption_key_arn}, which AWS manages" if vault.encryption_key_arn else "a key that AWS manages"
    )


def _enough(destination: Destination, vault: Vault, what: str) -> Prerequisite:
    words = f"Vault {vault.name} is encrypted with {_of_aws(vault)}, which is enough for {what}"
    return _good(destination, f"{words} and for no type that AWS Backup does not manage in full.")


def unfit(desired: Desired, destination: Destination, sight: Sight) -> Mapping[str, tuple[Reason, str]]:
    """Return why copies of some types cannot be written into a vault that others can be copied into, by type."""
    found = row(desired, destination, sight)
    if found.reason is not Reason.AWS_MANAGED_VAULT_KEY or found.blocks:
        return {}
    return dict.fromkeys(KEYED_BY_RESOURCE, (found.reason, found.message))


def fitting(destination: Destination, sight: Sight, found: Prerequisite) -> Prerequisite:
    """Return the row once it is known that nothing is there of what a vault's key is unfit for."""
    look = sight[VAULT]
    unfit_now = found.reason is Reason.AWS_MANAGED_VAULT_KEY and not found.blocks
    if not unfit_now or isinstance(look, Unseen) or look.value is None:
        return found
    return _enough(destination, look.value, "what is there to be copied")


def _good(destination: Destination, message: str) -> Prerequisite:
    return met(NAME, destination.name, message, clears=[Reason.VAULT_KEY_UNSUITABLE])


def no_vault(name: str, destination: Destination, what: str) -> Prerequisite:
    """Return the row about something of a vault that is not there; what blocks is that it is not there."""
    message = f"There is no vault whose {what} to judge."
    return Prerequisite(name, destination.name, UNKNOWN, Reason.DESTINATION_VAULT_MISSING, message)
