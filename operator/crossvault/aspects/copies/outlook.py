"""What becomes of the recovery points without a copy: which start with the next pass, and what the others wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...engine.plan import Plan
from ...engine.rows import block
from ...words.reasons import Reason
from . import states
from .inventory import by_age
from .judged import judged
from .planned import Standing, StartCopy, State
from .seen import RecoveryPoint


@dataclass(frozen=True, slots=True)
class Outlook:
    """The recovery points of one destination that have no copy and no job.

    Attributes:
        start: Those that the next pass starts.
        follow: Those that could start and have to wait for the budget, or for another copy of their resource.
        wait: Those that failed and are tried again later, at ``next_attempt`` the first of them.
        held: Those that would start, were the prerequisites met.
        stuck: Those that are not started until somebody acts.
        follow_reasons: How many of ``follow`` wait for what.
    """

    start: tuple[RecoveryPoint, ...]
    follow: tuple[RecoveryPoint, ...]
    wait: tuple[RecoveryPoint, ...]
    held: tuple[RecoveryPoint, ...]
    stuck: tuple[RecoveryPoint, ...]
    next_attempt: datetime | None
    follow_reasons: Mapping[Reason, int] = field(default_factory=dict)

    @property
    def whole(self) -> tuple[RecoveryPoint, ...]:
        """All that is copied in the end, once the prerequisites are met."""
        return (*self.start, *self.follow, *self.wait, *self.held)

    @property
    def first(self) -> RecoveryPoint | None:
        """Which of them is copied first: the newest, where none starts now."""
        return next(iter(self.start), max(self.follow or self.held or self.wait, key=by_age, default=None))


def outlook(plan: Plan, destination: str, now: datetime) -> Outlook:
    """Sort the uncopied recovery points of a destination by what the plan does about them."""
    actions = [each for each in plan.actions if isinstance(each, StartCopy) and each.destination == destination]
    started = {each.point.arn for each in actions}
    blocked = block(plan.prerequisites, destination)
    kinds: dict[str, list[Standing]] = {}
    for each in judged(plan, destination).standings:
        if each.point.arn not in started:
            kinds.setdefault(_kind(each, now, blocked=blocked), []).append(each)
    attempts = (each.retry_at for each in kinds.get("wait", ()) if each.retry_at is not None)
    return Outlook(
        start=tuple(each.point for each in actions),
        follow=_points(kinds.get("follow", ())),
        wait=_points(kinds.get("wait", ())),
        held=_points(kinds.get("held", ())),
        stuck=_points(kinds.get("stuck", ())),
        next_attempt=min(attempts, default=None),
        follow_reasons=Counter(each.reason for each in kinds.get("follow", ()) if each.reason is not None),
    )


def _kind(standing: Standing, now: datetime, *, blocked: bool) -> str:
    if standing.state is State.FAILED and not states.may_start(standing, now):
        if standing.retry_at is not None:
            return "wait"
        return "stuck" if standing.needs_action else "settled"
    if standing.state not in {State.MISSING, State.WAITING, State.FAILED}:
        return "settled"
    if standing.state is not State.FAILED and standing.needs_action:
        return "stuck"
    return "held" if blocked or standing.reason is Reason.HELD else "follow"


def _points(standings: Iterable[Standing]) -> tuple[RecoveryPoint, ...]:
    return tuple(each.point for each in standings)
