"""Tags of vaults, recovery points and plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...wire import AwsError, CommonError, Params
from .. import tag_rules
from ..operation import Operation, Scope, request_tags
from . import lookup, paging

if TYPE_CHECKING:
    from ...policies.policy import Policy


def list_tags(scope: Scope, params: Params) -> Params:
    """List the tags of a resource."""
    tags = sorted(_tags(scope, params["ResourceArn"]).items())
    found, token = paging.page(scope, "ListTags", params, tags, position=lambda tag: tag[0])
    return {"Tags": dict(found), "NextToken": token}


def tag(scope: Scope, params: Params) -> Params:
    """Add or replace tags."""
    arn, added = params["ResourceArn"], params["Tags"]
    scope.authorise("backup:TagResource", arn, policy=_policy(scope, arn), keys=request_tags(added))
    tag_rules.require_keys("backup", added)
    tag_rules.put("backup", _tags(scope, arn), added)
    return {}


def untag(scope: Scope, params: Params) -> Params:
    """Remove tags; absent ones do not matter."""
    tag_rules.take(_tags(scope, params["ResourceArn"]), params["TagKeyList"])
    return {}


def _tags(scope: Scope, arn: str) -> dict[str, str]:
    vault = scope.state.vault(arn)
    if vault:
        if vault.account != scope.account.account_id:
            raise CommonError("AccessDenied", lookup.INSUFFICIENT)
        return vault.tags
    for found in scope.region.vaults.values():
        if arn in found.points:
            return found.points[arn].tags
    for plan in scope.region.plans.values():
        if plan.arn == arn and plan.deleted is None:
            return plan.tags
    if not arn.startswith("arn:aws:backup:") or ":recovery-point:" in arn:
        raise AwsError("ResourceNotFoundException", "Cannot find recovery point.", Code="ERROR_2603")
    raise AwsError("ResourceNotFoundException", f"Cannot find resource {arn}")


def _policy(scope: Scope, arn: str) -> Policy | None:
    vault = scope.state.vault(arn)
    return vault.policy if vault and vault.account == scope.account.account_id else None


def _on_resource(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return params["ResourceArn"], _policy(scope, params["ResourceArn"])


OPERATIONS = {
    "ListTags": Operation(list_tags, _on_resource),
    "TagResource": Operation(tag, target=None),
    "UntagResource": Operation(untag, _on_resource),
}

FIDELITY = (
    Behaviour(
        "Tags of a recovery point that is not there: `Cannot find recovery point.`, ERROR_2603 in the body",
        "issue; that TagResource and UntagResource say the same: assumed",
        "test_vaults_more.py::test_tags_of_what_is_not_there_are_not_found",
    ),
)
