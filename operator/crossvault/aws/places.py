"""One account in one Region, as one pass looks around in it; every question is a read that passes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeAlias, TypeVar, cast

from ..engine.declared import Account
from ..engine.looks import NO_PATIENCE, Look, Patience, Seen, Unseen
from ..engine.parts import NONE, Parts
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from . import probe, regions, tenants
from .entered import Entered, Fingerprint
from .reads import ReadKey, SharedReads

LONGEST = timedelta(hours=24)
DENIED = timedelta(minutes=15)
"""How long an answer lasts of what hardly ever changes, and that we may not ask."""

EVER = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")
Pending: TypeAlias = Callable[[], Look[T]]


def identity_key(entry: Fingerprint) -> ReadKey:
    """Name GetCallerIdentity."""
    return ("identity", entry)


class Age(Enum):
    """How old what is asked for may be."""

    MOVING = "it moves by itself"
    SET = "it changes only when somebody changes it"
    SETTLED = "hardly anybody ever changes it"


@dataclass(frozen=True, slots=True)
class Shared:
    """The reads as one pass uses them.

    Attributes:
        patience: How much older than that some of it may be.
        ages: Collects when the answers were fetched.
        doubts: Why an account is asked nothing in a Region, by both names; None where it is asked.
    """

    reads: SharedReads
    not_before: datetime
    patience: Patience = NO_PATIENCE
    ages: dict[ReadKey, datetime] = field(default_factory=dict)
    doubts: dict[tuple[str, str], Problem | None] = field(default_factory=dict)

    def age(self, began: datetime) -> datetime:
        """Return how old the picture is that has been got since then; what is set may be older."""
        return min((each for each in self.ages.values() if each >= self.not_before), default=began)

    def look(self, key: ReadKey, fetch: Callable[[], T], who: str = "", *, age: Age = Age.MOVING) -> Look[T]:
        """Ask, or take what is there; what could not be asked is unseen. ``who`` waits for nobody else who asks."""
        try:
            value, at = self.reads.get(key, self._since(age), fetch, who)
        except CrossvaultError as error:
            return Unseen(error.problem)
        self.ages[key] = at
        return Seen(value)

    def slowly(
        self, access: Entered, key: ReadKey, fetch: Callable[[], T], lasts: Callable[[Look[T]], timedelta]
    ) -> Pending[T]:
        """Ask for what hardly ever changes; ``lasts`` tells for how long an answer will do.

        Being denied is an answer, too: it lasts. What is known this way does not make the picture any older.
        """
        kept = self.reads.cached(key, self.not_before - LONGEST)
        if kept is not None and kept[1] >= self.not_before - lasts(kept[0]):
            return known(kept[0])

        def answer() -> Look[T]:
            try:
                return Seen(fetch())
            except CrossvaultError as error:
                if error.problem.error_class is ErrorClass.RETRY:
                    raise
                return Unseen(error.problem)

        def look() -> Look[T]:
            try:
                return self.reads.get(key, self.not_before, answer)[0]
            except CrossvaultError as error:
                return Unseen(error.problem)

        return access.begin(look)

    def start(
        self, access: Entered, key: ReadKey, fetch: Callable[[], T], *, apart: bool = False, age: Age = Age.MOVING
    ) -> Pending[T]:
        """Ask in one of the account's threads, or take at once what is there; ``apart``, each namespace for itself."""
        if self.reads.cached(key, self._since(age)) is not None:
            return known(self.look(key, fetch, age=age))
        who = tenants.current() if apart else ""
        return access.begin(lambda: self.look(key, fetch, who, age=age))

    @property
    def settings_since(self) -> datetime:
        """How old what changes only when somebody changes it may be."""
        return self.not_before - self.patience.settings

    @property
    def settled_since(self) -> datetime:
        """How old what hardly anybody ever changes may be."""
        return self.not_before - self.patience.settled

    def _since(self, age: Age) -> datetime:
        match age:
            case Age.MOVING:
                return self.not_before
            case Age.SET:
                return self.settings_since
            case Age.SETTLED:
                return self.settled_since


@dataclass(frozen=True, slots=True)
class Place:
    """One account in one Region, as one pass looks around in it. While the identity is unseen, nothing is asked.

    ``around`` is what is declared of an account elsewhere, where that is looked at by itself.
    """

    shared: Shared
    account: Account
    region: str
    access: Entered
    identity: Pending[str]
    first_there: list[str] = field(default_factory=list)
    asked: dict[ReadKey, Pending[Any]] = field(default_factory=dict)
    around: Parts = NONE

    def start(self, key: ReadKey, fetch: Callable[[], T], *, apart: bool = False) -> Pending[T]:
        """Begin to ask, in one of the account's threads; ``apart`` for what every policy of an account shares."""
        return self.once(key, lambda: self.shared.start(self.access, key, fetch, apart=apart))

    def setting(self, key: ReadKey, fetch: Callable[[], T], *, regional: bool = True, age: Age = Age.SET) -> Pending[T]:
        """Begin to ask for what changes only when somebody changes it."""
        return self.once(key, lambda: self.shared.start(self.access, key, fetch, age=age), regional=regional)

    def slowly(
        self, key: ReadKey, fetch: Callable[[], T], lasts: Callable[[Look[T]], timedelta], *, regional: bool = True
    ) -> Pending[T]:
        """Begin to ask for what hardly ever changes."""
        return self.once(key, lambda: self.shared.slowly(self.access, key, fetch, lasts), regional=regional)

    def once(self, key: ReadKey, begin: Callable[[], Pending[T]], *, regional: bool = True) -> Pending[T]:
        """Begin to ask unless this pass has begun already, or there is nobody to ask."""
        if key not in self.asked:
            self.asked[key] = self.closed(regional=regional) or begin()
        return cast("Pending[T]", self.asked[key])

    def closed(self, *, regional: bool = True) -> Pending[Any] | None:
        """Return the answer to every question while there is nobody to ask: a stranger, or in no Region at all."""
        identity = self.identity()
        if isinstance(identity, Unseen):
            return known(identity)
        if regional and self.doubt() is not None:
            words = f"Not looked at: Region {self.region}."
            return known(Unseen(Problem(Reason.REGION_UNSEEN, words, ErrorClass.RETRY)))
        return None

    def doubt(self) -> Problem | None:
        """Ask nothing in a Region that nobody knows, and once, before all else, in one that the account lists.

        That one may be new, or misspelt; who is refused a right there has reached it.
        """
        doubts, region = self.shared.doubts, self.region
        here = (self.account.name, region)
        if here not in doubts:
            told = any(doubts[each] is not None for each in doubts if each[1] == region)
            doubts[here] = self.access.refusal(region) or self._doubt_of_new()
            if doubts[here] is not None and not told:
                self.first_there.append(region)
        return doubts[here]

    def _doubt_of_new(self) -> Problem | None:
        region = self.region
        if not regions.doubt(region):
            return None
        key = probe.key(self.access.fingerprint, region)
        look = self.shared.look(key, lambda: probe.global_settings(self.access, region), age=Age.SET)
        doubtful = isinstance(look, Unseen) and look.problem.reason is Reason.REGION_DOUBTFUL
        return look.problem if doubtful and isinstance(look, Unseen) else None


def known(look: Look[T]) -> Pending[T]:
    """Return what is known without asking."""
    return lambda: look
