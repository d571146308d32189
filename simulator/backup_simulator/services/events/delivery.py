"""How an event gets from a bus through its rules to a queue or to another bus.

What fails for lack of permission or because the target is gone is not tried again, as AWS does: it goes to the target's
dead-letter queue, or is dropped without one. The feed's log says so to whoever looks at `/_sim/events`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import gate
from ...policies import policy
from ...records import principals
from ...records.events import Bus, Delivery, Event, Rule, Target
from ...records.queue import Message
from ..sqs import encryption
from ..sqs import sending as sqs_sending
from ..sqs import settings as sqs
from . import pattern

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys
    from ...policies.principal import Principal
    from ...records.queue import Queue
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
    service, region, account, resource = arns.of(arn)
    if service != "events" or not resource.startswith("event-bus/"):
        return None
    return bus(state, account, region, resource.removeprefix("event-bus/"))


@dataclass(frozen=True, slots=True)
class Errand:
    """An event that a rule sends to one of its targets."""

    rule: Rule
    target: Target
    event: Event
    now: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event did not reach a target: the code that a dead-letter queue is told, and the reason in words."""

    code: str
    reason: str


def publish(state: State, place: Bus, event: Event, now: float, *, forwarded: bool = False) -> None:
    """Let every rule of a bus see an event; one that came from another bus goes to no third one."""
    for rule in tuple(place.rules.values()):
        if rule.enabled and pattern.matches(rule.pattern, event):
            _send_all(state, rule, event, now, forwarded=forwarded)


def _send_all(state: State, rule: Rule, event: Event, now: float, *, forwarded: bool) -> None:
    """Send an event to all targets of a rule, and write down what became of it."""
    account = arns.of(rule.arn).account
    for target in tuple(rule.targets.values()):
        errand = Errand(rule, target, event, now)
        failure = _send(state, errand, forwarded=forwarded)
        outcome = failure.reason if failure else "OK"
        if failure and target.dead_letters:
            outcome += _buried(state, errand, failure)
        kind = str(event.get("detail-type"))
        state.feed.log.append(Delivery(now, str(event.get("id")), kind, account, rule.arn, target.arn, outcome))


def _send(state: State, errand: Errand, *, forwarded: bool) -> Failure | None:
    if arns.of(errand.target.arn).service == "sqs":
        return _enqueue(state, errand)
    if forwarded:
        return Failure("THIRD_ACCOUNT_HOP_DETECTED", "an event from another bus goes to no third bus")
    return _forward(state, errand)


def _enqueue(state: State, errand: Errand) -> Failure | None:
    queue = sqs.by_arn(state, errand.target.arn)
    flaw = _closed(state, errand.rule, queue)
    if queue is None or flaw:
        return flaw
    if queue.fifo and not queue.fifo.content_based:
        return Failure("INVALID_PARAMETER", "the FIFO queue has no content-based deduplication")
    constant = errand.target.constant
    body = _speakable(json.dumps(errand.event, separators=(",", ":")) if constant is None else constant)
    if len(body.encode()) > queue.settings.MaximumMessageSize:
        return Failure("INVALID_PARAMETER", "the message is larger than the queue takes")
    sqs_sending.deliver(state, queue, body, sender=SERVICE, now=errand.now, group=errand.target.group)
    return None


def _speakable(text: str) -> str:
    """A text that UTF-8 can hold: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _closed(state: State, rule: Rule, queue: Queue | None) -> Failure | None:
    """Why a queue does not take what a rule sends, None when it does."""
    if queue is None:
        return Failure("NO_RESOURCE", "the queue does not exist")
    keys: GatheredKeys = {
        "aws:sourcearn": (rule.arn,),
        "aws:sourceaccount": (arns.of(rule.arn).account,),
    }
    asked = gate.question(state, service_principal(), "sqs:SendMessage", queue.arn, keys)
    refused = gate.refusal(state, asked, queue.policy, owner=queue.account)
    if refused:
        whose = "organization" if "resource control policy" in refused else "queue"
        return Failure("NO_PERMISSIONS", f"the {whose}'s policy does not let {SERVICE} send for this rule")
    reason = encryption.closed_to(state, queue, service_principal(), keys, state.now())
    return Failure("NO_PERMISSIONS", reason) if reason else None


def _buried(state: State, errand: Errand, failure: Failure) -> str:
    """Put the event, as it was, into the target's dead-letter queue; returns what to add to the outcome."""
    queue = sqs.by_arn(state, errand.target.dead_letters or "")
    closed = _closed(state, errand.rule, queue)
    if closed or queue is None:
        return f"; nor did the dead-letter queue take it: {closed.reason}" if closed else ""
    told = {
        "RULE_ARN": errand.rule.arn,
        "TARGET_ARN": errand.target.arn,
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.reason,
    }
    attributes = {name: {"DataType": "String", "StringValue": _speakable(text)} for name, text in told.items()}
    content = Message("", json.dumps(errand.event, separators=(",", ":")), SERVICE, errand.now, attributes=attributes)
    sqs_sending.deliver(state, queue, content.body, sender=SERVICE, now=errand.now, content=content)
    return "; it is in the dead-letter queue"


def _forward(state: State, errand: Errand) -> Failure | None:
    place = by_arn(state, errand.target.arn)
    if place is None:
        return Failure("NO_RESOURCE", "the bus does not exist")
    reason = _refusal(state, errand, place)
    if reason:
        return Failure("NO_PERMISSIONS", reason)
    publish(state, place, errand.event, errand.now, forwarded=True)
    return None


def _refusal(state: State, errand: Errand, place: Bus) -> str | None:
    """Why a bus does not take a rule's events: with a role both sides must allow, without one the bus alone."""
    rule, target = errand.rule, errand.target
    sender = arns.of(rule.arn).account
    keys = {
        "events:source": (str(errand.event.get("source")),),
        "events:detail-type": (str(errand.event.get("detail-type")),),
        "aws:sourcearn": (rule.arn,),
        "aws:sourceaccount": (sender,),
    }
    if target.role_arn is None:
        asked = gate.question(state, principals.of_account(sender), "events:PutEvents", place.arn, keys)
        allowed = policy.judge_resource(place.policy, asked) in {policy.Verdict.ALLOW, policy.Verdict.DELEGATE}
        return None if allowed else "the bus's policy does not name the account, and the target has no role"
    role = state.role(target.role_arn)
    trust = gate.question(state, service_principal(), "sts:AssumeRole", target.role_arn, keys)
    if role is None or gate.refusal(state, trust, role.trust, owner=role.account):
        return f"{SERVICE} cannot assume {target.role_arn}"
    asked = gate.question(state, principals.of_role(role, "events"), "events:PutEvents", place.arn, keys)
    return gate.refusal(state, asked, place.policy, owner=place.account)


def service_principal() -> Principal:
    """EventBridge itself."""
    return principals.of_service(SERVICE)


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
        "DeadLetterConfig: what could not be sent lies in that queue as it was, with RULE_ARN, TARGET_ARN, ERROR_CODE "
        "and ERROR_MESSAGE",
        "DG; which code when: partly assumed; the messages: ours",
        "test_event_targets.py::test_what_cannot_be_sent_lies_in_the_dead_letter_queue",
    ),
    Behaviour(
        "RetryPolicy is kept and shown; AWS tries nothing again of what fails here: permissions, missing targets",
        "DG",
        "test_event_targets.py::test_a_target_reads_back",
    ),
    Behaviour(
        "Other targets than queues and buses, archives, replays, pipes, schedulers, keys and logs of buses: 501",
        "missing",
        "test_events.py::test_what_is_not_simulated_says_so",
    ),
)
