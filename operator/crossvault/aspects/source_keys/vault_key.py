"""The key of a destination vault: whether it lets in who copies.

Of what AWS Backup manages in full, copies go through the grant that it took when the vault was made; of all other types
the service-linked role of the destination's account writes them.
https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
"""

from __future__ import annotations

from ...engine import fixes
from ...engine.declared import Desired, Destination
from ...engine.fixes import Fix
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Verdict
from ...words.reasons import Reason
from ..resource_types.matrix import FULLY_MANAGED, KEYED_BY_RESOURCE, service_of
from ..vault import KEYS, Vault, vault_of, vault_to_be
from ..vault.seen import VAULT
from . import by_hand
from .admission import Admission, admit, writer
from .seen import SOURCE_KEYS, VAULT_KEY

NAME = "VaultKeyPolicy"


def row(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> Prerequisite | None:
    """Judge the policy of the key of a vault that is there, or is to be: it can never be given another one.

    | key | row |
    |---|---|
    | the vault not there, nor to be created with a key that is there | none |
    | the vault not seen | Unknown |
    | none of its account's own, or air-gapped, or nothing in scope needs it | Met: others judge it |
    | its policy not seen | Unknown |
    | its policy, or a grant, lets the service-linked role in, for all types in scope | Met |
    | certainly not, for one of them | Unmet; recovery points of those types are held |
    | anything else | Unknown; copies are tried |
    """
    look, picture, types = sight[VAULT], sight[VAULT_KEY], needing(desired, destination, sight)
    if isinstance(look, Unseen):
        return unknown(NAME, destination.name, look.problem)
    if _vault(destination, sight) is None:
        return None
    if not types:
        return met(NAME, destination.name, "Nothing depends on the policy of the vault's key.")
    if isinstance(picture.policy, Unseen):
        return unknown(NAME, destination.name, picture.policy.problem)
    found = admissions(desired, destination, source, sight)
    closed = [each for each in found if each.verdict in {Verdict.NOT_ALLOWED, Verdict.DENIED}]
    if closed:
        return _closed(destination, sight, closed[0])
    if any(each.verdict is Verdict.UNKNOWN for each in found) or not found:
        why = next((str(each) for one in found for each in one.grounds), "what cannot be read")
        message = f"Whether {_key(destination, sight)} lets in who copies depends on {why}."
        remedy = "Nothing: copies are tried, and their result tells."
        return Prerequisite(NAME, destination.name, UNKNOWN, Reason.KEY_POLICY_UNCLEAR, message, remedy)
    return met(NAME, destination.name, f"{_sentence(_key(destination, sight))} lets in who copies.")


def _key(destination: Destination, sight: Sight) -> str:
    """Name the key."""
    vault = _vault(destination, sight)
    arn = vault.encryption_key_arn if vault is not None else None
    return f"key {arn} of vault {destination.vault.name}" if arn else f"the key of vault {destination.vault.name}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _vault(destination: Destination, sight: Sight) -> Vault | None:
    """Return the vault as it is, or as it will be once the operator has created it."""
    return None if isinstance(sight[VAULT], Unseen) else vault_of(sight) or vault_to_be(destination, sight[KEYS].wanted)


def needing(desired: Desired, destination: Destination, sight: Sight) -> tuple[str, ...]:
    """Return the types in scope whose copies the service-linked role writes with the vault's own key."""
    vault, source = _vault(destination, sight), sight[SOURCE_KEYS]
    if vault is None or vault.own_key_arn is None or vault.air_gapped:
        return ()
    if desired.source.account.account_id == destination.vault.account.account_id:
        return ()
    declared = set(desired.scope.resource_types or KEYED_BY_RESOURCE) - FULLY_MANAGED
    there = declared if isinstance(source, Unseen) else {each.resource_type for each in source.value.behind}
    return tuple(sorted(declared & there & KEYED_BY_RESOURCE))


def admissions(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> tuple[Admission, ...]:
    """Return whether the key lets the service-linked role in, by each service; none if it is unreadable."""
    picture, vault = sight[VAULT_KEY], _vault(destination, sight)
    if isinstance(picture.policy, Unseen) or vault is None:
        return ()
    arn, party = vault.encryption_key_arn or "", writer(desired, destination, source, sight)
    services = sorted({service_of(each) for each in needing(desired, destination, sight)})
    regions = (destination.vault.region,)
    try:
        return tuple(admit(picture, picture.policy.value, party, arn, each, regions) for each in services)
    except MalformedPolicyError:
        return ()


def closed_types(
    desired: Desired, destination: Destination, source: Sight, sight: Sight
) -> dict[str, tuple[Reason, str]]:
    """Return the types of which no copy can be written, and why."""
    types = needing(desired, destination, sight)
    services = sorted({service_of(each) for each in types})
    found = admissions(desired, destination, source, sight)
    shut = {
        service: each
        for service, each in zip(services, found, strict=False)
        if each.verdict in {Verdict.NOT_ALLOWED, Verdict.DENIED}
    }
    return {
        each: (Reason.KEY_NOT_SHARED, _message(destination, sight, shut[service_of(each)]))
        for each in types
        if service_of(each) in shut
    }


def _closed(destination: Destination, sight: Sight, one: Admission) -> Prerequisite:
    vault = _vault(destination, sight)
    arn = vault.encryption_key_arn if vault is not None else ""
    fix = fixes.NONE
    if one.verdict is Verdict.DENIED:
        remedy = f"Remove or narrow {', '.join(each.statement for each in one.grounds)} in the policy of key {arn}."
    else:
        stale = by_hand.correcting(arn or "", sight[VAULT_KEY], [one.party.arn])
        fix = _fix(destination, sight, arn or "", one)
        remedy = f"{stale}{by_hand.added([one.party.arn], f'key {arn}', fixes.NONE if stale else fix)}"
    message = _message(destination, sight, one)
    return unmet(NAME, destination.name, Reason.KEY_NOT_SHARED, message, remedy, blocks=False, fix=fix)


def _fix(destination: Destination, sight: Sight, key_arn: str, one: Admission) -> Fix:
    account, arns, picture = destination.vault.account, [one.party.arn], sight[VAULT_KEY]
    first = by_hand.service_role(destination.vault, arns, picture.service_role)
    return (*first, *by_hand.sharing(account, key_arn, picture, arns))


def _message(destination: Destination, sight: Sight, one: Admission) -> str:
    who, what = one.party.arn.rsplit("/", 1)[-1], " or ".join(one.need)
    does = "denies" if one.verdict is Verdict.DENIED else "does not let"
    return f"{_sentence(_key(destination, sight))} {does} {who} of account {one.party.where} {what}."
