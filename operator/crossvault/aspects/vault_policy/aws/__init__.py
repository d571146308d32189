"""What stands in a vault's access policy, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ....aws.entered import Fingerprint
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.places import DENIED, EVER, Pending, Place, known
from ....aws.policies import PolicyWrites
from ....aws.reads import ReadKey
from ....engine.declared import Destination, Ownership, PolicyKey
from ....engine.hints import Subject
from ....engine.looks import Look, Seen, Unseen
from ....engine.observed import Sight
from ....engine.parts import Parts
from ....engine.plan import Result
from ....iam import evaluation
from ...organization import ORGANIZATION, Organization
from ...organization import aws as organization
from ...vault import aws as vault
from ...vault.seen import Vault
from .. import OWNERSHIP, PATHS, POLICY, Paths, PutVaultPolicy, caller_of, is_settled
from ..leaving import LEAVING, may_deny
from .settled import SettledFor, Version, version_of
from .writes import vault_policy, write

SOURCE_POLICY = "source policy"

# --- Looking -------------------------------------------------------------------------------------------------------


class _Looks:
    """How policies are looked at: while nothing is amiss with one, in every sixth interval only.

    A look is as fresh as any other while something is amiss, before and after a write that depends on it, after AWS has
    denied a copy into the vault, and when whoever looks was declared otherwise since, or the vault made anew.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._settled = SettledFor()

    def look(self, scene: Scene) -> Looking:
        """See the policies of the vaults that there are, then what a policy speaks of: places in the organization.

        Of a deletion those that may hold a statement of ours matter, and nothing else.
        """
        if scene.desired.deleting:
            return (yield from _remains(scene))
        vaults = [vault.seen(place, declared.vault.name) for declared, place in scene.sides()]
        source = vault.seen(scene.source, scene.desired.source.name)
        yield
        own = self._source(scene, source())
        begun = [
            self._begin(scene, declared, place, seen())
            for (declared, place), seen in zip(scene.sides(), vaults, strict=True)
        ]
        yield
        # Meanwhile the copy jobs have been seen, which may tell that a policy is not any more what it was.
        ends = [each() for each in begun]
        found = [(place, policy()) for (_, place), policy in zip(scene.sides(), ends, strict=True)]
        return Looked(
            Parts().having(LEAVING, own()),
            destinations=tuple(
                Parts().having(POLICY, policy).having(PATHS, _paths(scene.source, place, policy))
                for place, policy in found
            ),
        )

    def _source(self, scene: Scene, seen: Look[Vault | None]) -> Pending[str | None]:
        """Begin to look at the policy of the source vault; one that says nothing of it is as good as settled."""
        place, name = scene.source, scene.desired.source.name
        if isinstance(seen, Unseen) or seen.value is None:
            return known(LEAVING.absent)
        access, region = place.access, place.region

        def lasts(look: Look[str | None]) -> timedelta:
            if isinstance(look, Unseen):
                return DENIED
            return timedelta() if may_deny(look.value) else self._reach.settled

        key = (SOURCE_POLICY, access.fingerprint, region, name)
        return place.slowly(key, lambda: vault_policy(access, region, name), lasts)

    def _begin(
        self, scene: Scene, declared: Destination, place: Place, seen: Look[Vault | None]
    ) -> Callable[[], Pending[str | None]]:
        """Begin to look at the policy of a vault; what is returned goes on with that when it is called."""
        if isinstance(seen, Unseen) or seen.value is None or place.closed() is not None:
            pending = _policy(place, declared.vault.name, seen)
            return lambda: pending
        version = version_of(scene.desired, seen.value)
        known_at = self._known_at(scene, declared, place, version)
        if known_at is None:
            pending = _policy(place, declared.vault.name, seen)
            return lambda: self._noting(pending, place, declared, scene.desired.key, version)
        document, at = known_at

        def unless_doubted() -> Pending[str | None]:
            if self._reach.lasting.is_doubted_since(declared.vault.arn, at):
                self._renew(place, declared)
                return self._noting(
                    _policy(place, declared.vault.name, seen), place, declared, scene.desired.key, version
                )
            old = at < place.shared.settings_since
            self._reach.lasting.serve(declared.vault.arn, self._reach.clock(), old=old)
            return known(Seen(document))

        return unless_doubted

    def _renew(self, place: Place, declared: Destination) -> None:
        """Have a policy read anew that was seen before the last doubt, unless somebody has done that."""
        kept = place.shared.reads.cached(_key_of(place, declared), EVER)
        if kept is not None and self._reach.lasting.is_doubted_since(declared.vault.arn, kept[1]):
            place.shared.reads.invalidate(_key_of(place, declared))

    def _noting(
        self, pending: Pending[str | None], place: Place, declared: Destination, who: PolicyKey, version: Version
    ) -> Pending[str | None]:
        policy, now = pending(), self._reach.clock()
        if isinstance(policy, Seen):
            self._settled.note(_key_of(place, declared), who, version, now)
        self._reach.lasting.serve(declared.vault.arn, now, old=False)
        return known(policy)

    def _known_at(
        self, scene: Scene, declared: Destination, place: Place, version: Version
    ) -> tuple[str | None, datetime] | None:
        """Return what a policy was and when, if that will do; None where it has to be as fresh as everything else."""
        key, now = _key_of(place, declared), self._reach.clock()
        kept = place.shared.reads.cached(key, now - self._reach.settled)
        if kept is None or kept[1] > now or kept[1] >= place.shared.not_before:
            return None
        if kept[1] >= place.shared.settings_since:
            return kept
        if not self._settled.is_for(key, scene.desired.key, version, now):
            return None
        policy: Look[str | None] = Seen(kept[0])
        source = Sight(scene.source.account, Parts().having(ORGANIZATION, organization.of(scene.source)()))
        parts = Parts().having(ORGANIZATION, organization.of(place)())
        sight = Sight(place.account, parts.having(PATHS, _paths(scene.source, place, policy)))
        caller = caller_of(scene.desired, source, sight)
        return kept if is_settled(scene.desired, declared, caller, kept[0]) else None

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        """Drop what is kept of an account that is gone."""
        self._settled.forget(belongs)


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
    return place.setting(_key(access.fingerprint, region, name), lambda: vault_policy(access, region, name))


def _key_of(place: Place, declared: Destination) -> ReadKey:
    return _key(place.access.fingerprint, place.region, declared.vault.name)


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
    writes, looks = PolicyWrites(), _Looks(reach)

    def put(action: PutVaultPolicy) -> Result:
        return reach.write(action, lambda each: _put(reach, writes, each))

    heeds = dict.fromkeys(("policy", SOURCE_POLICY), frozenset({Subject.POLICY, Subject.VAULT}))
    return Hands(looks.look, acts={PutVaultPolicy: put}, forget=looks.forget, heeds=heeds)


def _put(reach: Reach, writes: PolicyWrites, action: PutVaultPolicy) -> PutVaultPolicy | None:
    vault_ = action.vault
    access = reach.enter(vault_)
    try:
        return write(writes, access, action)
    finally:
        reach.reads.invalidate(_key(access.fingerprint, vault_.region, vault_.name))
