"""SNS: what a call to SNS needs and means before moto answers it."""

from __future__ import annotations

import json
import urllib.parse
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import anchors, gate, policy
from ...wire import AwsError
from ..events import pattern
from . import delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...wire import Request
    from ..operation import Scope

_ARNS = ("TopicArn", "TargetArn", "ResourceArn")
_FIELD = "Attributes.entry."


def fields_of(request: Request) -> dict[str, str]:
    """The parameters of a request, flat as the query protocol has them."""
    asked = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
    return asked | dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


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
    if operation == "CreateTopic":
        arn = f"arn:aws:sns:{scope.region_name}:{scope.account.account_id}:{fields.get('Name', '')}"
    _authorise(scope, fields, operation, arn)
    if "Policy" in given and operation in {"CreateTopic", "SetTopicAttributes"}:
        _check_policy(scope, given["Policy"])
    if given.get("FilterPolicy"):
        _check_filter(given["FilterPolicy"])
    if operation == "Subscribe" and fields.get("Endpoint", "").endswith(".fifo") and not (arn or "").endswith(".fifo"):
        text = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        raise _invalid(f"Invalid parameter: {text}")


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


def _check_policy(scope: Scope, text: str) -> None:
    try:
        anchors.anchored(scope.state, policy.parse(text))
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


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {text}")


FIDELITY = (
    Behaviour(
        "Calls to SNS are judged on the topic, with its policy, also across accounts; `sns:Protocol`, "
        "`sns:Endpoint`; the policy that a topic has at first lets nobody in whom its own rights do not",
        "DG; the last: issue",
        "test_sns.py::test_a_topic_has_a_policy",
    ),
    Behaviour(
        "Policies that name nobody, filter policies that are none, FIFO queues for standard topics: InvalidParameter",
        "DG, issue; texts partly assumed",
        "test_sns.py::test_what_cannot_be_is_refused",
    ),
)
