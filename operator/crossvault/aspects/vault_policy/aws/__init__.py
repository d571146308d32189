"""What stands in a vault's access policy, and how it is written."""

from __future__ import annotations

from ....aws.entered import Fingerprint
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.places import Pending, Place, known
from ....aws.reads import ReadKey
from ....engine.declared import Ownership
from ....engine.looks import Look, Seen, Unseen
from ....engine.parts import Parts
from ....engine.plan import Result
from ....iam import evaluation
from ...organization import Organization
from ...organization import aws as organization
from ...vault import aws as vault
from ...vault.seen import Vault
from .. import OWNERSHIP, PATHS, POLICY, Paths, PutVaultPolicy
from .writes import VaultPolicies, vault_policy

# --- Looking -------------------------------------------------------------------------------------------------------


def look(scene: Scene) -> Looking:
    """See the policies of the vaults that there are, then what a policy speaks of: places in the organization.

    Of a deletion those that may hold a statement of ours matter, and nothing else.
    """
    if scene.desired.deleting:
        return (yield from _remains(scene))
    vaults = [vault.seen(place, declared.vault.name) for declared, place in scene.sides()]
    yield
    policies = [
        _policy(place, declared.vault.name, seen())
        for (declared, place), seen in zip(scene.sides(), vaults, strict=True)
    ]
    yield
    found = [(place, policy()) for (_, place), policy in zip(scene.sides(), policies, strict=True)]
    return Looked(
        destinations=tuple(
            Parts().having(POLICY, policy).having(PATHS, _paths(scene.source, place, policy)) for place, policy in found
        )
    )


def _remains(scene: Scene) -> Looking:
    """See the policies that may hold a statement of ours. The source's account is not entered: it may be gone."""
    managed = [each for each in scene.desired.destinations if each[OWNERSHIP] is Ownership.MANAGE]
    vaults = {each.name: vault.seen(scene.at(each.vault), each.vault.name) for each in managed}
    yield
    policies = {each.name: _policy(scene.at(each.vault), each.vault.name, vaults[each.name]()) for each in managed}
    yield
    return Looked(
        destinations=tuple(
            Parts().having(POLICY, policies[each.name]()) if each.name in policies else Parts()
            for each in scene.desired.destinations
        )
    )


def _policy(place: Place, name: str, seen: Look[Vault | None]) -> Pending[str | None]:
    """Begin to look at the policy of a vault, as far as there is one."""
    if isinstance(seen, Unseen):
        # Without knowing that it exists, no policy could not be told from no vault.
        return known(seen)
    if seen.value is None:
        return known(Seen(None))
    access, region = place.access, place.region
    return place.start(_key(access.fingerprint, region, name), lambda: vault_policy(access, region, name))


def _key(entry: Fingerprint, region: str, name: str) -> ReadKey:
    return ("policy", entry, region, name)


def _paths(source: Place, destination: Place, policy: Look[str | None]) -> Paths:
    """Look where the source's account and the vault's are in the organization, where the vault's policy asks for it."""
    of_source, of_vault = evaluation.paths_asked(policy.value) if isinstance(policy, Seen) else (False, False)
    places = (destination, source)
    return Paths(
        _path(places, source) if of_source else None,
        _path(places, destination) if of_vault else None,
    )


def _path(places: tuple[Place, ...], of: Place) -> Look[str]:
    """Ask through each account that is entered anyway: few may read the organization, one of them suffices."""
    member: Look[Organization | None] = organization.of(of)()
    if isinstance(member, Unseen):
        return member
    if member.value is None:
        return Seen("")
    first, *others = places
    found = organization.path(first, of.account.account_id, member.value.id)()
    for place in others:
        if isinstance(found, Seen):
            break
        found = organization.path(place, of.account.account_id, member.value.id)()
    return found


# --- Acting --------------------------------------------------------------------------------------------------------


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    policies = VaultPolicies()

    def put(action: PutVaultPolicy) -> Result:
        return reach.write(action, lambda write: _put(reach, policies, write))

    return Hands(look, acts={PutVaultPolicy: put})


def _put(reach: Reach, policies: VaultPolicies, action: PutVaultPolicy) -> PutVaultPolicy | None:
    vault_ = action.vault
    access = reach.enter(vault_)
    try:
        return policies.write(access, action)
    finally:
        reach.reads.invalidate(_key(access.fingerprint, vault_.region, vault_.name))
