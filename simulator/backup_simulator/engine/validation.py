"""Strict input validation against the model: types, required members, min, max, pattern, enum.

botocore's own clients check only types, required members and minima; AWS checks everything.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ..fidelity import Behaviour
from ..wire import AwsError, Params, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

    from .catalogue import Service


class Kind(StrEnum):
    """What is wrong with a value."""

    MISSING = "missing"
    TYPE = "type"
    RANGE = "range"
    PATTERN = "pattern"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One broken constraint."""

    path: str
    kind: Kind
    constraint: str
    value: Value = None
    shape: str = ""

    def text(self, *, quoting: bool) -> str:
        """What AWS says of it: members begin in lower case; IAM does not quote the value."""
        where = ".".join(part[:1].lower() + part[1:] for part in self.path.split("."))
        quoted = f" '{str(self.value)[:200]}'" if quoting else ""
        shown = " null" if self.value is None else quoted
        return f"Value{shown} at '{where}' failed to satisfy constraint: Member must {self.constraint}"


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
    "blob": (bytes,),
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
}

# Values that the documentation names although pattern or enumeration of their own shape forbid them, by shape.
DOCUMENTED = {
    "ResourceType": frozenset({"Redshift Serverless", "SAP HANA on Amazon EC2", "Storage Gateway"}),
    "BackupVaultName": frozenset({"aws/efs/automatic-backup-vault"}),
    "AccountId": frozenset({"*", "ANY", "AGGREGATE_ALL"}),
    # ReceiveMessage's AttributeNames has the enumeration of queues' attributes, and means those of messages.
    "QueueAttributeName": frozenset(
        {
            "SenderId",
            "SentTimestamp",
            "ApproximateReceiveCount",
            "ApproximateFirstReceiveTimestamp",
            "SequenceNumber",
            "MessageDeduplicationId",
            "MessageGroupId",
            "AWSTraceHeader",
            "DeadLetterQueueSourceArn",
        }
    ),
}
VALIDATION_CODES = {
    "kms": "ValidationException",
    "events": "ValidationException",
    "sqs": "InvalidParameterValue",
    "tagging": "InvalidParameterException",
}


# Organizations says what is wrong, and not where (API reference, InvalidInputException and its reasons).
REASONS = {
    Kind.MISSING: ("INPUT_REQUIRED", "You must include a value for all required parameters."),
    Kind.PATTERN: ("INVALID_PATTERN", "You provided a value that does not match the required pattern."),
    Kind.ENUM: ("INVALID_ENUM", "You specified an invalid value."),
}
BOUNDS = {
    "have length greater": ("MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed."),
    "have length less": ("MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed."),
    "have value greater": (
        "MIN_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a smaller value than allowed.",
    ),
    "have value less": ("MAX_VALUE_EXCEEDED", "You provided a numeric parameter that has a larger value than allowed."),
}


def check(service: Service, operation: OperationModel, params: Params) -> None:
    """Raise the error AWS answers for parameters that break the model."""
    shape = operation.input_shape
    if shape is None:
        return
    flaws = list(_structure(shape, params, ""))
    if flaws:
        raise _error(service, flaws)


def _error(service: Service, flaws: list[Flaw]) -> AwsError:
    message = _message(flaws, quoting=service.name != "iam")
    if service.name == "sqs" and flaws[0].kind is Kind.MISSING:
        return _of_queue(flaws[0].path)
    if service.name == "organizations":
        # An id that is no id may be too long besides.
        return _of_organizations(next((flaw for flaw in flaws if flaw.kind is Kind.PATTERN), flaws[0]))
    if service.name != "backup":
        return AwsError(VALIDATION_CODES.get(service.name, "ValidationError"), message)
    if any(flaw.kind is Kind.MISSING for flaw in flaws):
        return AwsError("MissingParameterValueException", message)
    if flaws[0].shape == "BackupVaultName" and flaws[0].kind is Kind.PATTERN:
        message = f"Backup vault name {flaws[0].value} is not valid"
    return AwsError("InvalidParameterValueException", message)


def _of_organizations(flaw: Flaw) -> AwsError:
    """Organizations names a reason for one thing that is wrong."""
    bound = next((found for begins, found in BOUNDS.items() if flaw.constraint.startswith(begins)), None)
    reason, message = bound or REASONS.get(flaw.kind) or REASONS[Kind.PATTERN]
    return AwsError("InvalidInputException", message, Reason=reason)


def _of_queue(missing: str) -> AwsError:
    """SQS says by its own codes what is missing; in the query protocol an empty list is none."""
    if missing == "Entries":
        return AwsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    return AwsError("MissingParameter", f"The request must contain the parameter {missing.rpartition('.')[2]}.")


def _message(flaws: list[Flaw], *, quoting: bool) -> str:
    many = "error" if len(flaws) == 1 else "errors"
    return f"{len(flaws)} validation {many} detected: " + "; ".join(flaw.text(quoting=quoting) for flaw in flaws)


def _structure(shape: StructureShape, value: Params, path: str) -> Iterator[Flaw]:
    for name in shape.required_members:
        if name not in value:
            yield Flaw(f"{path}.{name}" if path else name, Kind.MISSING, "not be null", None)
    for name, found in value.items():
        yield from _value(shape.members[name], found, f"{path}.{name}" if path else name)


def _value(shape: Shape, value: Value, path: str) -> Iterator[Flaw]:
    if not _has_type(shape.type_name, value):
        yield Flaw(path, Kind.TYPE, f"be of type {shape.type_name}", value)
        return
    match shape.type_name:
        case "structure":
            yield from _structure(cast("StructureShape", shape), value, path)
        case "list":
            yield from _bounds(shape, len(value), value, path, "length")
            for index, item in enumerate(value):
                yield from _value(cast("ListShape", shape).member, item, f"{path}.{index + 1}.member")
        case "map":
            yield from _bounds(shape, len(value), value, path, "length")
            for key, item in value.items():
                yield from _string(cast("MapShape", shape).key, key, f"{path}.key")
                yield from _value(cast("MapShape", shape).value, item, f"{path}.{key}.member")
        case "string":
            yield from _string(shape, value, path)
        case "blob":
            shown = f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
            yield from _bounds(shape, len(value), shown, path, "length")
        case "integer" | "long":
            yield from _bounds(shape, value, value, path, "value")
        case _:
            return


def _has_type(name: str, value: Value) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _bounds(shape: Shape, size: int, value: Value, path: str, what: str) -> Iterator[Flaw]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield Flaw(path, Kind.RANGE, f"have {what} greater than or equal to {low}", value)
    if high is not None and size > high:
        yield Flaw(path, Kind.RANGE, f"have {what} less than or equal to {high}", value)


def _string(shape: Shape, value: str, path: str) -> Iterator[Flaw]:
    yield from _bounds(shape, len(value), value, path, "length")
    enum = shape.metadata.get("enum")
    if enum and value not in enum and value not in DOCUMENTED.get(shape.name, ()):
        yield Flaw(path, Kind.ENUM, f"satisfy enum value set: [{', '.join(enum)}]", value, shape.name)
    pattern = shape.metadata.get("pattern")
    if pattern and value not in DOCUMENTED.get(shape.name, ()) and not _compiled(pattern).fullmatch(value):
        yield Flaw(path, Kind.PATTERN, f"satisfy regular expression pattern: {pattern}", value, shape.name)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate the model's Java pattern: supplementary planes and the Unicode classes that the models use."""
    python = pattern.replace(r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF").replace(r"\x{10000}-\x{10FFFF}", "")
    # What lies beyond 16 bits, as Java writes it in pairs.
    python = python.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    python = re.sub(r"\\p\{(?:L|Lu|Ll|N|M)\}", r"\\w", python)
    python = re.sub(r"\\p\{(?:Z|Zs)\}", r"\\s", python)
    try:
        return re.compile(python)
    except re.error:
        return re.compile(r"[\s\S]*")


FIDELITY = (
    Behaviour(
        "Types, required members, min, max, pattern, enum are checked on the server",
        "botocore; that AWS does so: DG",
        "test_engine.py::test_input_beyond_the_model_is_refused",
    ),
    Behaviour(
        "`MissingParameterValueException` for absent members, `InvalidParameterValueException` for the rest",
        "botocore (names); which one when: assumed",
        "test_engine.py::test_input_beyond_the_model_is_refused",
    ),
    Behaviour(
        "`Backup vault name … is not valid`",
        "issue (aws-cdk 8685)",
        "test_engine.py::test_a_bad_vault_name_is_refused_in_awss_words",
    ),
    Behaviour(
        "SQS: `MissingParameter` for absent members, `EmptyBatchRequest` for a batch without entries",
        "issue; that it is so in JSON too: assumed",
        "test_sqs_query.py::test_errors_have_their_old_codes_and_statuses",
    ),
    Behaviour(
        "Organizations: `InvalidInputException` with a reason, `You provided a value that does not match the required "
        "pattern.`",
        "issue (the pattern's text), DG (the reasons); the other texts, and a wrong type: assumed",
        "test_organizations.py::test_malformed_input_is_refused_with_a_reason",
    ),
    Behaviour(
        "Texts of other validation errors (`1 validation error detected: …`); IAM's do not quote the value",
        "recordings (KMS, IAM); of AWS Backup: assumed",
        "test_engine.py::test_other_services_name_the_constraint",
    ),
    Behaviour(
        "The pattern of `ByResourceType` is not enforced: documented values contain spaces",
        "DG against botocore",
        "test_copy_jobs.py::test_jobs_are_listed_by_every_filter",
    ),
)
