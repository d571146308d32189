"""Who else declares that it takes over the same backup plan: neither does then."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.declared import Desired, PolicyKey
from ...engine.parts import Part
from ...engine.plan import Base
from ...engine.rows import Prerequisite, unmet
from ...words.reasons import Reason
from .actions import PLAN_ROW
from .declared import SCHEDULE
from .seen import BackupPlan


@dataclass(frozen=True, slots=True)
class PlanClaim:
    """The plan that a policy adopts, as others see it that copy out of the same vault."""

    key: PolicyKey
    vault_arn: str
    plan_id: str


ADOPTED: Part[tuple[PlanClaim, ...]] = Part("adopted plans", ())
"""The plans that other policies of the same source vault adopt."""


def claims_of(desired: Desired) -> tuple[PlanClaim, ...]:
    """Return the plan that a policy adopts; one that does not act adopts none, so that it stands in nobody's way."""
    schedule = desired[SCHEDULE]
    if schedule is None or not schedule.adopt or desired.deleting or not desired.acts:
        return ()
    return (PlanClaim(desired.key, desired.source.arn, schedule.adopt),)


def disagreement(base: Base, plan: BackupPlan) -> Prerequisite | None:
    """Return the row about a plan that other policies adopt, too; None without any.

    Of a policy in another namespace nobody may learn more than that there is one.
    """
    claims = base.case.around[ADOPTED]
    others = [each.key for each in claims if (each.vault_arn, each.plan_id) == (base.desired.source.arn, plan.id)]
    if not others:
        return None
    mine = base.desired.key
    first = min(others, key=lambda each: (each.namespace != mine.namespace, str(each)))
    if first.namespace == mine.namespace:
        who = f"Policies {mine} and {first}"
    else:
        who = f"Policy {mine} and one of another namespace"
    message = f"{who} both adopt backup plan {plan.name} ({plan.id}); neither changes it."
    remedy = "Take spec.schedule out of one of them, or adopt another plan there."
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)
