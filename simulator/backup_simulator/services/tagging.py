"""The Resource Groups Tagging API: tags of what one Region holds; `taggable` says what can have some."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

from ..engine import failures
from ..fidelity import Behaviour
from ..wire import AwsError, CommonError, Params, unimplemented
from . import tag_forms, tag_rules, taggable
from .backup import paging
from .operation import Operation, Scope, request_tags
from .taggable import INVALID

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policies.condition_keys import GatheredKeys

DEFAULT_PAGE = 100
PAGING = ("ResourcesPerPage", "TagsPerPage", "PaginationToken")
Item = TypeVar("Item")


def get_resources(scope: Scope, params: Params) -> Params:
    """List what has tags, by ARN; filters on tags all hold, of types and values any suffices."""
    scope.authorise("tag:GetResources", "*")
    for name in ("IncludeComplianceDetails", "ExcludeCompliantResources", "TagsPerPage"):
        if params.get(name):
            raise unimplemented(f"{name} of tagging:GetResources")
    if not all(each.get("Key") for each in params.get("TagFilters", ())):
        raise AwsError(INVALID, "A tag filter has a Key")
    if params.get("ResourceARNList") and (paged := [name for name in PAGING if params.get(name)]):
        raise AwsError(INVALID, f"ResourceARNList cannot be combined with {paged[0]}")
    found = sorted((arn, tags) for arn, tags in taggable.everything(scope) if tags and _wanted(params, arn, tags))
    asked: Params = {name: value for name, value in params.items() if name in {"TagFilters", "ResourceTypeFilters"}}
    asked["MaxResults"] = _page_size(params)
    if params.get("PaginationToken"):
        asked["NextToken"] = params["PaginationToken"]
    shown, token = _page(scope, "GetResources", asked, found, position=lambda each: each[0])
    return {
        "PaginationToken": token or "",
        "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tag_forms.as_pairs(tags)} for arn, tags in shown],
    }


def _page_size(params: Params) -> int:
    size = int(params.get("ResourcesPerPage", DEFAULT_PAGE))
    if not 1 <= size <= DEFAULT_PAGE:
        raise AwsError(INVALID, f"ResourcesPerPage is between 1 and {DEFAULT_PAGE}")
    return size


def _wanted(params: Params, arn: str, tags: dict[str, str]) -> bool:
    arns, types = params.get("ResourceARNList"), params.get("ResourceTypeFilters")
    return (
        (not arns or arn in arns)
        and (not types or any(taggable.is_of(arn, wanted) for wanted in types))
        and all(
            each["Key"] in tags and (not each.get("Values") or tags[each["Key"]] in each["Values"])
            for each in params.get("TagFilters", ())
        )
    )


def tag_resources(scope: Scope, params: Params) -> Params:
    """Add or replace tags of up to twenty resources."""
    added = params["Tags"]
    scope.authorise("tag:TagResources", "*", keys=request_tags(added))
    tag_rules.require_keys("tag", added)

    def change(tags: dict[str, str]) -> None:
        tag_rules.put("tag", tags, added)

    return _each(scope, params, change, adding=True, keys=request_tags(added))


def untag_resources(scope: Scope, params: Params) -> Params:
    """Remove tags of up to twenty resources; absent ones do not matter."""
    keys = {"aws:tagkeys": tuple(params["TagKeys"])}
    scope.authorise("tag:UntagResources", "*", keys=keys)

    def change(tags: dict[str, str]) -> None:
        tag_rules.take(tags, params["TagKeys"])

    return _each(scope, params, change, adding=False, keys=keys)


def _each(
    scope: Scope, params: Params, change: Callable[[dict[str, str]], None], *, adding: bool, keys: GatheredKeys
) -> Params:
    """Change the tags of each resource that the caller may change by the resource's own service."""
    for arn in params["ResourceARNList"]:
        taggable.require_arn(arn)
    known = dict(taggable.everything(scope))
    failed: Params = {}
    for arn in params["ResourceARNList"]:
        try:
            tags = taggable.tags_of(scope, arn, known)
            taggable.judge(scope, arn, adding=adding, keys=keys)
            taggable.require_changeable(scope, arn)
            change(tags)
        except AwsError as error:
            if isinstance(error, CommonError) and error.code == "NotImplemented":
                raise
            code, status = failures.settle(error, "rest-json")
            failed[arn] = {"StatusCode": status, "ErrorCode": code, "ErrorMessage": error.message}
    return {"FailedResourcesMap": failed}


def get_keys(scope: Scope, params: Params) -> Params:
    """List all keys in use."""
    scope.authorise("tag:GetTagKeys", "*")
    keys = sorted(set(itertools.chain.from_iterable(tags for _, tags in taggable.everything(scope))))
    return _texts(scope, "GetTagKeys", "TagKeys", params, keys)


def get_values(scope: Scope, params: Params) -> Params:
    """List all values of a key."""
    scope.authorise("tag:GetTagValues", "*")
    values = sorted({tags[params["Key"]] for _, tags in taggable.everything(scope) if params["Key"] in tags})
    return _texts(scope, "GetTagValues", "TagValues", params, values)


def _texts(scope: Scope, operation: str, member: str, params: Params, texts: list[str]) -> Params:
    asked: Params = {"Key": params["Key"]} if "Key" in params else {}
    if params.get("PaginationToken"):
        asked["NextToken"] = params["PaginationToken"]
    shown, token = _page(scope, operation, asked, texts, position=lambda text: text)
    return {member: shown, "PaginationToken": token or ""}


def _page(
    scope: Scope, operation: str, asked: Params, items: list[Item], *, position: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    try:
        return paging.page(scope, operation, asked, items, position=position)
    except AwsError:
        raise AwsError(INVALID, "The PaginationToken is not valid") from None


OPERATIONS = {
    "GetResources": Operation(get_resources, target=None),
    "TagResources": Operation(tag_resources, target=None),
    "UntagResources": Operation(untag_resources, target=None),
    "GetTagKeys": Operation(get_keys, target=None),
    "GetTagValues": Operation(get_values, target=None),
}

FIDELITY = (
    Behaviour(
        "Tagging API: resources, vaults, plans, recovery points, queues, rules, buses and keys of the Region; besides "
        "tag:TagResources the caller needs the right of the resource's own service, of a key by its policy",
        "DG",
        "test_tagging.py::test_the_caller_needs_the_right_of_the_service_too",
    ),
    Behaviour(
        "A resource that cannot be tagged is in FailedResourcesMap, with the code of its own service",
        "issue; which one for resources to back up: assumed",
        "test_tagging.py::test_what_cannot_be_tagged_is_told_apart",
    ),
    Behaviour(
        "What is no ARN, and those of IAM, fail the whole call",
        "issue",
        "test_tagging.py::test_what_the_tagging_api_does_not_know_fails_the_call",
    ),
    Behaviour(
        "ResourceARNList cannot be combined with pages; unknown ARNs in it are passed over",
        "botocore",
        "test_tagging.py::test_a_list_of_arns_has_no_pages",
    ),
    Behaviour(
        "Only what has tags at the moment is listed; AWS also lists what once had some. TagsPerPage, compliance: 501",
        "missing",
        "test_tagging.py::test_what_is_not_simulated_says_so",
    ),
)
