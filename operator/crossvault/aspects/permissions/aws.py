"""What IAM says the role of an account may do, and what AWS has denied to it.

Where IAM may not be asked, harmless reads tell of what can be read; what passes have just done is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

from ...aws import errors, harmless, regions, simulation
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Pending, Place
from ...engine.declared import region_of
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Parts
from ...engine.wants import WANTED, Want
from ...iam.decisions import Decisions
from ...words.reasons import Reason
from . import Standing, probes, standing
from .seen import ATTEMPTS, DENIALS, PASSED, TRIAL, Denial

GOOD = timedelta(hours=1)
"""How long it is believed of a role that it may do what it has to."""
VALUES = 20
"""So many values of a key are given: policies may name any number of aliases, and one that fits is enough."""


def look(scene: Scene) -> Looking:
    """See nothing for a policy: what the role may do is told of the account."""
    del scene
    yield
    return Looked()


def account(place: Place) -> Callable[[], Parts]:
    """See what the role of an account may do of all that is wanted of it."""
    wants = place.around[WANTED]
    trial = _trial(place, wants) if wants else None

    def seen() -> Parts:
        found, look = Parts(), UNASKED if trial is None else trial()
        found = found if trial is None else found.having(TRIAL, look)
        if wants and _is_left_open(look):
            attempts = _attempts(place, wants)()
            found = found.having(ATTEMPTS, attempts)
        denied = tuple(
            Denial(action, problem.message, errors.denies_explicitly(problem), errors.is_of_the_role(problem))
            for action, problem in place.access.denied()
        )
        return found.having(DENIALS, denied).having(PASSED, place.access.passed())

    return seen


def _is_left_open(look: Look[Decisions | None]) -> bool:
    """Tell whether IAM decides nothing, and will not when it is asked again soon."""
    if isinstance(look, Unseen):
        return look is UNASKED or look.problem.reason is Reason.ACCESS_DENIED
    return look.value is None


def _attempts(place: Place, wants: tuple[Want, ...]) -> Pending[Mapping[str, bool | None]]:
    """Begin to try out, once an hour, what can be read and no pass has read of late; sooner what was denied."""
    access = place.access
    pairs = dict(_readable(wants))
    named = (region_of(each) for want in wants for each in want.resources)
    region = next(filter(None, named), place.region)

    def fetch() -> dict[str, bool | None]:
        passed = access.passed()
        tried = {action: resource for action, resource in pairs.items() if action not in passed}
        return {action: harmless.attempt(access, action, resource, region) for action, resource in tried.items()}

    def lasts(seen: Look[Mapping[str, bool | None]]) -> timedelta:
        return DENIED if isinstance(seen, Unseen) or False in seen.value.values() else GOOD

    return place.slowly(("harmless", access.fingerprint, tuple(pairs.items())), fetch, lasts, regional=False)


def _readable(wants: Iterable[Want]) -> Iterable[tuple[str, str]]:
    """Yield the actions of which there is a harmless read, each with one of the resources that it is wanted for."""
    for want in wants:
        for action in want.actions:
            resource = next((each for each in want.resources if harmless.exists(action, each)), None)
            if resource is not None:
                yield action, resource


def _trial(place: Place, wants: tuple[Want, ...]) -> Pending[Decisions | None] | None:
    own, access = place.account.role_arn, place.access
    if own is None:
        return None
    actions = tuple(sorted({action for each in wants for action in each.actions}))
    resources = tuple(sorted({arn for each in wants for group in probes(each) for arn in group}))
    given = tuple(sorted(_context(wants).items()))
    home = regions.known_like(place.region)

    def lasts(seen: Look[Decisions | None]) -> timedelta:
        if isinstance(seen, Unseen):
            return DENIED
        return _lasts(wants, seen.value, {action for action, _ in access.denied()})

    key = ("may do", access.fingerprint, own, actions, resources, given)
    return place.slowly(
        key,
        lambda: simulation.simulate(access, home, own, actions, resources, dict(given)),
        lasts,
        regional=False,
    )


def _lasts(wants: Iterable[Want], found: Decisions | None, refused: Collection[str]) -> timedelta:
    """Return for how long an answer will do: what is denied is asked again by every pass, until somebody mends it.

    So is what IAM allows and AWS has ``refused``: one of them spoke before somebody changed something.
    """
    if found is None:
        return timedelta()
    known = {action: standing(each, action, found)[0] for each in wants for action in each.actions}
    contradicted = any(known.get(action) is Standing.ALLOWED for action in refused)
    if contradicted or not {Standing.DENIED, Standing.EXPLICITLY_DENIED}.isdisjoint(known.values()):
        return timedelta()
    return GOOD if {Standing.ALLOWED}.issuperset(known.values()) else DENIED


def _context(wants: Iterable[Want]) -> dict[str, tuple[str, ...]]:
    """Return the keys that the statements themselves are about, with values that they are for.

    A key that has to be absent (``Null``) is given none.
    """
    found: dict[str, dict[str, None]] = {}
    for want in wants:
        region = next((region_of(each) for each in want.resources if region_of(each)), "us-east-1")
        for operator, keys in want.condition.items():
            for key, values in keys.items() if operator != "Null" else ():
                listed = values if isinstance(values, list) else [values]
                found.setdefault(key, {}).update(dict.fromkeys(str(each).replace("*", region) for each in listed))
    return {key: tuple(values)[:VALUES] for key, values in found.items()}


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look, account)
