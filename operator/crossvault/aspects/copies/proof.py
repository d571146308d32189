"""What the pairing of a destination rests on, by kind of recovery point, in figures for plan, status and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...engine.declared import Destination
from ...words.reasons import Reason
from ..lifecycle import LIFECYCLE
from .grounds import Evidence, Ground, Kind, Verdict
from .pairing import came_from_elsewhere
from .planned import Standing
from .states import expiry

STATUS_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Proof:
    """One kind: the evidence, and what stands on it.

    Attributes:
        starts: Recovery points and bytes that may start, by the ground on which they may.
        held: Recovery points of which it cannot be told whether they have a copy.
        kept_until: When the last of what may start expires at the destination; None where nothing starts, or for ever.
        endless: Some of what may start is kept for ever.
    """

    evidence: Evidence
    starts: Mapping[Ground, tuple[int, int]] = field(default_factory=dict)
    held: int = 0
    kept_until: datetime | None = None
    endless: bool = False


def proofs(
    evidence: Iterable[Evidence], standings: Iterable[Standing], destination: Destination, source_vault_arn: str
) -> tuple[Proof, ...]:
    """Return every kind that the source vault has, those on which nothing stands last."""
    of_kind: dict[Kind, list[Standing]] = {}
    for each in standings:
        if each.ground is not None or each.reason is Reason.COPY_UNCERTAIN:
            kind = Kind(each.point.resource_type, came_from_elsewhere(each.point, source_vault_arn))
            of_kind.setdefault(kind, []).append(each)
    found = [_proof(each, of_kind.get(each.kind, ()), destination) for each in evidence]
    return tuple(sorted(found, key=lambda each: (not (each.held or each.starts), each.evidence.kind)))


def _proof(evidence: Evidence, standings: Iterable[Standing], destination: Destination) -> Proof:
    starts: dict[Ground, tuple[int, int]] = {}
    held, endless, ends = 0, False, []
    for each in standings:
        if each.ground is None:
            held += 1
            continue
        count, size = starts.get(each.ground, (0, 0))
        starts[each.ground] = count + 1, size + each.point.size
        end = expiry(each.point, destination[LIFECYCLE])
        endless = endless or end is None
        ends += [end] if end is not None else []
    return Proof(evidence, starts, held, None if endless else max(ends, default=None), endless)


def plan_row(each: Proof) -> dict[str, Any]:
    """Return everything that is known of a kind, for ``crossvault plan``; differences are seconds, sizes bytes."""
    known = each.evidence
    return {
        "resourceType": known.kind.resource_type,
        "brought": known.kind.brought,
        "verdict": str(known.verdict),
        "jobs": known.jobs,
        "linked": known.linked,
        "mismatched": known.mismatched,
        "exact": known.exact,
        "largestDifferenceSeconds": known.largest_difference.total_seconds() if known.largest_difference else 0.0,
        "byDate": known.by_date,
        "blind": {"agree": known.blind_agree, "differ": known.blind_differ, "none": known.blind_none},
        "unexplained": known.unexplained,
        "twins": known.twins,
        "starts": {str(ground): {"count": count, "bytes": size} for ground, (count, size) in each.starts.items()},
        "held": each.held,
    }


def status_rows(found: Iterable[Proof]) -> list[dict[str, Any]]:
    """Return what a status says: the kinds that are in doubt. Of the others a plan and metrics tell, day by day."""
    return [
        {
            "resourceType": each.evidence.kind.resource_type,
            "brought": each.evidence.kind.brought,
            "verdict": str(each.evidence.verdict),
            "jobs": each.evidence.jobs,
            "linked": each.evidence.linked,
            "mismatched": each.evidence.mismatched,
            "unexplained": each.evidence.unexplained,
            "held": each.held,
        }
        for each in found
        if each.held or each.evidence.verdict is Verdict.CONTRADICTED
    ][:STATUS_LIMIT]
