"""All rooms together, as a pass has them judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from crossvault.aspects import ROOMS
from crossvault.aspects.copies.declared import NEIGHBOURS, SHARING, Neighbour, Sharing
from crossvault.aspects.copies.judged import JUDGED, Judged
from crossvault.aspects.copies.planned import Standing
from crossvault.aspects.vault_policy import CLAIMS, WRITTEN
from crossvault.engine import plan, rounds
from crossvault.engine.declared import Desired
from crossvault.engine.observed import Observed
from crossvault.engine.parts import Parts
from crossvault.engine.plan import Case, Plan
from crossvault.engine.rows import Prerequisite


def case(
    desired: Desired,
    observed: Observed,
    *,
    claims: Iterable[tuple[str, str]] = (),
    neighbours: Iterable[Neighbour] = (),
    written: Mapping[str, str] | None = None,
    sharing: Sharing | None = None,
) -> Case:
    """Return what is judged."""
    around = (
        Parts()
        .having(CLAIMS, frozenset(claims))
        .having(NEIGHBOURS, tuple(neighbours))
        .having(WRITTEN, written or {})
        .having(SHARING, sharing or Sharing())
    )
    return Case(desired, observed, around)


def diff(
    desired: Desired,
    observed: Observed,
    *,
    claims: Iterable[tuple[str, str]] = (),
    neighbours: Iterable[Neighbour] = (),
    written: Mapping[str, str] | None = None,
    sharing: Sharing | None = None,
) -> Plan:
    """Return the plan of a policy."""
    judged = case(desired, observed, claims=claims, neighbours=neighbours, written=written, sharing=sharing)
    return plan.diff(ROOMS, judged)


def rows(desired: Desired, observed: Observed) -> tuple[Prerequisite, ...]:
    """Return the prerequisites of a policy."""
    return plan.prerequisites(ROOMS, case(desired, observed))


def foresee(desired: Desired, observed: Observed) -> Plan:
    """Return what the next pass would do."""
    return rounds.foresee(rounds.Errand(desired, ROOMS, observed.at), observed)


def standings_of(plan: Plan) -> Mapping[str, tuple[Standing, ...]]:
    """Return every recovery point by name of the destination, also those about which nothing is to be done."""
    return {name: every_standing(each) for name, each in plan[JUDGED].items()}


def every_standing(judged: Judged) -> tuple[Standing, ...]:
    """Return every recovery point of a destination, by ARN."""
    settled = judged.settled.after(datetime.min.replace(tzinfo=UTC))
    return tuple(sorted((*judged.standings, *settled), key=lambda each: each.point.arn))
