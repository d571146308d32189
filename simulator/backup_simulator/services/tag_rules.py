"""Which tags the services take: a row each, with what they answer to those that they do not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..wire import AwsError
from . import tag_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..wire import Params

MOST = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error; in its text `{keys}` are all keys it is about, `{key}` the first, `{of}` what would have the tags."""

    code: str
    text: str
    status: int = 400
    reason: str | None = None

    def error(self, keys: Sequence[str] = (), of: str = "") -> AwsError:
        """The error about these keys."""
        members = {"Reason": self.reason} if self.reason else {}
        text = self.text.format(keys=", ".join(keys), key=next(iter(keys), ""), of=of)
        return AwsError(self.code, text, status=self.status, **members)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a service answers to tags that it does not take; None where it does, or where its model refuses them."""

    twice: Refusal | None = None
    reserved: Refusal | None = None
    key_length: Refusal | None = None
    value_length: Refusal | None = None
    many: Refusal | None = None
    any_case: bool = False
    """Whether keys that differ in case only are the same."""


POLICIES = "iam: managed policies"
"""Whose keys alone in IAM may differ in case only."""

_TWICE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_RESERVED = "Tag keys cannot start with aws:"
_OF_SQS = Refusal("InvalidParameterValue", "Tag keys cannot start with aws: or be empty: {key}")
_OF_IAM = Refusal("LimitExceeded", "The number of tags has reached the maximum limit.", status=409)
RULES: Mapping[str, Rules] = {
    "backup": Rules(
        reserved=Refusal("InvalidParameterValueException", "Tag keys cannot start with aws: {keys}"),
        many=Refusal("LimitExceededException", "A resource has 50 tags at most."),
    ),
    "events": Rules(
        reserved=Refusal("ValidationException", _RESERVED),
        many=Refusal("ValidationException", "A resource has 50 tags at most."),
    ),
    "iam": Rules(
        twice=Refusal("InvalidInput", _TWICE),
        many=_OF_IAM,
        any_case=True,
    ),
    POLICIES: Rules(twice=Refusal("InvalidInput", "Duplicate tag keys found."), many=_OF_IAM),
    "kms": Rules(
        reserved=Refusal("TagException", _RESERVED),
        many=Refusal("LimitExceededException", "A key has 50 tags at most."),
    ),
    "organizations": Rules(
        twice=Refusal(
            "InvalidInputException",
            "Tag keys must be unique among the tags attached to the same entity.",
            reason="DUPLICATE_TAG_KEY",
        ),
        reserved=Refusal(
            "InvalidInputException",
            "You can't add, edit, or delete system tag keys because they're reserved for AWS use.",
            reason="INVALID_SYSTEM_TAGS_PARAMETER",
        ),
        many=Refusal(
            "ConstraintViolationException",
            "You have exceeded the number of tags allowed on this resource.",
            reason="MAX_TAG_LIMIT_EXCEEDED",
        ),
    ),
    "sqs": Rules(
        reserved=_OF_SQS,
        key_length=_OF_SQS,
        value_length=Refusal("InvalidParameterValue", "Tag values cannot be longer than 256 letters."),
        many=Refusal("InvalidParameterValue", "Too many tags added for queue {of}."),
    ),
    "sts": Rules(twice=Refusal("InvalidParameterValue", _TWICE), any_case=True),
    "tag": Rules(
        reserved=Refusal("InvalidParameterException", _RESERVED),
        many=Refusal("InvalidParameterException", "A resource has 50 tags at most"),
    ),
}


def read(service: str, pairs: Sequence[Params]) -> dict[str, str]:
    """The tags of a request: none of them twice, none of them AWS's own."""
    rules, found = RULES[service], tag_forms.as_map(pairs)
    different = {key.lower() for key in found} if rules.any_case else found
    if rules.twice and len(different) < len(pairs):
        raise rules.twice.error()
    require_keys(service, found)
    return found


def require_keys(service: str, keys: Iterable[str]) -> None:
    """Raise for keys that nobody may give to a tag."""
    rules, keys = RULES[service], tuple(keys)
    reserved = [key for key in keys if is_reserved(key)]
    if rules.reserved and reserved:
        raise rules.reserved.error(reserved)
    unfit = [key for key in keys if not 1 <= len(key) <= LONGEST_KEY]
    if rules.key_length and unfit:
        raise rules.key_length.error(unfit)


def require(service: str, held: Mapping[str, str], added: Mapping[str, str], *, of: str = "") -> None:
    """Raise unless the service takes these tags for what has some already."""
    require_keys(service, added)
    rules = RULES[service]
    if rules.value_length and any(len(value) > LONGEST_VALUE for value in added.values()):
        raise rules.value_length.error()
    if rules.many and len({**held, **added}) > MOST:
        raise rules.many.error(of=of)


def put(service: str, held: dict[str, str], added: Mapping[str, str], *, of: str = "") -> None:
    """Add tags, or change their values, unless the service does not take them."""
    require(service, held, added, of=of)
    held.update(added)


def take(held: dict[str, str], keys: Iterable[str]) -> None:
    """Take tags away; absent ones do not matter."""
    for key in keys:
        held.pop(key, None)


def is_reserved(key: str) -> bool:
    """Whether a key is in the namespace that AWS keeps for itself."""
    return key.lower().startswith("aws:")
