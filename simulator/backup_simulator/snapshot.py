"""Keeping a world as it is, and bringing it back: state, scheduled happenings, dice and faults, but not the calls.

A snapshot is a pickle in memory. What is scheduled are functions of modules with their arguments, which pickle keeps,
so that a restored callback acts on the restored world.
"""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults import Faults
    from .records.state import State
    from .world.schema import World


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world at a moment; `taken` is virtual time in epoch seconds."""

    world: World
    taken: float
    content: bytes


def take(world: World, state: State, faults: Faults) -> Snapshot:
    """Keep a world; the caller holds the lock."""
    return Snapshot(world, state.now(), packed(state, faults))


def restored(snapshot: Snapshot, wall: Callable[[], float]) -> tuple[State, Faults]:
    """Bring a world back; its clock goes on from the moment at which the snapshot was taken."""
    state, faults = unpacked(snapshot.content)
    _resume(state, wall)
    return state, faults


def packed(state: State, *others: object) -> bytes:
    """The bytes of a state and what belongs to it; its clock is stopped in them at the present moment."""
    clock = state.clock
    wall, base = clock.wall, (clock.virtual_base, clock.wall_base)
    now = clock.now()
    # The function that tells real time belongs to the process, not to the world.
    clock.wall, clock.virtual_base = time.time, now
    try:
        return pickle.dumps((state, *others), pickle.HIGHEST_PROTOCOL)
    finally:
        clock.wall, (clock.virtual_base, clock.wall_base) = wall, base


def unpacked(content: bytes) -> Any:  # noqa: ANN401 - what was packed
    """What `packed` was given."""
    return pickle.loads(content)  # noqa: S301 - our own bytes, from this process


def _resume(state: State, wall: Callable[[], float]) -> None:
    state.clock.wall, state.clock.wall_base = wall, wall()


FIDELITY = (
    Behaviour(
        "Snapshot and restore: what follows a restore is the same each time, ids included",
        "ours",
        "test_snapshots.py::test_what_follows_a_restore_is_the_same_each_time",
    ),
    Behaviour(
        "A snapshot holds what the simulator itself keeps, not what moto keeps for it (buckets, volumes)",
        "missing",
    ),
)
