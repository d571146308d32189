"""What IAM says the role of an account may do, and what AWS has denied to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from ...aws import regions, simulation
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Pending, Place
from ...engine.declared import region_of
from ...engine.looks import Look, Unseen
from ...engine.parts import Parts
from ...engine.wants import WANTED, Want
from ...iam.decisions import Decisions
from . import Standing, probes, standing
from .seen import DENIALS, TRIAL, Denial

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
        denied = tuple(Denial(action, problem.message) for action, problem in place.access.denied())
        found = Parts().having(DENIALS, denied)
        return found if trial is None else found.having(TRIAL, trial())

    return seen


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
        return _lasts(wants, seen.value)

    key = ("may do", access.fingerprint, own, actions, resources, given)
    return place.slowly(
        key,
        lambda: simulation.simulate(access, home, own, actions, resources, dict(given)),
        lasts,
        regional=False,
    )


def _lasts(wants: Iterable[Want], found: Decisions | None) -> timedelta:
    """Return for how long an answer will do: what is denied is asked again by every pass, until somebody mends it."""
    if found is None:
        return timedelta()
    known = {standing(each, action, found)[0] for each in wants for action in each.actions}
    if known & {Standing.DENIED, Standing.EXPLICITLY_DENIED}:
        return timedelta()
    return GOOD if known <= {Standing.ALLOWED} else DENIED


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
