"""SNS: topics as the simulator knows them between calls, taken over from moto whenever a call may have changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors, policy
from . import delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...records.state import State
    from ...records.topics import Message, Subscription, Topic


def adopt(
    state: State, account: str, region: str, topics: Iterable[Topic], subscriptions: Iterable[Subscription]
) -> None:
    """Take over all topics and subscriptions that an account has in a Region."""
    held = state.accounts[account].region(region)
    known, held.topics = held.topics, {each.arn: each for each in topics}
    held.subscriptions = {each.arn: each for each in subscriptions}
    for each in held.topics.values():
        before = known.get(each.arn)
        # A policy stays bound to the identities that it named when it was put.
        each.policy = before.policy if before and before.document == each.document else _policy(state, each.document)


def _policy(state: State, document: str) -> policy.Policy:
    found = policy.parse(document)
    try:
        return anchors.anchored(state, found)
    except anchors.UnknownPrincipalError:  # permissions for accounts that are not there
        return policy.compiled(found)


def post(state: State, arn: str, message: Message, now: float) -> None:
    """Deliver what a caller published, who had the right to."""
    found = delivery.topic(state, arn)
    if found:
        delivery.publish(state, found, message, now)


FIDELITY = (
    Behaviour(
        "Publish and PublishBatch to a topic deliver like notifications of AWS Backup; moto only answers the call",
        "DG",
        "test_sns.py::test_what_a_user_publishes_arrives",
    ),
    Behaviour(
        "After a restore topics deliver as they did at the snapshot, until a call to SNS that changes something takes "
        "over what moto has",
        "ours",
        "test_notices.py::test_snapshots_and_resets_reach_topics",
    ),
    Behaviour(
        "Subscriptions need no confirmation, whatever their protocol and whoever's the topic is",
        "missing",
    ),
    Behaviour(
        "Topics in world files; what S3 would tell a topic",
        "missing",
    ),
)
