"""What is seen of a run, step by step: each call as it is asked and as it is heard, each status that is written."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crossvault.kinds.kind import ObjectKey
from crossvault.status.outcome import Outcome

if TYPE_CHECKING:
    from .cloud import Cloud
    from .world import Json, World

VAULTS, PLANS = "/backup-vaults/", "/backup/plans/"


@dataclass(frozen=True)
class Call:
    """A call of the operator's.

    Attributes:
        account: Whose credentials it is made with; empty for nobody's.
        session: The access key, which is one for each session.
        life: In which life of the operator.
    """

    service: str
    operation: str
    account: str
    session: str
    region: str
    path: str
    query: str
    body: bytes
    mutating: bool
    life: int

    @cached_property
    def vault(self) -> str:
        """The name of the vault in its path; empty where none is."""
        return self._after(VAULTS)

    @cached_property
    def plan(self) -> str:
        """The id of the backup plan in its path; empty where none is."""
        return self._after(PLANS)

    def _after(self, start: str) -> str:
        found = self.path[len(start) :].split("/", 1)[0] if self.path.startswith(start) else ""
        return urllib.parse.unquote(found)

    @property
    def goes_on(self) -> bool:
        """Whether it asks for a later page of a list."""
        return "nextToken=" in self.query

    @property
    def narrowed(self) -> bool:
        """Whether it asks for a part of a list, by time."""
        return "After=" in self.query or "Before=" in self.query

    @cached_property
    def sent(self) -> Mapping[str, Any]:
        """What it says, of JSON and of forms."""
        if self.service in {"sts", "iam"}:
            return dict(urllib.parse.parse_qsl(self.body.decode()))
        found: Mapping[str, Any] = json.loads(self.body) if self.body else {}
        return found


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a call for the operator.

    Attributes:
        status: That of HTTP; 0 where no answer came.
        body: What it was answered.
        whole: The answer is good, and all of it came.
        fate: What went wrong, in words.
    """

    status: int = 0
    body: bytes = b""
    whole: bool = False
    fate: str = ""

    @property
    def spoilt(self) -> bool:
        """Whether it looks like a good answer, and is half of one."""
        return 0 < self.status < 300 and not self.whole


@dataclass(frozen=True, slots=True)
class Passing:
    """The pass that is under way; ``ordered`` is False of a deletion that came with the namespace."""

    key: ObjectKey
    body: Json
    ordered: bool = True

    @property
    def ending(self) -> bool:
        """Whether it brings a policy to its end."""
        return "deletionTimestamp" in self.body["metadata"]


@dataclass(slots=True)
class Scene:
    """Where an invariant looks.

    Attributes:
        bodies: What is declared now.
        violated: Hears of everything that is not as it must be: the number of the invariant, and what is wrong.
    """

    world: World
    cloud: Cloud
    bodies: Mapping[ObjectKey, Json]
    violated: Callable[[int, str], None]
    passing: Passing | None = None

    def living(self) -> list[Json]:
        """Return the policies that are declared, granted, and not being deleted."""
        return [
            body
            for key, body in self.bodies.items()
            if "deletionTimestamp" not in body["metadata"] and key.policy not in self.world.refused
        ]


def _nothing(*_seen: object) -> None:
    """See nothing in it."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What one invariant looks at.

    Attributes:
        asks: A call, before anything comes of it.
        hears: The same call, with what came of it.
        says: A status that is written, with the one before it and the outcome of its pass.
        happens: Somebody else has done something, or the run is at its end.
        ends: The run is at its end.
    """

    asks: Callable[[Call], None] = _nothing
    hears: Callable[[Call, Heard], None] = _nothing
    says: Callable[[Json, Json, Outcome], None] = _nothing
    happens: Callable[[], None] = _nothing
    ends: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Invariant:
    """One of what must hold, always, by its number in the design."""

    number: int
    holds: str
    watch: Callable[[Scene, Callable[[str], None]], Checks]


@dataclass(slots=True)
class Witness:
    """Passes every step on to all invariants."""

    scene: Scene
    checks: tuple[Checks, ...] = ()
    calls: int = field(default=0)

    @classmethod
    def of(cls, scene: Scene, invariants: tuple[Invariant, ...]) -> Witness:
        """Return one for a run."""

        def violated(number: int) -> Callable[[str], None]:
            return lambda what: scene.violated(number, what)

        return cls(scene, tuple(each.watch(scene, violated(each.number)) for each in invariants))

    def asks(self, call: Call) -> None:
        """See a call on its way."""
        self.calls += 1
        for each in self.checks:
            each.asks(call)

    def hears(self, call: Call, heard: Heard) -> None:
        """See what came of it."""
        for each in self.checks:
            each.hears(call, heard)

    def says(self, before: Json, after: Json, outcome: Outcome) -> None:
        """See a status that is written."""
        for each in self.checks:
            each.says(before, after, outcome)

    def happens(self) -> None:
        """See what somebody else has done."""
        for each in self.checks:
            each.happens()

    def ends(self) -> None:
        """See the end."""
        for each in self.checks:
            each.happens()
            each.ends()
