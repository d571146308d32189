"""What a selection means of the resources that an account has, and what of that can be copied where. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ...engine.declared import Destination, VaultRef
from ..resource_types.arns import matches, types_meant, types_of
from ..resource_types.matrix import TYPES, barred_from
from .declared import Conditions, Selection
from .seen import Matches

VALUES = 20
"""Of one key, in one filter. https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html"""

_SHOWN = 3

Meaning: TypeAlias = Selection
"""A selection without name and role: what two policies that select the same have in common."""


def meaning(selection: Selection) -> Meaning:
    """Return what is selected, however it is called and whoever backs it up."""
    return Selection("", "", selection.resources, selection.not_resources, selection.any_of_tags, selection.conditions)


@dataclass(frozen=True, slots=True)
class Question:
    """One listing of resources: the tags that they have to have, with any of these values, or with any at all."""

    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()


def questions(selection: Selection) -> Iterator[Question]:
    """Yield the listings that together have all that a selection means, and of everything else as little as may be.

    Conditions narrow what ARNs name, each tag of ``anyOfTags`` adds to it; within one listing all tags have to hold.
    """
    if selection.resources:
        wanted = dict[str, tuple[str, ...]]()
        for key, _ in selection.conditions.like:
            wanted[key] = ()
        for key, value in selection.conditions.equal:
            wanted[key] = (value,)
        yield Question(tuple(sorted(wanted.items())))
    values = dict[str, list[str]]()
    for key, value in selection.any_of_tags:
        values.setdefault(key, []).append(value)
    for key, every in values.items():
        for start in range(0, len(every), VALUES):
            yield Question(((key, tuple(every[start : start + VALUES])),))


def means(selection: Selection, arn: str, tags: Mapping[str, str]) -> bool:
    """Tell whether a selection means a resource."""
    if _named(selection.not_resources, arn):
        return False
    if any(tags.get(key) == value for key, value in selection.any_of_tags):
        return True
    return _named(selection.resources, arn) and _hold(selection.conditions, tags)


def _named(patterns: Iterable[str], arn: str) -> bool:
    return any(matches(each, arn) for each in patterns)


def _hold(conditions: Conditions, tags: Mapping[str, str]) -> bool:
    """Tell whether all conditions hold; who has no such tag is not equal, and not alike."""
    return (
        all(tags.get(key) == value for key, value in conditions.equal)
        and all(tags.get(key) != value for key, value in conditions.not_equal)
        and all(key in tags and _is_like(value, tags[key]) for key, value in conditions.like)
        and not any(key in tags and _is_like(value, tags[key]) for key, value in conditions.not_like)
    )


def _is_like(pattern: str, value: str) -> bool:
    """Tell whether a value is as a pattern says, in which ``*`` stands for anything: each part is looked for once."""
    first, *others = pattern.split("*")
    if not others:
        return value == first
    *between, last = others
    if not value.startswith(first):
        return False
    at = len(first)
    for each in between:
        found = value.find(each, at)
        if found < 0:
            return False
        at = found + len(each)
    return len(value) - len(last) >= at and value.endswith(last)


def asked(selection: Selection) -> str:
    """Return what a selection asks for, in few words and with each value as it is declared."""
    tests = selection.conditions
    groups = (
        (tests.equal, "="),
        (tests.like, " like "),
        (tests.not_equal, " other than "),
        (tests.not_like, " not like "),
    )
    every = [f"{key}{sign}{value}" for pairs, sign in groups for key, value in pairs]
    words = [f"tag {_few(every, ' and ')}"] if every else []
    if selection.resources and selection.resources != ("*",):
        words.append(f"of {_few(selection.resources, ', ')}")
    if selection.any_of_tags:
        any_of = [f"{key}={value}" for key, value in selection.any_of_tags]
        words.append(f"{'or ' if words else ''}tag {_few(any_of, ' or ')}")
    if selection.not_resources:
        words.append(f"without {_few(selection.not_resources, ', ')}")
    return " ".join(words) or "everything"


def _few(words: Sequence[str], sign: str) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"{sign.join(words[:_SHOWN])}{more}"


def is_all_tagged(selection: Selection) -> bool:
    """Tell whether all that is meant has tags: resources that never had one are shown to nobody."""
    return not selection.resources or bool(selection.conditions.equal or selection.conditions.like)


@dataclass(slots=True)
class Counting:
    """What a selection means, counted as its resources are listed; one that is listed twice counts once."""

    selection: Selection
    arns: set[str] = field(default_factory=set)
    types: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Count a resource, if it is meant and of a type that AWS Backup backs up."""
        types = types_of(arn)
        if types and arn not in self.arns and means(self.selection, arn, tags):
            self.arns.add(arn)
            self.types[types] += 1

    def counted(self, *, whole: bool) -> Matches:
        """Return the counts; ``whole`` when all pages were read."""
        return Matches(tuple(sorted(self.types.items())), whole=whole)


# --- What can be copied --------------------------------------------------------------------------------------------


def goes(resource_type: str, source: VaultRef, destination: Destination, *, air_gapped: bool) -> bool:
    """Tell whether a copy action of a plan can bring a type to a destination; one not known here is tried."""
    row = TYPES.get(resource_type)
    if row is None:
        return True
    to = destination.vault
    crosses = to.account.account_id != source.account.account_id, to.region != source.region
    kept = crosses[0] and barred_from(resource_type, (source.region, to.region)) is not None
    able = (row.cross_account or not crosses[0]) and (row.cross_region or not crosses[1]) and not kept
    return able and (row.one_step or not all(crosses)) and (row.air_gapped or not air_gapped)


def possible_types(selection: Selection, matches: Matches | None) -> frozenset[str] | None:
    """Return all types of which a selection may mean something; None where that may be any.

    What ARNs name is known without looking. What only tags choose is known where all of it was counted.
    """
    if selection.resources and not selection.any_of_tags and "*" not in selection.resources:
        return types_meant(selection.resources)
    if matches is None or not matches.whole or not is_all_tagged(selection) or not matches.types:
        return None
    return frozenset(name for types, _ in matches.types for name in types)
