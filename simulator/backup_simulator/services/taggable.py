"""What the Resource Groups Tagging API reaches: everything of a Region that has tags or could have, and who may tag it.

Besides the right of the tagging API a caller needs that of the resource's own service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import arns
from ..records import resource_types, resources
from ..wire import AwsError
from .events import tags as event_tags
from .kms import lookup as kms
from .sqs import queues, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..policies.condition_keys import GatheredKeys
    from .operation import Scope

INVALID = "InvalidParameterException"
# What the resource's own service calls adding and removing tags, where it is not TagResource and UntagResource.
ACTIONS: Mapping[str, tuple[str, str]] = {
    "ec2": ("CreateTags", "DeleteTags"),
    "rds": ("AddTagsToResource", "RemoveTagsFromResource"),
    "s3": ("PutBucketTagging", "PutBucketTagging"),
    "redshift": ("CreateTags", "DeleteTags"),
    "sqs": ("TagQueue", "UntagQueue"),
    "storagegateway": ("AddTagsToResource", "RemoveTagsFromResource"),
}
# What the resource's own service says about one that is not there: code and words.
MISSING: Mapping[str, tuple[str, str]] = {
    "backup": ("ResourceNotFoundException", "Resource {arn} does not exist"),
    "events": ("ResourceNotFoundException", "Resource {arn} does not exist."),
    "kms": ("NotFoundException", "Key '{arn}' does not exist"),
    "sqs": ("AWS.SimpleQueueService.NonExistentQueue", queues.MISSING),
}
# Services whose ARNs do not tell what is meant; filters may.
TYPELESS: Mapping[str, str] = {"s3": "bucket", "sqs": "queue"}
# Services that the tagging API does not know; IAM's tags are IAM's own affair.
UNKNOWN = frozenset({"iam", "sts", "organizations"})


def everything(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
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
    yield from _pipelines(scope)


def _pipelines(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
    for key in scope.region.keys.values():
        if key.manager != "AWS":
            yield key.arn, key.tags
    for queue in scope.region.queues.values():
        yield queue.arn, queue.tags
    for bus in scope.region.buses.values():
        yield bus.arn, bus.tags
        for rule in bus.rules.values():
            yield rule.arn, rule.tags


def is_of(arn: str, wanted: str) -> bool:
    """Whether a resource is of a type, given as `service` or `service:type`."""
    service, _, kind = wanted.partition(":")
    found = arns.of(arn)
    if found.service != service:
        return False
    if service in TYPELESS:
        return kind in {"", TYPELESS[service]}
    return not kind or found.resource.replace("/", ":").startswith(f"{kind}:")


def require_arn(arn: str) -> None:
    """Raise what the tagging API answers for what is no ARN that it knows; the whole call fails then."""
    found = arns.of(arn)
    if not found.service or not found.resource or found.service in UNKNOWN:
        raise AwsError(INVALID, f"{arn} is not a valid AmazonResourceName (ARN)")


def missing(arn: str) -> AwsError:
    """What the resource's own service says about one that is not there."""
    code, words = MISSING.get(arns.of(arn).service, (INVALID, "Cannot find resource {arn}"))
    return AwsError(code, words.format(arn=arn))


def judge(scope: Scope, arn: str, *, adding: bool, keys: GatheredKeys) -> None:
    """Raise AccessDenied unless the caller may change the tags of a resource by the resource's own service."""
    service = arns.of(arn).service
    action = ACTIONS.get(service, ("TagResource", "UntagResource"))[0 if adding else 1]
    if service == "kms":
        key = scope.state.key(arn)
        if key:
            kms.require(scope, key, f"kms:{action}", keys)
    elif service == "sqs":
        queues.authorise(scope, action, arn, settings.by_arn(scope.state, arn), keys)
    else:
        scope.authorise(f"{service}:{action}", arn, keys=keys)


def require_changeable(scope: Scope, arn: str) -> None:
    """Raise what the resource's own service says about one whose tags cannot be changed now."""
    key = scope.state.key(arn)
    if key:
        kms.require_not_pending(key)


def tags_of(scope: Scope, arn: str, known: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """The tags of a resource, to be changed; the default bus comes into being when it is named."""
    found = known.get(arn)
    here = arns.of(arn)[1:3] == (scope.region_name, scope.account.account_id)
    if found is None and here:
        found = event_tags.of_arn(scope.state, arn)
    if found is None:
        raise missing(arn)
    return found
