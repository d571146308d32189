"""Organizations: tags of accounts, units, policies and the root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import Params
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import rules

if TYPE_CHECKING:
    from ...records.organization import Organization


def given(scope: Scope, params: Params) -> dict[str, str]:
    """The tags with which something is made; whoever gives some must be allowed to tag."""
    found = tag_rules.read("organizations", params.get("Tags", []))
    if found:
        scope.authorise("organizations:TagResource", "*", keys=request_tags(found))
    tag_rules.require("organizations", {}, found)
    return found


def add(scope: Scope, params: Params) -> Params:
    """Add tags, or change their values."""
    held = _held(scope, params["ResourceId"])
    tag_rules.put("organizations", held, tag_rules.read("organizations", params["Tags"]))
    return {}


def remove(scope: Scope, params: Params) -> Params:
    """Take tags away."""
    held = _held(scope, params["ResourceId"])
    tag_rules.require_keys("organizations", params["TagKeys"])
    tag_rules.take(held, params["TagKeys"])
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
