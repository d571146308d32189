"""How an event gets from a bus through its rules to a queue or to another bus.

What fails for lack of permission or because the target is gone is dropped, as AWS does without a dead-letter queue;
the feed's log says so to whoever looks at `/_sim/events`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour
from ...identity import gate, policy
from ...records.events import Bus, Delivery, Event, Rule, Target
from ...records.state import Principal
from ..sqs import sending as sqs_sending
from ..sqs import settings as sqs
from . import pattern

if TYPE_CHECKING:
    from ...records.state import State

SERVICE = "events.amazonaws.com"


def bus(state: State, account: str, region: str, name: str = "default") -> Bus | None:
    """A bus by name; the default one comes into being when it is named."""
    if account not in state.accounts:
        return None
    found = state.accounts[account].region(region).buses
    if name == "default" and name not in found:
        found[name] = Bus(name, account, region, state.now())
    return found.get(name)


def by_arn(state: State, arn: str) -> Bus | None:
    """A bus of any account by its ARN."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "events" or not parts[5].startswith("event-bus/"):
        return None
    return bus(state, parts[4], parts[3], parts[5].removeprefix("event-bus/"))


def publish(state: State, place: Bus, event: Event, now: float, *, forwarded: bool = False) -> None:
    """Let every rule of a bus see an event; one that came from another bus goes to no third one."""
    for rule in tuple(place.rules.values()):
        if rule.enabled and pattern.matches(rule.pattern, event):
            for target in tuple(rule.targets.values()):
                outcome = _send(state, rule, target, event, now, forwarded=forwarded)
                kind = str(event.get("detail-type"))
                state.feed.log.append(
                    Delivery(now, str(event.get("id")), kind, place.account, rule.arn, target.arn, outcome)
                )


def _send(state: State, rule: Rule, target: Target, event: Event, now: float, *, forwarded: bool) -> str:
    if target.arn.split(":")[2] == "sqs":
        return _enqueue(state, rule, target, event, now)
    if forwarded:
        return "an event from another bus goes to no third bus"
    return _forward(state, rule, target, event, now)


def _enqueue(state: State, rule: Rule, target: Target, event: Event, now: float) -> str:
    queue = sqs.by_arn(state, target.arn)
    if queue is None:
        return "the queue does not exist"
    keys = {"aws:sourcearn": (rule.arn,), "aws:sourceaccount": (rule.arn.split(":")[4],)}
    asked = gate.question(state, service_principal(), "sqs:SendMessage", queue.arn, keys)
    if policy.judge_resource(queue.policy, asked) is not policy.Verdict.ALLOW:
        return "the queue's policy does not let events.amazonaws.com send for this rule"
    sqs_sending.deliver(state, queue, _body(target, event), sender=SERVICE, now=now)
    return "OK"


def _forward(state: State, rule: Rule, target: Target, event: Event, now: float) -> str:
    place = by_arn(state, target.arn)
    if place is None:
        return "the bus does not exist"
    reason = _refusal(state, rule, target, place, event)
    if reason:
        return reason
    publish(state, place, event, now, forwarded=True)
    return "OK"


def _refusal(state: State, rule: Rule, target: Target, place: Bus, event: Event) -> str | None:
    """Why a bus does not take a rule's events: with a role both sides must allow, without one the bus alone."""
    sender = rule.arn.split(":")[4]
    keys = {
        "events:source": (str(event.get("source")),),
        "events:detail-type": (str(event.get("detail-type")),),
        "aws:sourcearn": (rule.arn,),
        "aws:sourceaccount": (sender,),
    }
    if target.role_arn is None:
        asked = gate.question(state, account_principal(sender), "events:PutEvents", place.arn, keys)
        allowed = policy.judge_resource(place.policy, asked) in {policy.Verdict.ALLOW, policy.Verdict.DELEGATE}
        return None if allowed else "the bus's policy does not name the account, and the target has no role"
    role = state.role(target.role_arn)
    trust = gate.question(state, service_principal(), "sts:AssumeRole", target.role_arn, keys)
    if role is None or policy.judge_resource(role.trust, trust) is not policy.Verdict.ALLOW:
        return f"{SERVICE} cannot assume {target.role_arn}"
    asked = gate.question(state, role_principal(state, target.role_arn), "events:PutEvents", place.arn, keys)
    return gate.refusal(state, asked, place.policy, owner=place.account)


def service_principal() -> Principal:
    """EventBridge itself."""
    return Principal("", SERVICE, SERVICE, SERVICE, SERVICE, "service", SERVICE)


def account_principal(account: str) -> Principal:
    """An account that speaks for itself."""
    arn = f"arn:aws:iam::{account}:root"
    return Principal(account, arn, arn, account, account, "account", "root")


def role_principal(state: State, arn: str) -> Principal:
    """A role as EventBridge uses it."""
    role = state.role(arn)
    if role is None:
        raise AssertionError("the caller has seen the role")
    session = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/events"
    return Principal(role.account, session, role.arn, role.unique_id, f"{role.unique_id}:events", "role", role.name)


def _body(target: Target, event: Event) -> str:
    if target.constant is not None:
        return target.constant
    found: Any = event
    for step in (target.path or "$").split(".")[1:]:
        found = found.get(step) if isinstance(found, dict) else None
    return json.dumps(found, separators=(",", ":"))


FIDELITY = (
    Behaviour(
        "A queue takes events if its policy lets events.amazonaws.com in, `aws:SourceArn` being the rule; else they "
        "are lost",
        "DG",
        "test_events.py::test_a_queue_takes_events_by_its_policy",
    ),
    Behaviour(
        "A bus of another account takes events by its policy, and by the target's role if there is one",
        "botocore (PutTargets); DG",
        "test_events.py::test_events_cross_accounts_by_permission",
    ),
    Behaviour(
        "An event that came from another bus is not sent on to a third one",
        "DG",
        "test_events.py::test_no_event_travels_twice",
    ),
    Behaviour(
        "Other targets than queues and buses, retries, dead-letter queues, input transformers, archives, "
        "schedules: 501",
        "missing",
        "test_events.py::test_what_is_not_simulated_says_so",
    ),
)
