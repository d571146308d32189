"""What the selections of a schedule mean today, and what of it AWS Backup never copies. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...engine.declared import Desired, Destination
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.observed import Observed
from ...engine.plan import Base
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.reasons import Reason
from ..resource_types.arns import types_meant
from ..resource_types.matrix import AS_OF, TYPES
from ..resource_types.seen import REGION_SETTINGS
from ..vault import vault_of, vault_to_be
from ..vault.seen import KEYS
from .declared import SCHEDULE, Schedule, Selection
from .matching import asked, goes, is_all_tagged, possible_types
from .seen import MATCHES, Matches

SELECTED_ROW = "SelectedResources"
MOST_TYPES = 20
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Selected:
    """What is known of one selection.

    Attributes:
        count: How many resources were found; None where nobody was asked.
        at_least: There may be more: of those that never had tags nobody tells.
        never: How many there are by type that no destination takes; 0 of one that is named and was not found.
    """

    name: str
    count: int | None
    at_least: bool
    never: tuple[tuple[str, int], ...]

    def row(self) -> dict[str, Any]:
        """Return it as a status, or a plan, has it."""
        counted = {"matches": self.count, "atLeast": self.at_least} if self.count is not None else {}
        never = [{"type": name, "count": count} for name, count in self.never]
        return {"name": self.name, **counted, **({"neverCopied": never} if never else {})}

    def words(self) -> str:
        """Return it in words."""
        return f"{self.name} {'at least ' if self.at_least else ''}{self.count}"


def selected(desired: Desired, observed: Observed) -> tuple[Selected, ...]:
    """Return what is known of each selection that is declared, in their order."""
    schedule = desired[SCHEDULE]
    if schedule is None:
        return ()
    barred = [_barred(desired, each, observed) for each in desired.destinations]
    nowhere = frozenset.intersection(*barred) if barred else frozenset[str]()
    if desired.scope.resource_types:
        nowhere &= frozenset(desired.scope.resource_types)
    return tuple(_selected(each, nowhere, _matches(each, observed)) for each in schedule.selections)


def _selected(selection: Selection, nowhere: frozenset[str], found: Matches | None) -> Selected:
    never = Counter[str]()
    for pattern in selection.resources:
        types = types_meant((pattern,))
        if types and types <= nowhere:
            never.update(dict.fromkeys(types, 0))
    for types_, count in found.types if found is not None else ():
        if nowhere.issuperset(types_):
            never["/".join(types_)] += count
    return Selected(
        selection.name,
        found.count if found is not None else None,
        found is not None and not (found.whole and is_all_tagged(selection)),
        tuple(sorted(never.items())[:MOST_TYPES]),
    )


def _matches(selection: Selection, observed: Observed) -> Matches | None:
    look = _look(selection, observed)
    return look.value if isinstance(look, Seen) else None


def _look(selection: Selection, observed: Observed) -> Look[Matches]:
    return observed.source[MATCHES].get(selection.name, UNASKED)


def _barred(desired: Desired, destination: Destination, observed: Observed) -> frozenset[str]:
    """Return the types that AWS Backup does not copy to a destination."""
    settings, sight = observed.source[REGION_SETTINGS], observed.of(destination.name)
    vault = vault_of(sight) or vault_to_be(destination, sight[KEYS].wanted)
    air_gapped = vault is not None and vault.air_gapped
    found = {name for name in TYPES if not goes(name, desired.source, destination, air_gapped=air_gapped)}
    if isinstance(settings, Seen) and settings.value.advanced_dynamodb is False:
        found.add("DynamoDB")
    return frozenset(found)


def judge(base: Base, schedule: Schedule) -> Prerequisite:
    """Judge what is selected.

    | selected | row |
    |---|---|
    | nothing that a destination could take, which is certain | Unmet |
    | something that no destination takes, unless recoveryPoints.resourceTypes asks for other types only | Unmet |
    | by one selection nothing at all, which is certain | Unmet |
    | not counted | Unknown |
    | anything else | Met, with the counts |

    Nothing is held because of it.
    """
    desired, observed = base.desired, base.case.observed
    problems = _closed(desired, observed, schedule), _never_copied(desired, observed), _nothing(observed, schedule)
    for problem in itertools.chain(*problems):
        return problem
    for each in schedule.selections:
        look = _look(each, observed)
        if isinstance(look, Unseen):
            return unknown(SELECTED_ROW, "", look.problem)
    found = selected(desired, observed)
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    counts = ", ".join(each.words() for each in found[:_SHOWN])
    untagged = " What never had a tag is not counted." if any(each.at_least for each in found) else ""
    return met(SELECTED_ROW, "", f"Resources that the selections mean today: {counts}{more}.{untagged}")


def _closed(desired: Desired, observed: Observed, schedule: Schedule) -> Iterator[Prerequisite]:
    """Tell of a destination that takes nothing of what is selected."""
    types = types_meant_by(observed, schedule)
    if not types:
        return
    for each in desired.destinations:
        if types <= _barred(desired, each, observed):
            message = (
                f"Nothing that is selected can be copied to {each.name}: AWS Backup copies no {_listed(types)} there"
                f" (as of {AS_OF})."
            )
            remedy = f"Select other types in spec.schedule.selections, or take destination {each.name} out."
            yield unmet(SELECTED_ROW, "", Reason.DESTINATION_TAKES_NOTHING, message, remedy, blocks=False)


def types_meant_by(observed: Observed, schedule: Schedule) -> frozenset[str] | None:
    """Return all types of which something may be selected; None where that may be any."""
    meant = [possible_types(each, _matches(each, observed)) for each in schedule.selections]
    known = [each for each in meant if each is not None]
    return frozenset().union(*known) if len(known) == len(meant) else None


def _never_copied(desired: Desired, observed: Observed) -> Iterator[Prerequisite]:
    found = [each for each in selected(desired, observed) if each.never]
    if not found:
        return
    what = "; ".join(f"{each.name}: {_counted(each.never)}" for each in found[:_SHOWN])
    message = f"The plan backs up what no destination takes (as of {AS_OF}). {what}."
    remedy = "Leave them out by notResources, or list in spec.recoveryPoints.resourceTypes the types to be copied."
    yield unmet(SELECTED_ROW, "", Reason.SELECTED_NEVER_COPIED, message, remedy, blocks=False)


def _nothing(observed: Observed, schedule: Schedule) -> Iterator[Prerequisite]:
    """Tell of selections that mean nothing, of those whose resources all have tags: a tag that nobody bears is a typo.

    Of what ARNs alone name nobody shows what never had a tag, so nothing is certain there.
    """
    found = [each for each in schedule.selections if _is_empty(each, _matches(each, observed))]
    if not found:
        return
    what = "; ".join(f"{each.name} asks for {asked(each)}" for each in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    message = f"Nothing is backed up by what means no resource today: {what}{more}."
    remedy = (
        f"Correct spec.schedule.selections of {found[0].name}, tag the resources, or take the selection out; what is"
        " tagged is counted within the hour."
    )
    yield unmet(SELECTED_ROW, "", Reason.NOTHING_SELECTED, message, remedy, blocks=False)


def _is_empty(selection: Selection, found: Matches | None) -> bool:
    return found is not None and found.whole and not found.count and is_all_tagged(selection)


def _counted(types: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {name}" if count else name for name, count in types)


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:_SHOWN]) + (" and others" if len(shown) > _SHOWN else "")


def rows(desired: Desired, observed: Observed, previous: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    """Return what a status says of each selection by its name; of one that was not counted now, what was last known."""
    before = {each.get("name"): each for each in previous.get("selections") or () if isinstance(each, Mapping)}
    found = {each.name: each for each in selected(desired, observed)}
    return {
        name: dict(before[name]) if each.count is None and name in before else each.row()
        for name, each in found.items()
    }
