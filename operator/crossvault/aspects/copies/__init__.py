"""Copies of recovery points: what lies where, what pairs, what is missing, what is started.

| recovery point in scope | what is done |
|---|---|
| no copy, no job, prerequisites met, budget left, certain that there is none | StartCopy |
| a job is running, or the copy is there | nothing |
| either vault, or the jobs, not seen | nothing: unknown is never "missing" |
| AWS refused it, or its last job failed, and its time has not come | nothing now |

Copies that are there and live otherwise than declared: see :mod:`.existing`.
"""

from __future__ import annotations

from dataclasses import replace

from ...engine import rows as rows_
from ...engine.plan import Case, Finding, Plan, Room, Side
from ...engine.rows import Prerequisite
from ...words.reasons import Reason
from .. import lifecycle, schedule, source_keys
from ..copy_role import COPY_ROLE, permissions
from ..copy_role.controlled import around
from ..copy_role.permissions import COPYING
from ..vault import held_to, vault_of
from ..vault import key as vault_key
from ..vault_policy import leaving
from . import (
    canary,
    declared,
    doubts,
    evidence,
    existing,
    folding,
    foresight,
    hopeless,
    rights,
    starts,
    states,
    strange_keys,
    unshared,
)
from .contents import ARRIVALS, contents
from .declared import NEIGHBOURS
from .existing import LIFECYCLES, Lifecycles
from .judged import JUDGED, Judged
from .planned import State
from .seen import TRAFFIC

FAILING = "CopiesHealthy"
"""What a person has to end although AWS has all that it needs, as the condition about it is called."""


def judge(side: Side) -> Finding:  # noqa: ARG001 - copies are judged when all prerequisites are
    """Find nothing yet."""
    return Finding()


_OF_FORMS = frozenset({Reason.COPY_ROLE_LACKS, Reason.VAULT_POLICY_DENIES, Reason.AWS_MANAGED_VAULT_KEY})
"""Why recovery points of some forms, or types, wait while others go."""


def conclude(case: Case, plan: Plan) -> Plan:
    """Judge every recovery point towards every destination, and choose the copies to start now."""
    found = {
        destination.name: judged_at(Side(case, destination, sight, plan.prerequisites))
        for destination, sight in case.sides()
    }
    of_each = {name: judged for name, (judged, _) in found.items()}
    lives = {name: lifecycles for name, (_, lifecycles) in found.items()}
    rows = _with_keys(case, _with_locks(case, _with_forms(case, plan.prerequisites, of_each), of_each), of_each)
    begun, standings = starts.choose_starts(case, rows, {name: each.standings for name, each in of_each.items()})
    of_each = {name: replace(each, standings=standings[name]) for name, each in of_each.items()}
    updates = [
        one for name, each in lives.items() if rows_.unproven(rows, name) is None for one in each.due
    ]  # after the starts: no copy may go earlier before others have begun
    return replace(
        plan,
        actions=(*plan.actions, *begun, *updates),
        drift=(*plan.drift, *unshared.hazards(case), *strange_keys.hazards(case)),
        prerequisites=rows,
        postponed=(*plan.postponed, *(one for each in lives.values() for one in each.postponed)),
        parts=plan.parts.having(JUDGED, of_each).having(LIFECYCLES, lives),
    )


def judged_at(side: Side) -> tuple[Judged, Lifecycles]:
    """Judge every recovery point towards one destination, on what ground copies may start, and how copies live."""
    desired, destination, observed = side.desired, side.destination, side.case.observed
    there = contents(side.source, side.sight)
    if there is None:
        return Judged(), Lifecycles()
    ends, seen = (desired.source.arn, destination.vault.arn), side.sight[ARRIVALS].listed_at or observed.at
    cleared = rows_.cleared(side.rows, destination.name)
    known = _known(side)
    view = states.Viewpoint(desired, destination, observed.at, seen, cleared, known)
    folded = folding.fold(there, view)
    paired = folded.paired
    weighed = evidence.weigh(folded.traces, there.jobs, desired.source.arn, now=observed.at, copies_seen=seen)
    locked = known.vault is not None and known.vault.bounds is not None
    stood = hopeless.held(states.stand(paired.pairs, view, folded.begun), there.jobs, view, desired[COPY_ROLE])
    stood = canary.held(stood, there.jobs, view)
    settled = doubts.settle(paired.pairs, stood, weighed, view, locked=locked)
    neighbours = side.case.around[NEIGHBOURS]
    rivals = tuple(one for one in neighbours if one.vaults == ends and one.key != desired.key)
    beside = tuple(one for one in rivals if one.acts)
    standings = doubts.yielded(settled, view, beside, doubts.conflicts_of(view, beside))
    lives = existing.judge(paired.pairs, standings, existing.Look(view, rivals, observed.refused_writes))
    standings = existing.mended(standings, lives, acts=desired.acts)
    return Judged(standings, tuple(weighed.of_kind.values()), folded.settled), lives


def _known(side: Side) -> foresight.Circumstances:
    """Return what was seen that bears on single recovery points."""
    traffic, arn = side.source[TRAFFIC], side.destination.vault.arn
    asked = side.desired, side.destination, side.source, side.sight
    return foresight.Circumstances(
        vault_of(side.sight),
        traffic.keys,
        {point: each for (point, vault), each in traffic.refused.items() if vault == arn},
        source_keys.held(*asked),
        {**source_keys.closed_types(*asked), **vault_key.unfit(side.desired, side.destination, side.sight)},
        schedule.own_plan(side.desired, side.source, arn),
        {**permissions.kept(side.sight[COPYING]), **leaving.kept(*asked)},
    )


def _with_locks(case: Case, rows: tuple[Prerequisite, ...], of_each: dict[str, Judged]) -> tuple[Prerequisite, ...]:
    """Return the rows with those about locks judged from the recovery points, where copies inherit their retention."""
    told: dict[str, Prerequisite] = {}
    for destination, sight in case.sides():
        there = vault_of(sight)
        vault = held_to(destination, there) if there is not None else None
        inherits = lifecycle.declared_days(destination) is None and contents(case.observed.source, sight) is not None
        if vault is not None and vault.bounds is not None and inherits:
            judged = of_each[destination.name]
            meant = [one for one in judged.standings if one.state not in {State.OUT_OF_SCOPE, State.INELIGIBLE}]
            held = [one.point for one in meant if one.reason is Reason.RETENTION_OUT_OF_BOUNDS]
            told[destination.name] = lifecycle.inherited(destination, vault, held, len(meant) + judged.settled.copied)
    return tuple(told.get(row.destination, row) if row.name == lifecycle.NAME else row for row in rows)


def _with_forms(case: Case, rows: tuple[Prerequisite, ...], of_each: dict[str, Judged]) -> tuple[Prerequisite, ...]:
    """Return the rows with those about what may leave the source judged by what is there to be copied."""
    told: dict[tuple[str, str], Prerequisite] = {}
    for destination, sight in case.sides():
        held: dict[Reason, list[str]] = {}
        for each in of_each[destination.name].standings:
            if each.state is State.WAITING and each.reason in _OF_FORMS:
                held.setdefault(each.reason, []).append(each.point.arn)
        asked, name = (case.desired, destination), destination.name
        if arns := held.get(Reason.COPY_ROLE_LACKS):
            known = around(case.observed.source, sight)
            told[permissions.MAY_COPY, name] = permissions.holding(*asked, sight[COPYING], arns, known)
        if Reason.AWS_MANAGED_VAULT_KEY not in held and contents(case.observed.source, sight) is not None:
            told |= {
                (row.name, name): vault_key.fitting(destination, sight, row)
                for row in rows
                if (row.name, row.destination) == (vault_key.NAME, name)
            }
        if arns := held.get(Reason.VAULT_POLICY_DENIES):
            told[leaving.ROW, name] = leaving.holding(*asked, case.observed.source, sight, arns)
    return tuple(told.get((row.name, row.destination), row) if not row.blocks else row for row in rows)


def _with_keys(case: Case, rows: tuple[Prerequisite, ...], of_each: dict[str, Judged]) -> tuple[Prerequisite, ...]:
    """Return the rows with those about keys judged by what is still to be copied."""
    source, told = case.observed.source, dict[str, Prerequisite | None]()
    for destination, sight in case.sides():
        if contents(source, sight) is not None:
            open_ = (one.point for one in of_each[destination.name].standings if one.state not in _NOT_COPIED_ANY_MORE)
            uncopied = {(point.encryption_key_arn or "", point.resource_type) for point in open_}
            told[destination.name] = source_keys.row_of(Side(case, destination, sight, rows), uncopied)
    return tuple((told.get(row.destination) or row) if row.name == source_keys.NAME else row for row in rows)


_NOT_COPIED_ANY_MORE = frozenset({State.COPIED, State.OUT_OF_SCOPE, State.INELIGIBLE})

ROOM = Room(
    "copies",
    judge=judge,
    conclude=conclude,
    policy=declared.policy,
    drifts=(unshared.ASPECT, strange_keys.ASPECT),
    rights=rights.RIGHTS,
    rows=(FAILING,),
)
