"""Recovery points in bulk: a rule instead of objects, until somebody looks at them.

A million points cost nothing before they are looked at. That works because an ARN can be calculated from a point's
number and the number from the ARN: the id in it is the number, scrambled by a cipher of four rounds.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from . import resource_types
from .state import RecoveryPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .resource_types import ResourceType

HALF_BITS = 31
HALF: int = 2**HALF_BITS - 1
WHOLE: int = 2 ** (2 * HALF_BITS) - 1
MULTIPLIER = 0x9E3779B97F4A7C15
ROUNDS = range(4)
_ID = re.compile(r"[0-9a-fA-F-]{17,36}$")
_FIELDS = tuple(each.name for each in dataclasses.fields(RecoveryPoint))


@dataclass(slots=True)
class Generated:
    """So many resources, each with a point in every step; the oldest step comes first.

    `prototype` has what all points share, `first` is the sequence number of the first, `oldest` and `every` are epoch
    seconds and seconds; `key` makes the ids of one block differ from another's.
    """

    prototype: RecoveryPoint
    row: ResourceType
    region: str
    account: str
    name: str
    resources: int
    steps: int
    oldest: float
    every: float
    first: int
    key: int
    made: list[RecoveryPoint | None] = field(init=False)
    gone: set[int] = field(default_factory=set)
    known: dict[int, tuple[str | None, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made = [None] * (self.resources * self.steps)

    def __len__(self) -> int:
        return len(self.made) - len(self.gone)

    def get(self, arn: str) -> RecoveryPoint | None:
        """One of the points."""
        number = self._number(arn)
        return None if number is None else self._kept(number)

    def remove(self, arn: str) -> bool:
        """Take a point away; False when it is not there."""
        number = self._number(arn)
        if number is None:
            return False
        self.made[number] = None
        self.gone.add(number)
        return True

    def since(self, sequence: int) -> Iterator[RecoveryPoint]:
        """The points with higher sequence numbers, in order."""
        return map(self._kept, self._numbers(max(sequence + 1 - self.first, 0)))

    def arns(self) -> Iterator[str]:
        """The ARNs of all points, in order; makes none."""
        return map(self._arn, self._numbers(0))

    def within(self, parent: str) -> Iterator[RecoveryPoint]:
        """All of the points, if they are nested in a composite one."""
        return self.since(-1) if self.prototype.parent_arn == parent else iter(())

    def step(self, step: int) -> list[RecoveryPoint]:
        """The points of one step."""
        return list(map(self._kept, self._numbers(step * self.resources, (step + 1) * self.resources)))

    def sample(self, step: int) -> RecoveryPoint:
        """What the points of a step look like; not one of them."""
        return self._made(step * self.resources)

    def _numbers(self, start: int, end: int | None = None) -> Iterator[int]:
        numbers = range(start, len(self.made) if end is None else end)
        return itertools.filterfalse(self.gone.__contains__, numbers) if self.gone else iter(numbers)

    def _kept(self, number: int) -> RecoveryPoint:
        found = self.made[number]
        if found is None:
            found = self.made[number] = self._made(number)
        return found

    def _made(self, number: int) -> RecoveryPoint:
        step, index = divmod(number, self.resources)
        point = object.__new__(RecoveryPoint)
        for name in _FIELDS:
            value = getattr(self.prototype, name)
            setattr(point, name, value.copy() if isinstance(value, dict) else value)
        point.arn, point.sequence = self._arn(number), self.first + number
        point.resource_name, point.resource_arn = self._resource(index)
        shift = round(self.oldest + step * self.every, 3) - point.created
        point.created, point.completed = round(point.created + shift, 3), round(point.completed + shift, 3)
        return point

    def _resource(self, index: int) -> tuple[str | None, str]:
        """Name and ARN of a resource; kept, because all its points share them."""
        found = self.known.get(index)
        if found is None:
            name = f"{self.name}-{index + 1}" if self.resources > 1 else self.name
            arn = resource_types.resource_arn(self.row, name, region=self.region, account=self.account)
            found = self.known[index] = (None if name.startswith("arn:") else name, arn)
        return found

    def _arn(self, number: int) -> str:
        low = _scrambled(number, self.key)
        high = (low * MULTIPLIER + self.key) % 2**64
        digits = f"{high:016x}{low | 1 << 63:016x}"
        uuid = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{digits[16:20]}-{digits[20:]}"
        return resource_types.written(
            self.row,
            self._resource(number % self.resources)[1],
            region=self.region,
            account=self.account,
            uuid=uuid,
            digits=f"0{low:016x}",
        )

    def _number(self, arn: str) -> int | None:
        """The number of the point that has an ARN, unless it is gone."""
        found = _ID.search(arn)
        if not found:
            return None
        low = int(found[0].replace("-", "")[-16:] or "0", 16) & WHOLE
        number = _unscrambled(low, self.key)
        if number >= len(self.made) or number in self.gone:
            return None
        made = self.made[number]
        return number if arn == (self._arn(number) if made is None else made.arn) else None


def _scrambled(number: int, key: int) -> int:
    left, right = number >> HALF_BITS, number & HALF
    for turn in ROUNDS:
        left, right = right, left ^ _mixed(right, key, turn)
    return left << HALF_BITS | right


def _unscrambled(number: int, key: int) -> int:
    left, right = number >> HALF_BITS, number & HALF
    for turn in reversed(ROUNDS):
        left, right = right ^ _mixed(left, key, turn), left
    return left << HALF_BITS | right


def _mixed(half: int, key: int, turn: int) -> int:
    return ((half + (key >> turn * 8)) * MULTIPLIER >> 30) & HALF


FIDELITY = (
    Behaviour(
        "Recovery points that a world file generates are made when somebody looks, and are like any others then",
        "ours",
        "test_generated.py::test_contents_behave_like_a_dictionary",
    ),
)
