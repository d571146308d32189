"""What is at stake where something is to be mended: how many recovery points, and what there is of their copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..aspects.copies.figures import Copies
from ..words.texts import plural
from .render import size


@dataclass(frozen=True, slots=True, order=True)
class Amount:
    """So many recovery points, and their size as far as AWS tells it."""

    points: int = 0
    size: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Return both together."""
        return Amount(self.points + other.points, self.size + other.size)

    def __str__(self) -> str:
        """Return it as people read it."""
        return plural(self.points, "recovery point") + (f" ({size(self.size)})" if self.size else "")

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Amount:
        """Add up rows that are about different recovery points."""
        return sum((cls(each["recoveryPoints"], each["bytes"]) for each in rows), cls())

    @classmethod
    def of_all(cls, rows: Iterable[Mapping[str, Any]], statuses: Mapping[str, Mapping[str, Any]]) -> Amount:
        """Return how much has no copy because of some row, by the statuses of all policies: each is counted once.

        What stops all copies to a destination holds up what the others hold up, too; those have it for one reason each.
        """
        whole, of_policy = cls(), dict[str, list[Mapping[str, Any]]]()
        for row in rows:
            if row["copies"] == Copies.NONE:
                of_policy.setdefault(row["policy"], []).append(row)
        for policy, mine in of_policy.items():
            for_all = max((cls.of([each]) for each in mine if not each["destination"]), default=cls())
            names = {each["destination"] for each in mine} - {""}
            of_each = (
                _at_one([each for each in mine if each["destination"] == name], statuses[policy]) for name in names
            )
            whole += max(for_all, sum(of_each, cls()))
        return whole


def _at_one(rows: Sequence[Mapping[str, Any]], status: Mapping[str, Any]) -> Amount:
    """Add up what waits at one destination for one reason each, but to all that there is: then one of them is all."""
    most = dict[str, Amount]()
    for each in rows:
        most[each["reason"]] = max(most.get(each["reason"], Amount()), Amount.of([each]))
    together = sum(most.values(), Amount())
    return together if together.points <= _open(status, rows[0]["destination"]) else max(most.values())


def _open(status: Mapping[str, Any], name: str) -> int:
    """Return how many recovery points have no copy at a destination, good or bad, and none under way."""
    figures = (each for each in status.get("destinations") or () if each.get("name") == name)
    there = sum(
        int(each.get("count") or 0)
        for each in status.get("failures") or ()
        if each.get("destination") == name and each.get("copies") == Copies.THERE
    )
    return sum(int(row.get(each, 0)) for row in figures for each in ("waiting", "missing", "failed")) - there


_COUNTED = {Copies.THERE: "fallShort", Copies.GONE: "lost", Copies.UNDER_WAY: "notArriving"}


def counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return the recovery points that are not held up, and about which somebody has to do something all the same."""
    listed = list(rows)
    return {
        name: Amount.of(each for each in listed if each["copies"] == copies).points for copies, name in _COUNTED.items()
    }


_WHOSE = {
    Copies.THERE: ("whose copy is there", "whose copies are there"),
    Copies.GONE: ("whose copy is gone", "whose copies are gone"),
    Copies.UNDER_WAY: ("whose copy is under way", "whose copies are under way"),
}


def of_fix(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what one fix is about: what cannot be copied before, and what has copies that fall short, or is lost."""
    for copies in Copies:
        amount = Amount.of(each for each in rows if each["copies"] == copies)
        if amount.points and copies is Copies.NONE:
            yield f"holds up {amount}"
        elif amount.points:
            yield f"is about {amount} {_WHOSE[copies][amount.points > 1]}"


def in_all(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say the same of all rows."""
    if summary["recoveryPoints"]:
        yield f"{Amount(summary['recoveryPoints'], summary['bytes'])} cannot be copied until this is fixed."
    for copies, one, more in (
        (Copies.THERE, "has a copy that falls short", "have copies that fall short"),
        (Copies.GONE, "has lost its copy", "have lost their copies"),
        (Copies.UNDER_WAY, "has a copy under way that does not arrive", "have copies under way that do not arrive"),
    ):
        count = summary[_COUNTED[copies]]
        if count:
            yield f"{Amount(count)} {one if count == 1 else more}."
