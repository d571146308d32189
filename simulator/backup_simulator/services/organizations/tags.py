"""Organizations: tags of accounts, units, policies and the root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import Params
from .. import tag_forms
from ..operation import Operation, Scope, request_tags
from . import rules

if TYPE_CHECKING:
    from ...records.organization import Organization

MOST = 50


def given(scope: Scope, params: Params) -> dict[str, str]:
    """The tags with which something is made; whoever gives some must be allowed to tag."""
    found = _read(params)
    if found:
        scope.authorise("organizations:TagResource", "*", keys=request_tags(found))
    _check_number(found)
    return found


def add(scope: Scope, params: Params) -> Params:
    """Add tags, or change their values."""
    held, found = _held(scope, params["ResourceId"]), _read(params)
    _check_number(held | found)
    held |= found
    return {}


def remove(scope: Scope, params: Params) -> Params:
    """Take tags away."""
    held = _held(scope, params["ResourceId"])
    for name in params["TagKeys"]:
        _check_name(name)
        held.pop(name, None)
    return {}


def list_tags(scope: Scope, params: Params) -> Params:
    """List the tags."""
    held = _held(scope, params["ResourceId"])
    return rules.page(tag_forms.as_pairs(held), params, "Tags")


def _held(scope: Scope, target: str) -> dict[str, str]:
    """The tags of something that exists and is not AWS's own."""
    organization: Organization = rules.readable(scope)
    policy = organization.policies.get(target)
    if policy is None and target not in organization.attached:
        message = "We can't find a root, OU, account, or policy with the TargetId that you specified."
        raise rules.not_found("Target", message)
    if policy and policy.aws_managed:
        raise rules.invalid("You cannot modify an AWS managed policy.", "IMMUTABLE_POLICY")
    return organization.tags.setdefault(target, {})


def _read(params: Params) -> dict[str, str]:
    pairs = params.get("Tags", [])
    found = tag_forms.as_map(pairs)
    if len(found) < len(pairs):
        message = "Tag keys must be unique among the tags attached to the same entity."
        raise rules.invalid(message, "DUPLICATE_TAG_KEY")
    for name in found:
        _check_name(name)
    return found


def _check_name(name: str) -> None:
    if name.lower().startswith("aws:"):
        message = "You can't add, edit, or delete system tag keys because they're reserved for AWS use."
        raise rules.invalid(message, "INVALID_SYSTEM_TAGS_PARAMETER")


def _check_number(found: dict[str, str]) -> None:
    if len(found) > MOST:
        message = "You have exceeded the number of tags allowed on this resource."
        raise rules.constraint(message, "MAX_TAG_LIMIT_EXCEEDED")


OPERATIONS = {
    "TagResource": Operation(add, rules.on("ResourceId")),
    "UntagResource": Operation(remove, rules.on("ResourceId")),
    "ListTagsForResource": Operation(list_tags, rules.on("ResourceId")),
}


FIDELITY = (
    Behaviour(
        "Tags of accounts, units, policies and the root, fifty at most, for the management account and delegated "
        "administrators; `aws:RequestTag`, `aws:TagKeys`, `aws:ResourceTag`",
        "botocore, DG; that FullAWSAccess has none: assumed",
        "test_organization_tags.py::test_everything_in_an_organization_has_tags",
    ),
    Behaviour(
        "What is made or invited with tags needs organizations:TagResource too, judged on `*`",
        "botocore; on `*`: assumed",
        "test_organization_tags.py::test_who_makes_something_with_tags_must_be_allowed_to_tag",
    ),
)
