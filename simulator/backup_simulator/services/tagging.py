"""The Resource Groups Tagging API: tags of resources, vaults, plans and recovery points of one Region."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..records import resource_types, resources
from ..wire import AwsError, CommonError, Params
from .backup import paging
from .operation import Operation, Scope, request_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INVALID = "InvalidParameterException"
MAX_TAGS, DEFAULT_PAGE = 50, 100
# What the resource's own service calls adding and removing tags, where it is not TagResource and UntagResource.
ACTIONS = {
    "ec2": ("CreateTags", "DeleteTags"),
    "rds": ("AddTagsToResource", "RemoveTagsFromResource"),
    "s3": ("PutBucketTagging", "PutBucketTagging"),
    "redshift": ("CreateTags", "DeleteTags"),
    "storagegateway": ("AddTagsToResource", "RemoveTagsFromResource"),
}
# Filters name a resource `service:type` as in its ARN.
_SLASHES = str.maketrans("/", ":")


def _tagged(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
    """Everything that has tags or could have, by ARN."""
    for resource in resources.listed(scope.state, scope.account.account_id, scope.region_name):
        yield resource.arn, resource.tags
    for plan in scope.region.plans.values():
        if plan.deleted is None:
            yield plan.arn, plan.tags
    for vault in scope.region.vaults.values():
        yield vault.arn, vault.tags
        for point in vault.points.values():
            if resource_types.of_point(point.resource_type, point.arn).fully_managed:
                yield point.arn, point.tags


def get_resources(scope: Scope, params: Params) -> Params:
    """List what has tags, by ARN; filters on tags all hold, of types and values any suffices."""
    scope.authorise("tag:GetResources", "*")
    for name in ("IncludeComplianceDetails", "ExcludeCompliantResources", "TagsPerPage"):
        if params.get(name):
            raise CommonError("NotImplemented", f"The simulator does not implement {name} of tagging:GetResources")
    if not all(each.get("Key") for each in params.get("TagFilters", ())):
        raise AwsError(INVALID, "A tag filter has a Key")
    found = sorted((arn, tags) for arn, tags in _tagged(scope) if tags and _wanted(params, arn, tags))
    asked: Params = {name: value for name, value in params.items() if name in {"TagFilters", "ResourceTypeFilters"}}
    asked["MaxResults"] = _page_size(params)
    if params.get("PaginationToken"):
        asked["NextToken"] = params["PaginationToken"]
    shown, token = paging.page(scope, "GetResources", asked, found, position=lambda each: each[0])
    return {
        "PaginationToken": token or "",
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in shown
        ],
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
        and (not types or any(_is_of(arn, wanted) for wanted in types))
        and all(
            each["Key"] in tags and (not each.get("Values") or tags[each["Key"]] in each["Values"])
            for each in params.get("TagFilters", ())
        )
    )


def _is_of(arn: str, wanted: str) -> bool:
    service, _, kind = wanted.partition(":")
    parts = arn.split(":", 5)
    if parts[2] != service:
        return False
    return not kind or parts[5].translate(_SLASHES).startswith(f"{kind}:")


def tag_resources(scope: Scope, params: Params) -> Params:
    """Add or replace tags of up to twenty resources."""
    added = params["Tags"]
    scope.authorise("tag:TagResources", "*", keys=request_tags(added))
    if any(key.lower().startswith("aws:") for key in added):
        raise AwsError(INVALID, "Tag keys cannot start with aws:")

    def change(tags: dict[str, str]) -> None:
        if len(tags | added) > MAX_TAGS:
            raise AwsError(INVALID, f"A resource has {MAX_TAGS} tags at most")
        tags.update(added)

    return _each(scope, params, 0, change)


def untag_resources(scope: Scope, params: Params) -> Params:
    """Remove tags of up to twenty resources; absent ones do not matter."""
    scope.authorise("tag:UntagResources", "*", keys={"aws:tagkeys": tuple(params["TagKeys"])})

    def change(tags: dict[str, str]) -> None:
        for key in params["TagKeys"]:
            tags.pop(key, None)

    return _each(scope, params, 1, change)


def _each(scope: Scope, params: Params, which: int, change: Callable[[dict[str, str]], None]) -> Params:
    """Change the tags of each resource that the caller may change by the resource's own service."""
    known = dict(_tagged(scope))
    failed: Params = {}
    for arn in params["ResourceARNList"]:
        try:
            tags = _found(known, arn)
            service = arn.split(":")[2]
            action = ACTIONS.get(service, ("TagResource", "UntagResource"))[which]
            scope.authorise(f"{service}:{action}", arn)
            change(tags)
        except AwsError as error:
            status = 403 if isinstance(error, CommonError) else 400
            failed[arn] = {"StatusCode": status, "ErrorCode": INVALID, "ErrorMessage": error.message}
    return {"FailedResourcesMap": failed}


def _found(known: dict[str, dict[str, str]], arn: str) -> dict[str, str]:
    if arn not in known:
        raise AwsError(INVALID, f"Cannot find resource {arn}")
    return known[arn]


def get_keys(scope: Scope, params: Params) -> Params:
    """List all keys in use."""
    scope.authorise("tag:GetTagKeys", "*")
    keys = sorted(set(itertools.chain.from_iterable(tags for _, tags in _tagged(scope))))
    return _texts(scope, "GetTagKeys", "TagKeys", params, keys)


def get_values(scope: Scope, params: Params) -> Params:
    """List all values of a key."""
    scope.authorise("tag:GetTagValues", "*")
    values = sorted({tags[params["Key"]] for _, tags in _tagged(scope) if params["Key"] in tags})
    return _texts(scope, "GetTagValues", "TagValues", params, values)


def _texts(scope: Scope, operation: str, member: str, params: Params, texts: list[str]) -> Params:
    asked = {"NextToken": params["PaginationToken"]} if params.get("PaginationToken") else {}
    shown, token = paging.page(scope, operation, asked, texts, position=lambda text: text)
    return {member: shown, "PaginationToken": token or ""}


OPERATIONS = {
    "GetResources": Operation(get_resources, target=None),
    "TagResources": Operation(tag_resources, target=None),
    "UntagResources": Operation(untag_resources, target=None),
    "GetTagKeys": Operation(get_keys, target=None),
    "GetTagValues": Operation(get_values, target=None),
}

FIDELITY = (
    Behaviour(
        "Tagging API: resources, vaults, plans and recovery points of the Region; besides tag:TagResources the caller "
        "needs the right of the resource's own service",
        "DG",
        "test_tagging.py::test_the_caller_needs_the_right_of_the_service_too",
    ),
    Behaviour(
        "A resource that cannot be tagged is in FailedResourcesMap; AWS gives the service's own error code there",
        "DG; the code: assumed",
        "test_tagging.py::test_what_cannot_be_tagged_is_told_apart",
    ),
    Behaviour(
        "Only what has tags at the moment is listed; AWS also lists what once had some",
        "missing",
    ),
)
