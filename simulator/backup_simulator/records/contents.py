"""What lies in a vault: recovery points by ARN, in order of arrival.

A vault may hold millions of generated recovery points (`generated.py`). They are made when somebody looks at them and
are kept from then on, so that a change to one is not lost; this mapping hides the difference.
"""

from __future__ import annotations

import itertools
from collections.abc import MutableMapping, ValuesView
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .state import RecoveryPoint


class Block(Protocol):
    """Recovery points that arrived together and are made on demand; their sequence numbers follow each other."""

    def get(self, arn: str) -> RecoveryPoint | None:
        """One of the points."""

    def remove(self, arn: str) -> bool:
        """Take a point away; False when it is not there."""

    def since(self, sequence: int) -> Iterator[RecoveryPoint]:
        """The points with higher sequence numbers, in order."""

    def arns(self) -> Iterator[str]:
        """The ARNs of all points, in order; makes none."""

    def within(self, parent: str) -> Iterator[RecoveryPoint]:
        """The points that were made as nested in a composite one."""

    def __len__(self) -> int: ...


class Contents(MutableMapping[str, "RecoveryPoint"]):
    """A vault's recovery points; iterates in order of arrival, as a dictionary does."""

    __slots__ = ("_nested", "_parts")

    def __init__(self) -> None:
        self._parts: list[_Singles | Block] = []
        # Who may be nested in a composite point, by its ARN; who really is says so itself.
        self._nested: dict[str, dict[str, None]] = {}

    def add(self, block: Block) -> None:
        """Put a block of points after all others."""
        self._parts.append(block)

    def since(self, sequence: int) -> Iterator[RecoveryPoint]:
        """The points with higher sequence numbers, in order: where a page goes on."""
        return itertools.chain.from_iterable(part.since(sequence) for part in self._parts)

    def nest(self, parent: str, point: RecoveryPoint) -> None:
        """Nest a point in a composite one."""
        point.parent_arn = parent
        self._nested.setdefault(parent, {})[point.arn] = None

    def within(self, parent: str) -> list[RecoveryPoint]:
        """The points nested in a composite one, in order of arrival; does not walk through all the others."""
        singly = (self.get(arn) for arn in self._nested.get(parent, ()))
        made = itertools.chain.from_iterable(part.within(parent) for part in self._parts)
        found = {point.arn: point for point in (*singly, *made) if point is not None and point.parent_arn == parent}
        return sorted(found.values(), key=lambda point: point.sequence)

    def get(self, arn: str, default: RecoveryPoint | None = None) -> RecoveryPoint | None:  # type: ignore[override] # no other default is used
        """The point of an ARN."""
        for part in self._parts:
            found = part.get(arn)
            if found is not None:
                return found
        return default

    def values(self) -> ValuesView[RecoveryPoint]:
        """All points; whoever walks through them has them all made."""
        return _Values(self)

    def __getitem__(self, arn: str) -> RecoveryPoint:
        found = self.get(arn)
        if found is None:
            raise KeyError(arn)
        return found

    def __setitem__(self, arn: str, point: RecoveryPoint) -> None:
        if self.get(arn) is point:
            return
        self._take(arn)
        last = self._parts[-1] if self._parts else None
        if not isinstance(last, _Singles):
            last = _Singles()
            self._parts.append(last)
        last.points[arn] = point
        if point.parent_arn is not None:
            self.nest(point.parent_arn, point)

    def __delitem__(self, arn: str) -> None:
        parent = self[arn].parent_arn
        self._take(arn)
        self._nested.pop(arn, None)
        if parent in self._nested:
            self._nested[parent].pop(arn, None)

    def _take(self, arn: str) -> bool:
        return any(part.remove(arn) for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return itertools.chain.from_iterable(part.arns() for part in self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))


class _Values(ValuesView["RecoveryPoint"]):
    """The points themselves, without a detour over their ARNs."""

    def __init__(self, contents: Contents) -> None:
        super().__init__(contents)
        self._contents = contents

    def __iter__(self) -> Iterator[RecoveryPoint]:
        return self._contents.since(-1)


class _Singles:
    """Points that arrived one by one."""

    __slots__ = ("points",)

    def __init__(self) -> None:
        self.points: dict[str, RecoveryPoint] = {}

    def get(self, arn: str) -> RecoveryPoint | None:
        return self.points.get(arn)

    def remove(self, arn: str) -> bool:
        return self.points.pop(arn, None) is not None

    def since(self, sequence: int) -> Iterator[RecoveryPoint]:
        found: Iterable[RecoveryPoint] = self.points.values()
        return (point for point in found if point.sequence > sequence)

    def arns(self) -> Iterator[str]:
        return iter(self.points)

    def within(self, _parent: str) -> Iterator[RecoveryPoint]:
        return iter(())

    def __len__(self) -> int:
        return len(self.points)
