"""EventBridge: rules that go by the clock, `rate(...)` and `cron(...)`, in virtual time and UTC."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from .. import cron
from . import delivery, feed

if TYPE_CHECKING:
    from ...records.events import Rule
    from ...records.state import State

UTC = zoneinfo.ZoneInfo("UTC")
UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"rate\(\s*([1-9]\d{0,8}) (minute|hour|day)(s?)\s*\)")


def following(expression: str, moment: float) -> float | None:
    """When a schedule comes next after a moment, None for never again; raises CronError for what is no schedule."""
    if expression.startswith("cron("):
        return cron.following(cron.parse(expression), moment, UTC)
    found = _RATE.fullmatch(expression)
    if not found or (int(found[1]) == 1) == bool(found[3]):
        raise cron.CronError("a rate is rate(1 minute), rate(5 minutes) and so on, in minutes, hours or days")
    return moment + int(found[1]) * UNITS[found[2]]


def begin(state: State, rule: Rule, now: float) -> None:
    """Let a rule follow its schedule from now on, if it has one and is enabled; what was planned before is off."""
    rule.round += 1
    if rule.schedule and rule.enabled:
        _plan(state, rule, now)


def _plan(state: State, rule: Rule, now: float) -> None:
    due = following(rule.schedule or "", now)
    if due is not None:
        state.scheduler.at(due, fire, state, rule, rule.round)


def fire(state: State, rule: Rule, planned: int, now: float) -> None:
    """Send the event of a schedule to the rule's own targets, unless the rule was changed or deleted meanwhile."""
    if rule.round != planned:
        return
    _plan(state, rule, now)
    _, region, account, _ = arns.of(rule.arn)
    origin = feed.Origin(account, region, [rule.arn], "aws.events")
    delivery.send_all(state, rule, feed.event(state, origin, "Scheduled Event", {}, now), now)


FIDELITY = (
    Behaviour(
        "Rules by schedule, `rate` and `cron` in UTC: a `Scheduled Event` for the rule's own targets",
        "DG, issue; that a rate begins with a whole period and no other rule sees the event: assumed",
        "test_event_schedules.py::test_a_rate_comes_again_and_again",
    ),
    Behaviour(
        "Schedules on other buses than the default one are refused, and what is no rate and no cron expression",
        "DG, issue",
        "test_event_schedules.py::test_what_is_no_schedule_is_refused",
    ),
)
