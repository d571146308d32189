"""What KMS says of the keys of both sides: one GetKeyPolicy for each, ListGrants only where that does not settle it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from ....aws import regions
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.places import DENIED, LONGEST, Pending, Place, known
from ....aws.policies import PolicyWrites
from ....engine.declared import Destination
from ....engine.hints import Subject
from ....engine.looks import Look, Seen, Unseen
from ....engine.observed import Sight
from ....engine.parts import Parts
from ....engine.plan import Result
from ....engine.wants import WANTED
from ....words.problems import ErrorClass, Problem
from ....words.reasons import Reason
from ...copy_role import aws as copy_role
from ...organization import ORGANIZATION
from ...organization import aws as organization
from ...resource_types.matrix import KEYED_BY_RESOURCE, service_of
from ...vault import aws as vault
from ...vault import vault_to_be
from ...vault.seen import VAULT, Key, Vault
from ..admission import Party, lets_in, parties, service_role, writer
from ..judging import usable
from ..manage import PutKeyPolicy
from ..seen import SERVICE_ROLE, SOURCE_KEYS, VAULT_KEY, Behind, Grant, Picture, SourceKeys
from ..service_role import CreateServiceRole
from .reading import KEY_POLICY, grants, key_policy, policy_key
from .writes import SERVICE_ROLE_NAME, create_service_role, write

KEY_MANAGER, KEY_GRANTS = "key manager", "key grants"
ROLE = "iam:GetRole"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who needs a key, and in what way: by that is told whether its policy alone settles it."""

    parties: tuple[Party, ...]
    services: tuple[str, ...]
    regions: tuple[str, ...]

    def lacking(self, document: str, key_arn: str) -> tuple[Party, ...]:
        """Return whom a policy alone does not let in for certain."""
        return tuple(
            each
            for each in self.parties
            if not all(lets_in(document, each, key_arn, service, self.regions) for service in self.services)
        )


class Keys:
    """Looks at keys; what nothing is amiss with is looked at as seldom as other settings that are in order."""

    def __init__(self, reach: Reach) -> None:
        self._settled = reach.settled

    # --- The destination's -----------------------------------------------------------------------------------------

    def look(self, scene: Scene) -> Looking:
        """See the policies of the destination vaults' own keys; those of the source are seen with its points."""
        if scene.desired.deleting:
            return Looked()
        vaults = [vault.seen(place, declared.vault.name) for declared, place in scene.sides()]
        yield
        wanted = [
            vault.wanted_key(place, declared, seen())
            for (declared, place), seen in zip(scene.sides(), vaults, strict=True)
        ]
        yield
        begun = [
            self._vault_key(scene, declared, place, seen(), key())
            for (declared, place), seen, key in zip(scene.sides(), vaults, wanted, strict=True)
        ]
        yield
        return Looked(destinations=tuple(Parts().having(VAULT_KEY, each()) for each in begun))

    def _vault_key(
        self, scene: Scene, declared: Destination, place: Place, seen: Look[Vault | None], wanted: Look[Key | None]
    ) -> Callable[[], Picture]:
        if isinstance(seen, Unseen):
            return lambda: Picture(policy=seen)
        found = seen.value or vault_to_be(declared, wanted)
        own = found.own_key_arn if found is not None else None
        types = scene.desired.scope.resource_types or tuple(KEYED_BY_RESOURCE)
        services = tuple(sorted({service_of(each) for each in types if each in KEYED_BY_RESOURCE}))
        if own is None or not services or place.closed() is not None:
            return Picture
        party = writer(scene.desired, declared, *_sights(scene, declared, place, seen))
        asked = Asked((party,), services, (place.region,))
        policy = self._policy(place, own, asked)
        return lambda: self._with_role(declared, place, self._with_grants(place, own, asked, Picture(policy=policy())))

    def _with_role(self, declared: Destination, place: Place, picture: Picture) -> Picture:
        """Look whether the service-linked role is there, where the key does not let it in by its policy."""
        return replace(picture, service_role=self._service_role(declared, place, {"": picture}))

    # --- The source's ----------------------------------------------------------------------------------------------

    def pictures(
        self, scene: Scene, behind: Look[tuple[Behind, ...]]
    ) -> tuple[Mapping[str, Look[Key | None]], list[Parts]]:
        """See the keys behind recovery points; return who manages them, and what each destination has to know."""
        if isinstance(behind, Unseen):
            return {}, [Parts().having(SOURCE_KEYS, behind) for _ in scene.sides()]
        source, arns = scene.source, sorted({each.key_arn for each in behind.value})
        closed = source.closed()
        if closed is not None:
            looked = closed()
            unseen = looked if isinstance(looked, Unseen) else Unseen(_unasked())
            return {}, [Parts().having(SOURCE_KEYS, unseen) for _ in scene.sides()]
        own = [arn for arn in arns if tuple(arn.split(":")[3:5]) == (source.region, source.account.account_id)]
        pending = {arn: self._key(source, arn) for arn in own}
        keys = {arn: each() for arn, each in pending.items()}
        asked = self._asked(scene, behind.value)
        begun = {arn: self._begin(source, arn, keys[arn], asked[arn]) for arn in own}
        seen = {arn: self._with_grants(source, arn, asked[arn], each()) for arn, each in begun.items()}
        found = SourceKeys(behind.value, seen)
        return keys, [
            Parts().having(SOURCE_KEYS, Seen(found)).having(SERVICE_ROLE, self._service_role(declared, place, seen))
            for declared, place in scene.sides()
        ]

    def _key(self, place: Place, arn: str) -> Pending[Key | None]:
        access, region = place.access, place.region

        def lasts(look: Look[Key | None]) -> timedelta:
            """Who manages a key never changes, and AWS does not disable its own; what customers have may change."""
            if isinstance(look, Unseen) or look.value is None:
                return DENIED
            if look.value.manager != "CUSTOMER":
                return LONGEST
            return self._settled if usable(look) is None else timedelta()

        key = (KEY_MANAGER, access.fingerprint, region, arn)
        return place.slowly(key, partial(vault.key, access, region, arn), lasts)

    def _begin(self, place: Place, arn: str, key: Look[Key | None], asked: Asked) -> Callable[[], Picture]:
        """Begin to look at the policy of a key that the customer manages."""
        if isinstance(key, Unseen) or key.value is None or key.value.manager != "CUSTOMER":
            return lambda: Picture(key)
        policy = self._policy(place, arn, asked)
        return lambda: Picture(key, policy())

    def _asked(self, scene: Scene, behind: tuple[Behind, ...]) -> dict[str, Asked]:
        sides = [
            parties(scene.desired, declared, *_sights(scene, declared, place, None))
            for declared, place in scene.sides()
        ]
        who = tuple({each.arn: each for side in sides for each in side}.values())
        where = (scene.source.region, *(place.region for _, place in scene.sides()))
        services: dict[str, set[str]] = {}
        for each in behind:
            services.setdefault(each.key_arn, set()).add(service_of(each.resource_type))
        return {arn: Asked(who, tuple(sorted(found)), where) for arn, found in services.items()}

    def _service_role(self, declared: Destination, place: Place, seen: Mapping[str, Picture]) -> Look[bool]:
        """Look whether the destination has its service-linked role, where a key does not let it in by its policy."""
        arn = service_role(declared)
        if not any(arn in each.grants for each in seen.values()):
            return SERVICE_ROLE.absent
        found = _role(place, arn)()
        return found if isinstance(found, Unseen) else Seen(found.value is not None)

    # --- Both ------------------------------------------------------------------------------------------------------

    def _policy(self, place: Place, arn: str, asked: Asked) -> Pending[str]:
        access, region = place.access, place.region

        def lasts(look: Look[str]) -> timedelta:
            if isinstance(look, Unseen):
                return DENIED
            return timedelta() if asked.lacking(look.value, arn) else self._settled

        return place.slowly(policy_key(access, region, arn), partial(key_policy, access, region, arn), lasts)

    def _with_grants(self, place: Place, arn: str, asked: Asked, picture: Picture) -> Picture:
        """Look at the grants of those whom the policy alone does not let in for certain."""
        if isinstance(picture.policy, Unseen):
            return picture
        begun = {each.arn: self._grants(place, arn, each.arn) for each in asked.lacking(picture.policy.value, arn)}
        return replace(picture, grants={grantee: each() for grantee, each in begun.items()})

    def _grants(self, place: Place, arn: str, grantee: str) -> Pending[tuple[Grant, ...]]:
        access, region = place.access, place.region

        def lasts(look: Look[tuple[Grant, ...]]) -> timedelta:
            if isinstance(look, Unseen):
                return DENIED
            return self._settled if look.value else timedelta()

        key = (KEY_GRANTS, access.fingerprint, region, arn, grantee)
        return place.slowly(key, partial(grants, access, region, arn, grantee), lasts)


def _sights(scene: Scene, declared: Destination, place: Place, seen: Look[Vault | None] | None) -> tuple[Sight, Sight]:
    """Return both sides as far as who asks depends on them: their organizations, which every pass looks at anyway."""
    source = Sight(scene.source.account, Parts().having(ORGANIZATION, organization.of(scene.source)()))
    parts = Parts().having(ORGANIZATION, organization.of(place)())
    return source, Sight(place.account, parts.having(VAULT, seen) if seen is not None else parts, declared.name)


def _role(place: Place, arn: str, absent: timedelta = timedelta()) -> Pending[Any]:
    """Begin to look at a role; that it is ``absent`` is believed for so long."""
    access, name, home = place.access, arn.rsplit("/", 1)[-1], regions.known_like(place.region)
    if place.closed(regional=False) is not None:
        return place.closed(regional=False) or known(Unseen(_unasked()))

    def lasts(look: Look[Any]) -> timedelta:
        if isinstance(look, Unseen):
            return DENIED
        return LONGEST if look.value is not None else absent

    key = ("role", access.fingerprint, name)
    return place.slowly(key, partial(copy_role.role, access, home, name), lasts, regional=False)


def account(place: Place) -> Callable[[], Parts]:
    """See whether an account that is copied into has its service-linked role."""
    arns = [arn for each in place.around[WANTED] if ROLE in each.actions for arn in each.resources]
    arn = next((each for each in arns if each.endswith(f"/{SERVICE_ROLE_NAME}")), None)
    if arn is None:
        return Parts
    pending = _role(place, arn, DENIED)

    def seen() -> Parts:
        found = pending()
        return Parts().having(SERVICE_ROLE, found if isinstance(found, Unseen) else Seen(found.value is not None))

    return seen


def _unasked() -> Problem:
    return Problem(Reason.CANNOT_OBSERVE, "The source's account could not be entered.", ErrorClass.RETRY)


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    writes = PolicyWrites()

    def put(action: PutKeyPolicy) -> Result:
        return reach.write(action, lambda each: _put(reach, writes, each), turn=action.key_arn)

    def create(action: CreateServiceRole) -> Result:
        return reach.write(action, lambda each: _create(reach, each), turn=action.vault.account.account_id)

    heeds = dict.fromkeys((KEY_MANAGER, KEY_POLICY, KEY_GRANTS), frozenset({Subject.KEY}))
    return Hands(Keys(reach).look, account, acts={PutKeyPolicy: put, CreateServiceRole: create}, heeds=heeds)


def _create(reach: Reach, action: CreateServiceRole) -> CreateServiceRole | None:
    access, region = reach.enter(action.vault), action.vault.region
    try:
        return action if create_service_role(access, region) else None
    finally:
        reach.reads.invalidate(("role", access.fingerprint, SERVICE_ROLE_NAME))


def _put(reach: Reach, writes: PolicyWrites, action: PutKeyPolicy) -> PutKeyPolicy | None:
    access = reach.enter(action.source)
    try:
        return write(writes, access, action)
    finally:
        reach.reads.invalidate(policy_key(access, action.source.region, action.key_arn))
