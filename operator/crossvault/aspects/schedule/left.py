"""A plan whose schedule is declared no more, or whose policy goes: its selections go, then the plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.declared import DeletionPolicy, Desired
from ...engine.looks import Look, Unseen
from ...engine.plan import Action, Base, Case, Drift, Finding
from ...engine.rows import by_the_operator, unknown, unmet, unproven
from ...words.reasons import Reason
from .actions import ASPECT, PLAN_ROW, SELECTIONS_ROW, DeletePlan, DeleteSelection
from .declared import KNOWN_PLAN, OWNER
from .seen import PLANS, Plans


def judge(base: Base, look: Look[Plans]) -> Finding:
    """Judge a plan whose schedule is declared no more: with RemoveOwned it goes, else it stays, and is ours no more."""
    desired = base.desired
    if desired.deletion_policy is not DeletionPolicy.REMOVE_OWNED or not desired[KNOWN_PLAN]:
        return Finding()
    if isinstance(look, Unseen):
        return Finding((unknown(PLAN_ROW, "", look.problem),))
    own = look.value.own(desired[OWNER], desired[KNOWN_PLAN])
    if own is None:
        return Finding()
    does = by_the_operator(desired, "removes it", unproven(base.rows, ""))
    still = [(PLAN_ROW, f"Backup plan {own.name} ({own.id}) still runs, and its schedule is declared no more.")]
    if own.selections:
        still.append((SELECTIONS_ROW, f"The plan still selects: {', '.join(each.name for each in own.selections)}."))
    rows = tuple(
        unmet(name, "", Reason.BACKUP_PLAN_DIFFERS, told, does, blocks=False, ours=True) for name, told in still
    )
    drift = Drift("", ASPECT, own.name, "absent", "present")
    return Finding(rows, (drift,), tuple(_removal(desired, look.value)))


def _removal(desired: Desired, plans: Plans) -> Iterator[Action]:
    """Take away the selections, then the plan: AWS refuses the other order."""
    own = plans.own(desired[OWNER], desired[KNOWN_PLAN])
    if own is None:
        return
    for each in own.selections:
        yield DeleteSelection(desired.source, own.id, each.name, each.id)
    if not own.selections:
        yield DeletePlan(desired.source, own.id, own.name)


def remove(case: Case) -> tuple[Action, ...]:
    """Take the plan away with its policy."""
    look = case.observed.source[PLANS]
    return () if isinstance(look, Unseen) else tuple(_removal(case.desired, look.value))
