"""What SQS calls things in the query protocol, which it speaks beside JSON; today's model has forgotten these names.

Source: the last model of botocore that spoke it (boto3 1.26), and the code of each error from the same model. SQS's
lists and maps are flattened there: their items are numbered at the member's own place, under a name of their own.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
PLACE = "QueueUrl"
"""The member that a request to a queue's own path need not name."""

_BATCHES = ("ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessageBatch")
# List -> the name of an item. MessageSystemAttributeList is younger than that model: assumed to be named like the rest.
ITEMS: Mapping[str, str] = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "BinaryList": "BinaryListValue",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
    **{f"{batch}RequestEntryList": f"{batch}RequestEntry" for batch in _BATCHES},
    **{f"{batch}ResultEntryList": f"{batch}ResultEntry" for batch in _BATCHES},
}
# Map -> the names of key and value.
ENTRIES: Mapping[str, tuple[str, str]] = {
    "MessageBodyAttributeMap": ("Name", "Value"),
    "MessageBodySystemAttributeMap": ("Name", "Value"),
    "MessageSystemAttributeMap": ("Name", "Value"),
    "QueueAttributeMap": ("Name", "Value"),
    "TagMap": ("Key", "Value"),
}
# Member -> its name in the query protocol, in whichever structure it stands.
MEMBERS: Mapping[str, str] = {
    "Attributes": "Attribute",
    "BinaryListValues": "BinaryListValue",
    "MessageAttributes": "MessageAttribute",
    "MessageSystemAttributes": "MessageSystemAttribute",
    "StringListValues": "StringListValue",
    "Tags": "Tag",
    "tags": "Tag",
}

_KEPT_PREFIX = (
    "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId", "MessageNotInflight",
    "PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest", "UnsupportedOperation",
)  # fmt: skip
CODES: Mapping[str, str] = {
    **{name: f"AWS.SimpleQueueService.{name}" for name in _KEPT_PREFIX},
    **{f"Kms{name}": f"KMS.{name}Exception" for name in ("AccessDenied", "Disabled", "InvalidState", "NotFound")},
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
}
"""Exceptions of SQS by the codes they had; the others kept their names."""
STATUSES: Mapping[str, int] = {"OverLimit": 403, "PurgeQueueInProgress": 403, "ResourceNotFoundException": 404}
"""HTTP statuses of exceptions in the query protocol, where they are not 400."""


def described(model: Mapping[str, Any]) -> dict[str, Any]:
    """The description of SQS's model with the names of the query protocol."""
    found = copy.deepcopy(dict(model))
    found["metadata"] |= {"protocol": "query", "protocols": ["query"], "xmlNamespace": NAMESPACE}
    for name, shape in found["shapes"].items():
        match shape["type"]:
            case "list":
                shape["member"]["locationName"] = ITEMS[name]
            case "map":
                shape["key"]["locationName"], shape["value"]["locationName"] = ENTRIES[name]
            case "structure":
                for member, content in shape["members"].items():
                    if member in MEMBERS:
                        content["locationName"] = MEMBERS[member]
    for name, operation in found["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return found


FIDELITY = (
    Behaviour(
        "SQS takes the query protocol beside JSON, in body or query string, also at the queue's own path; numbered "
        "lists, answers in XML",
        "botocore (of boto3 1.26, whose calls were tried by hand)",
        "test_sqs_query.py::test_an_old_client_does_with_a_queue_what_a_new_one_does",
    ),
    Behaviour(
        "Errors of SQS in the query protocol have their old codes and statuses",
        "botocore (of boto3 1.26)",
        "test_sqs_query.py::test_errors_have_their_old_codes_and_statuses",
    ),
    Behaviour(
        "`Attribute.Name`, `AttributeName` and their like without a number are the first of their list",
        "assumed (from the oldest clients)",
        "test_sqs_query.py::test_a_list_of_one_needs_no_number",
    ),
    Behaviour(
        "`MessageSystemAttributeName.1` in the query protocol",
        "assumed",
        "test_sqs_query.py::test_an_old_client_does_with_a_queue_what_a_new_one_does",
    ),
    Behaviour(
        "The Version of a query decides nothing: SQS answers all as 2012-11-05",
        "missing",
    ),
)
