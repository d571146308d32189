"""How rooms look and act: what they are given to reach AWS with, and what each of them gives in return."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, TypeVar

from ..engine.declared import Account, Desired, Destination, VaultRef
from ..engine.hints import Subject
from ..engine.parts import Parts
from ..engine.plan import Result
from ..words.problems import CrossvaultError
from .backoff import RefusedWrites, Write
from .entered import Entered
from .lasting import Lasting
from .places import Place
from .reads import ReadKey, SharedReads
from .sessions import Sessions
from .turns import Turns

W = TypeVar("W", bound=Write)


@dataclass(frozen=True, slots=True)
class Reach:
    """What rooms look and act with; one per process.

    Attributes:
        audit: How often listings are made anew in whole.
        settled: How old what was seen of a setting may be, as long as nothing is amiss with it.
        lasting: When that will not do.
    """

    sessions: Sessions
    reads: SharedReads
    clock: Callable[[], datetime]
    audit: timedelta = timedelta(hours=6)
    settled: timedelta = timedelta(minutes=25)
    refused_writes: RefusedWrites = field(default_factory=RefusedWrites)
    turns: Turns = field(default_factory=Turns)
    lasting: Lasting = field(default_factory=Lasting)

    def enter(self, vault: VaultRef) -> Entered:
        """Enter a vault's account, with an identity verified for the credentials in use (invariant 5)."""
        access = self.sessions.enter(vault.account)
        access.verify()
        return access

    def write(self, action: W, do: Callable[[W], W | None], *, turn: str = "") -> Result:
        """Carry out a write in its turn, unless AWS has just refused the same one to somebody.

        ``do`` returns what was written, or None when it was done already. What only one may write at a time is the
        vault, or what ``turn`` names.
        """
        with self.turns.of(turn or action.vault.arn):
            problem = self.refused_writes.standing(action, self.clock())
            if problem is not None:
                return Result(action, problem)
            try:
                done = do(action)
            except CrossvaultError as error:
                self.refused_writes.add(action, error.problem, self.clock())
                return Result(action, error.problem)
            self.refused_writes.discard(action)
            return Result(done or action, found=done is None)


class Scene:
    """Where one pass looks around. An account is entered when a room first asks for it: a deletion needs few."""

    def __init__(self, desired: Desired, enter: Callable[[VaultRef], Place]) -> None:
        self.desired = desired
        self._enter = enter
        self._places: dict[tuple[Account, str], Place] = {}

    def at(self, vault: VaultRef) -> Place:
        """Return the place in which a vault lies."""
        key = (vault.account, vault.region)
        if key not in self._places:
            self._places[key] = self._enter(vault)
        return self._places[key]

    @property
    def source(self) -> Place:
        """The place of the source."""
        return self.at(self.desired.source)

    def sides(self) -> tuple[tuple[Destination, Place], ...]:
        """Return every destination with its place, in the order in which they are declared."""
        return tuple((each, self.at(each.vault)) for each in self.desired.destinations)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a room saw: of the source, and of every destination. Of what is being deleted most see nothing."""

    source: Parts = field(default_factory=Parts)
    destinations: tuple[Parts, ...] = ()


Looking: TypeAlias = Generator[None, None, Looked]
"""A look in rounds: what needs no answer is asked before the first ``yield``, what depends on one after it."""


class _Looks(Protocol):
    def __call__(self, scene: Scene) -> Looking:
        """Look around."""


def _sees_nothing(_place: Place) -> Callable[[], Parts]:
    return Parts


@dataclass(frozen=True, slots=True)
class Hands:
    """What one room does in AWS.

    Attributes:
        look: Looks around for a policy.
        account: Begins to look at an account by itself, and returns what was seen.
        management: Begins to look at an account that is said to manage an organization; True has it look for when
            accounts have left, too.
        acts: Carries out the room's actions, by their class.
        forget: Drops what the room keeps under the names of reads that belong to something that is gone.
        heeds: By the first word of its reads, what has to have happened for an answer to be old.
    """

    look: _Looks
    account: Callable[[Place], Callable[[], Parts]] = _sees_nothing
    management: Callable[[Place, bool], Callable[[], Parts]] = lambda _place, _departures: Parts
    acts: Mapping[type[Any], Callable[[Any], Result]] = field(default_factory=dict)
    forget: Callable[[Callable[[ReadKey], bool]], None] = lambda _belongs: None
    heeds: Mapping[str, frozenset[Subject]] = field(default_factory=dict)
