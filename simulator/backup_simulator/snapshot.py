"""Keeping a world as it is, and bringing it back: state, scheduled happenings, dice and faults, but not the calls.

A snapshot is a pickle in memory. What is scheduled are functions of modules with their arguments, which pickle keeps,
so that a restored callback acts on the restored world.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import io
import operator
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .clock import REAL
from .fidelity import Behaviour
from .records.backups import BackupJob
from .records.state import CopyJob, Lifecycle, RecoveryPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .clock import RealTime
    from .faults import Faults
    from .records.state import State
    from .world.schema import World

    Reducer = Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]


def _by_fields(kind: type) -> Reducer:
    """Pickle as a call with the fields in order: half the time of a dictionary of them."""
    values = operator.attrgetter(*(each.name for each in dataclasses.fields(kind)))
    return lambda one: (kind, values(one))


_MANY: dict[type, Reducer] = {kind: _by_fields(kind) for kind in (RecoveryPoint, Lifecycle, CopyJob, BackupJob)}
"""What there are thousands of; nothing in them leads back to them, which a call could not bring back."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world at a moment; `taken` is virtual time in epoch seconds."""

    world: World
    taken: float
    content: bytes


def take(world: World, state: State, faults: Faults) -> Snapshot:
    """Keep a world; the caller holds the lock."""
    return Snapshot(world, state.now(), packed(state, faults))


def restored(snapshot: Snapshot, real: RealTime) -> tuple[State, Faults]:
    """Bring a world back; its clock goes on from the moment at which the snapshot was taken."""
    state, faults = unpacked(snapshot.content)
    state.clock.real, state.clock.steady_base = real, real.steady()
    return state, faults


def packed(state: State, *others: object) -> bytes:
    """The bytes of a state and what belongs to it; its clock is stopped in them at the present moment."""
    clock = state.clock
    real, base = clock.real, clock.virtual_base
    now = clock.now()
    # What tells real time belongs to the process, not to the world.
    clock.real, clock.virtual_base = REAL, now
    try:
        content = io.BytesIO()
        pickler = pickle.Pickler(content, pickle.HIGHEST_PROTOCOL)
        pickler.dispatch_table = _MANY
        with _uncollected():
            pickler.dump((state, *others))
        return content.getvalue()
    finally:
        clock.real, clock.virtual_base = real, base


def unpacked(content: bytes) -> Any:  # noqa: ANN401 - what was packed
    """What `packed` was given."""
    with _uncollected():
        return pickle.loads(content)  # noqa: S301 - our own bytes, from this process


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking again and again through a world that is growing, three times the work."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


FIDELITY = (
    Behaviour(
        "Snapshot and restore: what follows a restore is the same each time, ids included",
        "ours",
        "test_snapshots.py::test_what_follows_a_restore_is_the_same_each_time",
    ),
)
