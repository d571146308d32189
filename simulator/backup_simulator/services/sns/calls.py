"""SNS: what a call to SNS needs and means before moto answers it."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from ... import arns
from ...fidelity import Behaviour
from ...identity import anchors, gate, policy
from ...records import keys
from ...wire import AwsError
from ..events import pattern
from ..sqs import encryption
from . import delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...wire import Request
    from ..operation import Scope

PUBLISHING = frozenset({"Publish", "PublishBatch"})
PROTOCOLS = frozenset({"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"})
MAX_BATCH = 262_144
_ENTRY = "PublishBatchRequestEntries.member."
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_ARNS = ("TopicArn", "TargetArn", "ResourceArn")
_FIELD = "Attributes.entry."
_FEEDBACK = (
    r"(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
# What a topic has by name; moto would set anything.
_OF_TOPICS = re.compile(
    "DeliveryPolicy|DisplayName|FifoTopic|Policy|TracingConfig|KmsMasterKeyId|SignatureVersion|ArchivePolicy|"
    f"ContentBasedDeduplication|FifoThroughputScope|DataProtectionPolicy|{_FEEDBACK}"
)


def fields_of(request: Request) -> dict[str, str]:
    """The parameters of a request, flat as the query protocol has them; of those given twice moto takes the first."""
    return _first_of(request.query) | _first_of(request.body.decode("utf-8", "replace"))


def _first_of(form: str) -> dict[str, str]:
    return dict(reversed(urllib.parse.parse_qsl(form, keep_blank_values=True)))


def topic_arn(fields: dict[str, str]) -> str | None:
    """The ARN of the topic that a call is about; None where it is about none, or about a subscription."""
    named = next((fields[name] for name in _ARNS if name in fields), "")
    arn = arns.of(named)
    return None if arn.service != "sns" or "/" in arn.resource else named  # telephones have endpoints with slashes


def accounts(scope: Scope, request: Request) -> set[str]:
    """The accounts whose topics or subscriptions a call may have changed."""
    owner = arns.of(topic_arn(fields_of(request)) or "").account
    return {scope.account.account_id} | ({owner} & scope.state.accounts.keys())


def judge(scope: Scope, request: Request, operation: str) -> None:
    """Raise what SNS answers to a caller who may not, or who asks for what cannot be; else moto has the word."""
    fields = fields_of(request)
    given = dict(_attributes(fields))
    arn = topic_arn(fields)
    if arn is None and "TopicArn" in fields:
        raise _invalid("TopicArn")
    if operation == "CreateTopic":
        arn = f"arn:aws:sns:{scope.region_name}:{scope.account.account_id}:{fields.get('Name', '')}"
    _authorise(scope, fields, operation, arn)
    if operation in PUBLISHING:
        _require_key(scope, arn)
        _check_message(fields) if operation == "Publish" else _check_batch(fields)
        _check_texts(fields)
    if operation in {"CreateTopic", "SetTopicAttributes"}:
        _check_attributes(scope, given)
    if given.get("FilterPolicy"):
        _check_filter(given["FilterPolicy"])
    if given.get("RedrivePolicy"):
        _check_redrive(given["RedrivePolicy"])
    _check_settings(given)
    if operation == "Subscribe":
        _check_endpoint(fields.get("Protocol", ""), fields.get("Endpoint", ""), arn or "")


def _authorise(scope: Scope, fields: dict[str, str], operation: str, arn: str | None) -> None:
    action = "sns:Publish" if operation == "PublishBatch" else f"sns:{operation}"
    found = delivery.topic(scope.state, arn or "")
    known = scope.known
    if operation == "Subscribe":
        known |= {f"sns:{name.lower()}": (fields[name],) for name in ("Protocol", "Endpoint") if name in fields}
    asked = gate.question(scope.state, scope.principal, action, arn or "*", known)
    owner = arns.of(arn).account if arn else scope.account.account_id
    reason = gate.refusal(scope.state, asked, found.policy if found else None, owner=owner)
    if reason:
        text = gate.denial(scope.principal, action.replace("sns", "SNS", 1), asked.resource, reason)
        raise AwsError("AuthorizationError", text, status=403)


def _attributes(fields: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Name and value of the attributes that a call sets, one or several."""
    if "AttributeName" in fields:
        yield fields["AttributeName"], fields.get("AttributeValue", "")
    for name, value in fields.items():
        if name.startswith(_FIELD) and name.endswith(".key"):
            yield value, fields.get(f"{name.removesuffix('.key')}.value", "")


def _require_key(scope: Scope, arn: str | None) -> None:
    """Raise what SNS answers to whom the key of an encrypted topic does not let publish."""
    found = delivery.topic(scope.state, arn or "")
    if found is None or found.key is None:
        return
    known = scope.known | delivery.key_context(found)
    key = delivery.key_of(scope.state, found)
    trouble = keys.trouble(scope.state, key, scope.principal, encryption.SENDING, known)
    if trouble:
        raise AwsError(f"KMS{trouble[0]}", trouble[1])


def _check_message(fields: dict[str, str]) -> None:
    if not any(fields.get(name) for name in ("TopicArn", "TargetArn", "PhoneNumber")):
        raise _invalid("TopicArn or TargetArn Reason: no value for required parameter")
    if not fields.get("Message"):
        raise _invalid("Empty message")
    if "Subject" in fields and (not fields["Subject"] or _UNPRINTABLE.search(fields["Subject"])):
        raise _invalid("Subject")


def _check_batch(fields: dict[str, str]) -> None:
    """Raise what SNS answers to a batch that is none; how many entries there are, and whether twice, moto looks at."""
    ids = [value for name, value in fields.items() if name.startswith(_ENTRY) and name.endswith(".Id")]
    texts = [value for name, value in fields.items() if name.startswith(_ENTRY) and name.endswith(".Message")]
    if not ids:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if not all(map(_ENTRY_ID.fullmatch, ids)):
        text = "The Id of a batch entry in a batch request doesn't abide by the specification."
        raise AwsError("InvalidBatchEntryId", text)
    if sum(len(text.encode()) for text in texts) > MAX_BATCH:
        text = "The length of all the batch messages put together is more than the limit."
        raise AwsError("BatchRequestTooLong", text)


def _check_texts(fields: dict[str, str]) -> None:
    """A structured message is an object with a text per protocol, one for the others among them."""
    for name, value in fields.items():
        if name.endswith("MessageStructure") and value == "json":
            texts = _object(fields.get(name.removesuffix("Structure"), ""))
            if texts is None or not all(isinstance(text, str) for text in texts.values()):
                raise _invalid("Message Structure - JSON message body failed to parse")
            if "default" not in texts:
                raise _invalid("Message Structure - No default entry in JSON message body")


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check_attributes(scope: Scope, given: dict[str, str]) -> None:
    if strange := [name for name in given if not _OF_TOPICS.fullmatch(name)]:
        raise _invalid(f"AttributeName: {strange[0]}")
    if "Policy" not in given:
        return
    try:
        anchors.anchored(scope.state, policy.parse(given["Policy"]))
    except anchors.UnknownPrincipalError:
        raise _invalid("Policy Error: PrincipalNotFound") from None
    except policy.MalformedPolicyError as error:
        raise _invalid(f"Policy statement: {error}") from None


def _check_filter(text: str) -> None:
    try:
        if json.loads(text) != {}:
            pattern.parse(text)
    except (ValueError, RecursionError) as error:  # a pattern that is none is such an error, too
        raise _invalid(f"FilterPolicy: {error}") from None


def _check_redrive(text: str) -> None:
    found = _object(text)
    if found is None or arns.of(str(found.get("deadLetterTargetArn"))).service != "sqs":
        raise _invalid("RedrivePolicy: deadLetterTargetArn is not a queue")


def _check_settings(given: dict[str, str]) -> None:
    """Raise what SNS answers to attributes of subscriptions that have other values than they can have."""
    raw = given.get("RawMessageDelivery", "true")
    if raw.lower() not in {"true", "false"}:
        raise _invalid(f"Attributes Reason: RawMessageDelivery: Invalid value [{raw}]. Must be true or false.")
    scope = given.get("FilterPolicyScope", "MessageBody")
    if scope not in {"MessageAttributes", "MessageBody"}:
        text = f"Invalid value [{scope}]. Please use either MessageBody or MessageAttributes"
        raise _invalid(f"Attributes Reason: FilterPolicyScope: {text}")


def _check_endpoint(protocol: str, endpoint: str, arn: str) -> None:
    if protocol not in PROTOCOLS:
        raise _invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol in {"http", "https"} and not endpoint.startswith(f"{protocol}://"):
        raise _invalid("Endpoint must match the specified protocol")
    if protocol == "sqs":
        _check_queue(endpoint, arn)


def _check_queue(queue: str, arn: str) -> None:
    if arns.of(queue).service != "sqs":
        raise _invalid("SQS endpoint ARN")
    if queue.endswith(".fifo") and not arn.endswith(".fifo"):
        text = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        raise _invalid(f"Invalid parameter: {text}")


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {text}")


FIDELITY = (
    Behaviour(
        "Calls to SNS are judged on the topic, with its policy, also across accounts; `sns:Protocol`, "
        "`sns:Endpoint`; the policy that a topic has at first lets nobody in whom its own rights do not",
        "DG, botocore; the last: assumed",
        "test_sns.py::test_a_topic_has_a_policy",
    ),
    Behaviour(
        "Who publishes to an encrypted topic needs kms:GenerateDataKey and kms:Decrypt: else KMSAccessDenied, "
        "KMSDisabled, …",
        "DG, botocore",
        "test_sns.py::test_an_encrypted_topic_needs_the_callers_right",
    ),
    Behaviour(
        "Policies and filter policies that are none, strange attributes and protocols, FIFO queues for standard "
        "topics, empty messages, structured ones without a default: InvalidParameter; in a batch for the whole call "
        "(simplified)",
        "DG, botocore, issue; texts partly assumed",
        "test_sns.py::test_what_cannot_be_is_refused",
    ),
)
