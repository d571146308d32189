"""What IAM says of the copy role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from ...aws import regions, simulation
from ...aws.causes import Ask
from ...aws.entered import Entered
from ...aws.errors import code_of
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Pending, Place, known
from ...aws.reads import ReadKey
from ...engine.declared import Account, VaultRef, account_of
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.parts import Parts
from ...iam.conditions import any_of
from ...iam.context import UNSEEN, Fact
from ...iam.decisions import Barrier, Decisions
from ...words.problems import CrossvaultError, ErrorClass, Problem
from ...words.reasons import Reason
from ..organization import MANAGERS, Organization
from ..organization import aws as organization
from ..organization.controls import CONTROLS, RESOURCE_CONTROLS, Controls, Level
from . import COPY_ROLE, ROLE, SERVICE, Role, controlled, trusts
from .controlled import Around
from .trials import CONTEXT, COPYING, INTO, OF_KEYS, OUT, PASS_ROLE, PASSING, Trial, needed, samples, together

GOOD = timedelta(hours=1)
"""How long it is believed of a role that it lets in who assumes it."""


def look(scene: Scene) -> Looking:
    """See the role that the policy declares, and what governs its account where somebody may be asked."""
    if scene.desired.deleting:
        return Looked()
    desired, source, role_arn = scene.desired, scene.source, scene.desired[COPY_ROLE]
    pending, own = begin(source, role_arn), organization.of(source)
    sides = [(each, organization.of(place)) for each, place in scene.sides()]
    copying = [_copying(source, role_arn, each.vault.arn) for each, _ in sides]
    passing = _passing(source, role_arn)
    yield
    governing = _controls(scene, own())
    yield
    found = governing()
    controls: Look[tuple[Level, ...]] = found if isinstance(found, Unseen) else Seen(found.value.service)
    resource = found if isinstance(found, Unseen) else found.value.resource
    seen = Parts().having(ROLE, pending()).having(CONTROLS, controls).having(RESOURCE_CONTROLS, resource)
    if passing is not None:
        around = Around(controls, _id(own()))
        seen = seen.having(PASSING, controlled.under_passing(desired, passing(), around))
    trials = []
    for trial, (destination, other) in zip(copying, sides, strict=True):
        around = Around(controls, _id(own()), _id(other()))
        trials.append(Parts().having(COPYING, controlled.under(desired, destination, trial(), around)))
    return Looked(seen, tuple(trials))


def _id(look: Look[Organization | None]) -> Fact:
    if isinstance(look, Unseen):
        return UNSEEN
    return look.value.id if look.value is not None else ""


def _controls(scene: Scene, look: Look[Organization | None]) -> Pending[Controls]:
    """Begin to read which policies govern the source's account; nothing without a BackupOrganization for that.

    The management account is governed by none.
    """
    found = None if isinstance(look, Unseen) else look.value
    account_id = scene.source.account.account_id
    named: tuple[tuple[str, Account], ...] = scene.desired[MANAGERS]
    managers = dict(named)
    if found is None or found.management_account_id not in managers or found.management_account_id == account_id:
        return known(UNASKED)
    manager = managers[found.management_account_id]
    place = scene.at(VaultRef(manager, regions.first(manager.partition), ""))

    def lasts(seen: Look[Controls]) -> timedelta:
        if isinstance(seen, Unseen) or isinstance(seen.value.resource, Unseen):
            return DENIED
        return DENIED if any(map(_says_something, (*seen.value.service, *seen.value.resource.value))) else GOOD

    key = ("control policies", place.access.fingerprint, account_id)
    read = partial(organization.control_policies, place.access, place.region, account_id)
    return place.slowly(key, read, lasts, regional=False)


def _says_something(level: Level) -> bool:
    """Tell whether anything but AWS's own policies that allow all is attached."""
    return any("FullAWSAccess" not in each.id for each in level.policies)


def _copying(place: Place, role_arn: str, vault_arn: str) -> Pending[Trial | None]:
    """Begin to try out whether a role may copy into a vault, and what it may take out of this account in this Region.

    By themselves: what leaves is the same for all vaults that it goes to, and a hundred decisions.
    """
    leaving = _leaving(place, role_arn, shared=account_of(vault_arn) != place.account.account_id)
    entry = ("may enter", place.access.fingerprint, role_arn, vault_arn)
    entering = _tried(place, entry, role_arn, {INTO: (vault_arn,)})
    return lambda: together(leaving(), entering())


def _leaving(place: Place, role_arn: str, *, shared: bool) -> Pending[Trial | None]:
    """Begin to try out which recovery points a role may take out; snapshots are ``shared`` with other accounts only."""
    partition = role_arn.split(":")[1]
    points = samples(place.account.account_id, place.region, partition)
    key = f"arn:{partition}:kms:{place.region}:{place.account.account_id}:key/*"
    asked: dict[str, tuple[str, ...]] = {OUT: points, **dict.fromkeys(OF_KEYS, (key,))}
    for form in points if shared else ():
        for action in needed(form):
            asked[action] = (*asked.get(action, ()), form)
    return _tried(place, ("may leave", place.access.fingerprint, place.region, role_arn, shared), role_arn, asked)


def _passing(place: Place, role_arn: str) -> Pending[Trial | None] | None:
    """Begin to try out whether the operator may pass the role; None without a role of its own."""
    own = place.account.role_arn
    if own is None:
        return None
    return _tried(place, ("may pass", place.access.fingerprint, role_arn), own, {PASS_ROLE: (role_arn,)})


def _tried(place: Place, key: ReadKey, who: str, asked: Mapping[str, tuple[str, ...]]) -> Pending[Trial | None]:
    home, access = regions.known_like(place.region), place.access

    def lasts(seen: Look[Trial | None]) -> timedelta:
        if isinstance(seen, Unseen):
            return DENIED
        if seen.value is None or seen.value.denied:
            return timedelta()
        return DENIED if seen.value.kept else GOOD

    return place.slowly(key, lambda: tried(access, home, who, asked), lasts, regional=False)


def tried(access: Entered, region: str, who: str, asked: Mapping[str, tuple[str, ...]]) -> Trial | None:
    """Have IAM decide what a role might do; None when there is no such role.

    An action counts as allowed where it is on one of its resources, and as denied where it is on all of them.

    Raises:
        CrossvaultError: IAM could not be asked, or refused to tell.
    """
    resources = list(dict.fromkeys(each for listed in asked.values() for each in listed))
    found = simulation.simulate(access, region, who, list(asked), resources, CONTEXT)
    if found is None:
        return None
    own = {action: asked[action] for action in (OUT, INTO, PASS_ROLE) if action in asked}
    decided = tuple((action, _any_of(found, action, listed)) for action, listed in own.items())
    barriers = {action: _barriers(found, action, own[action]) for action, allowed in decided if allowed is False}
    bare = frozenset(action for action, each in barriers.items() if not each)
    lacking = tuple((form, lacks) for form in own.get(OUT, ()) if (lacks := _lacking(found, form)))
    of_keys = tuple(each for each in OF_KEYS if each in asked and _any_of(found, each, asked[each]) is False)
    kept = _kept(found, own.get(OUT, ()))
    return Trial(decided, frozenset[Barrier]().union(*barriers.values()), kept, lacking, of_keys, bare)


def _lacking(found: Decisions, form: str) -> tuple[str, ...]:
    """Return what the role certainly may not do of what recovery points of a form need."""
    decided = ((action, found.get((action, form))) for action in (OUT, *needed(form)))
    return tuple(action for action, each in decided if each is not None and each.allowed is False)


def _kept(found: Decisions, forms: tuple[str, ...]) -> tuple[tuple[str, frozenset[Barrier]], ...]:
    """Return the forms that cannot be copied out, where others can."""
    known = {form: found[OUT, form] for form in forms if (OUT, form) in found}
    kept = []
    for form in known:
        lacks = [found[action, form].barriers for action in _lacking(found, form)]
        if lacks:
            kept.append((form, frozenset.intersection(*lacks)))
    return tuple(kept) if len(kept) < len(known) else ()


def _any_of(found: Decisions, action: str, resources: tuple[str, ...]) -> bool | None:
    decisions = [found[action, each].allowed for each in resources if (action, each) in found]
    return any_of(decisions) if decisions else None


def _barriers(found: Decisions, action: str, resources: tuple[str, ...]) -> frozenset[Barrier]:
    """Return what stands before an action on each of its resources."""
    each = [found[action, name].barriers for name in resources if (action, name) in found]
    return frozenset.intersection(*each) if each else frozenset()


def begin(place: Place, role_arn: str, service: str = SERVICE) -> Pending[Role | None]:
    """Begin to look at a role that a service assumes; one that does what it is for is looked at rarely."""
    access, name, home = place.access, role_arn.rsplit("/", 1)[-1], regions.known_like(place.region)
    account_id = place.account.account_id

    def lasts(seen: Look[Role | None]) -> timedelta:
        if isinstance(seen, Unseen):
            return DENIED
        return GOOD if seen.value is not None and trusts(seen.value, account_id, service) else timedelta()

    # How long it is believed depends on who has to be let in.
    key = ("role", access.fingerprint, name, *(() if service == SERVICE else (service,)))
    return place.slowly(key, lambda: role(access, home, name), lasts, regional=False)


def role(access: Entered, region: str, name: str) -> Role | None:
    """Get a role of the account by its name, which is unique whatever its path; None when there is none.

    Every role has an ARN and a trust policy, so an answer without one of them is none.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html

    Raises:
        CrossvaultError: IAM could not be asked, refused to tell, or gave half an answer.
    """
    what = f"read role {name}"
    with access.asking(what, "iam:GetRole"):
        try:
            found: Mapping[str, Any] = access.iam(region).get_role(RoleName=name).get("Role") or {}
        except KeyError:
            # What botocore makes of an answer without its result.
            found = {}
        except ClientError as error:
            if code_of(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return None
            raise
    arn, trust = found.get("Arn"), _parsed(found.get("AssumeRolePolicyDocument"))
    if not arn or trust is None:
        lacks = "AssumeRolePolicyDocument" if arn else "Arn"
        where = Ask(what, access.account, "iam:GetRole").where
        words = f"Cannot {what} in {where}: the answer lacks {lacks}. It is tried again by itself."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY))
    return Role(arn, trust)


def _parsed(document: object) -> Mapping[str, Any] | None:
    """Return a trust policy; botocore decodes what it can, the rest is text, percent-encoded as on the wire."""
    if isinstance(document, str):
        try:
            document = json.loads(unquote(document))
        except ValueError:
            return None
    return document if isinstance(document, Mapping) and document else None


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look)
