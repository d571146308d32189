"""GetCallerIdentity: asked by whoever enters an account, before everything else."""

from __future__ import annotations

from collections.abc import Callable

from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import Place
from ...engine.parts import Parts
from . import IDENTITY


def look(scene: Scene) -> Looking:
    """See who the accounts are."""
    if scene.desired.deleting:
        return Looked()
    source, sides = account(scene.source), [account(place) for _, place in scene.sides()]
    yield
    return Looked(source(), tuple(each() for each in sides))


def account(place: Place) -> Callable[[], Parts]:
    """See who one account is."""
    return lambda: Parts().having(IDENTITY, place.identity())


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look, account, lambda place, _departures: account(place))
