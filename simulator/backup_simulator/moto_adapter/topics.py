"""Which topics and subscriptions moto keeps, and what is published there, which moto itself delivers to nobody here.

moto would look for queues of its own and call addresses on the web.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from ..records.topics import Message, Subscription, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

Posted = tuple[str, Message]
"""The ARN of a topic, and what somebody published there."""
PUBLISHING = frozenset({"sns", "s3"})
"""Services of moto that publish: SNS for its callers, S3 for its buckets."""
_CHECK = "_validate_filter_policy"


def found(account: str, region: str) -> tuple[list[Topic], list[Subscription]]:
    """What an account has in a Region; its subscriptions may be to topics of other accounts."""
    from moto.sns.models import sns_backends  # noqa: PLC0415 - may be absent, and takes a while

    backend = sns_backends[account][region]
    topics = [_topic(each, account, region) for each in backend.topics.values()]
    return topics, [_subscription(each, account) for each in backend.subscriptions.values()]


def _topic(each: Any, account: str, region: str) -> Topic:  # noqa: ANN401 - moto's
    return Topic(
        each.arn,
        account,
        region,
        each.policy,
        key=each.kms_master_key_id or None,
        fifo=bool(each.fifo_topic),
        content_based=bool(each.content_based_deduplication),
        signature_version=str(getattr(each, "signature_version", "1")),
    )


def _subscription(each: Any, account: str) -> Subscription:  # noqa: ANN401 - moto's
    asked = each.attributes
    return Subscription(
        each.arn,
        each.topic.arn,
        account,
        each.protocol,
        each.endpoint,
        raw=str(asked.get("RawMessageDelivery", "")).lower() == "true",
        wanted=json.loads(asked["FilterPolicy"]) if asked.get("FilterPolicy") else None,
        of_body=asked.get("FilterPolicyScope") == "MessageBody",
        dead_letters=json.loads(asked.get("RedrivePolicy") or "{}").get("deadLetterTargetArn"),
    )


@contextlib.contextmanager
def posting(service: str, posted: list[Posted]) -> Iterator[None]:
    """Let topics of moto only collect what is published, and know all filters, for as long as one request takes."""
    if service not in PUBLISHING:
        yield
        return
    from moto.moto_api._internal import mock_random  # noqa: PLC0415 - may be absent
    from moto.sns.models import SNSBackend  # noqa: PLC0415 - the same
    from moto.sns.models import Topic as Kept  # noqa: PLC0415 - the same

    def publish(topic: Any, message: str, **asked: Any) -> str:  # noqa: ANN401 - moto's
        name = str(mock_random.uuid4())
        content = Message(
            name,
            message,
            asked.get("subject"),
            asked.get("message_attributes") or {},
            group=asked.get("group_id"),
            deduplication=asked.get("deduplication_id"),
            structured=asked.get("message_structure") == "json",
        )
        posted.append((topic.arn, content))
        return name

    def check(backend: Any, wanted: Any, **asked: Any) -> None:  # noqa: ANN401 - moto's
        own_check(backend, _known(wanted), **asked)

    kept: Any = Kept
    checking: Any = SNSBackend
    own, kept.publish = kept.publish, publish
    own_check = getattr(checking, _CHECK)
    setattr(checking, _CHECK, check)
    try:
        yield
    finally:
        kept.publish = own
        setattr(checking, _CHECK, own_check)


def _known(wanted: Any) -> Any:  # noqa: ANN401 - JSON
    """A filter policy as large as another, without an operator of SNS that moto does not know; its sense is ours."""
    if isinstance(wanted, list):
        return [_known(each) for each in wanted]
    if isinstance(wanted, dict):
        return (
            wanted["cidr"]
            if set(wanted) == {"cidr"} and isinstance(wanted["cidr"], str)
            else {name: _known(each) for name, each in wanted.items()}
        )
    return wanted
