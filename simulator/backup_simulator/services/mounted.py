"""What the simulator does around a call to a service that moto answers: judge it before, take over resources after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import arns
from ..fidelity import Behaviour
from ..identity import anchors, gate, policy
from ..moto_adapter import listing, s3
from ..records import keys, resources
from ..records.resources import Resource
from ..wire import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..moto_adapter.mount import Moto
    from ..records.state import State
    from ..wire import Request, Response
    from .operation import Scope

MANAGED_KEYS = {"EBS": "ebs", "FSx": "fsx", "Redshift": "redshift"}
"""The key that a type is encrypted with when nobody names one; databases have that of RDS."""
FORGETTING = frozenset({"DeleteBucketPolicy", "DeleteBucket"})


def judge(scope: Scope, moto: Moto, request: Request, *, service: str, operation: str) -> None:
    """Raise a refusal unless the caller may; buckets and objects are judged on their ARNs, all else on `*`."""
    if service != "s3":
        scope.authorise(f"{service}:{operation}", "*")
        return
    for need in s3.needs(request, operation):
        owner = moto.owner_of(need.bucket) or scope.account.account_id
        known = scope.known | s3.condition_keys(request)
        known |= {"aws:resourceaccount": (owner,), "s3:resourceaccount": (owner,)}
        asked = gate.question(scope.state, scope.principal, f"s3:{need.action}", need.resource, known)
        reason = gate.refusal(scope.state, asked, moto.bucket_policies.get(need.bucket), owner=owner)
        if reason:
            raise gate.denied(asked, reason)
    if operation == "PutBucketPolicy":
        bucket_policy(scope.state, request)


def bucket_policy(state: State, request: Request) -> policy.Policy:
    """The bucket policy that a request puts; raises MalformedPolicy for one that S3 would not take."""
    try:
        return anchors.anchored(state, policy.parse(request.body.decode("utf-8", "replace")))
    except anchors.UnknownPrincipalError:
        raise AwsError("MalformedPolicy", "Invalid principal in policy") from None
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicy", str(error)) from None


def remember(scope: Scope, moto: Moto, request: Request, answer: Response, *, service: str, operation: str) -> None:
    """Take over what an operation that changes something has left."""
    if answer.status < 300 and service == "s3":
        bucket, _ = s3.bucket_and_key(request)
        if operation == "PutBucketPolicy":
            moto.bucket_policies[bucket] = bucket_policy(scope.state, request)
        elif operation in FORGETTING:
            moto.bucket_policies.pop(bucket, None)
    if listing.concerns(service, operation):
        account = scope.account.account_id
        adopt(scope.state, account, scope.region_name, service, moto.found(service, account, scope.region_name))


def adopt(state: State, account: str, region: str, service: str, found: Iterable[listing.Found]) -> None:
    """Enter what a service has among the resources of an account; buckets go to the Regions they are in."""
    by_region: dict[str, list[Resource]] = {region: []}
    if service == "s3":
        by_region |= {name: [] for name in state.accounts[account].regions}
    for each in found:
        by_region.setdefault(each.region, []).append(_resource(state, account, each))
    for name, of_region in by_region.items():
        resources.adopt(state, account, name, service, of_region)


def _resource(state: State, account: str, found: listing.Found) -> Resource:
    name = arns.last_name(found.arn)
    key = _key(state, account, found)
    tags = dict(found.tags)
    return Resource(found.arn, found.resource_type, account, found.region, name, state.now(), found.size, key, tags)


def _key(state: State, account: str, found: listing.Found) -> str | None:
    """The key of this simulator that a resource is encrypted with; one that only moto knows stands for AWS's own."""
    if not found.encrypted:
        return None
    key = keys.named(state, account, found.region, found.key or "")
    if key is None:
        alias = f"alias/aws/{MANAGED_KEYS.get(found.resource_type, 'rds')}"
        key = keys.managed(state, account, found.region, alias, state.now())
    return key.arn


FIDELITY = (
    Behaviour(
        "Resources of these services are seen by plans and backup jobs, tagged or not, with their size and key",
        "ours",
        "test_moto_resources.py::test_what_has_no_tag_is_seen_too",
    ),
    Behaviour(
        "Resources of a world file and of the control API in these services' own lists: `describe-volumes` or "
        "`list-buckets` shows none of them, though plans and backup jobs find them",
        "missing",
    ),
    Behaviour(
        "Calls to S3 are judged by action on bucket or object, with the bucket's policy, also across accounts",
        "DG; access points and ACLs: missing",
        "test_moto_s3.py::test_a_caller_needs_the_right_on_bucket_or_object",
    ),
    Behaviour(
        "Condition keys of S3 that follow from query, headers and signature; the others are an error of the simulator",
        "DG",
        "test_moto_s3.py::test_conditions_of_s3_are_judged",
    ),
    Behaviour(
        "Callers of the other services are judged by action, on the resource `*`",
        "missing",
        "test_moto_adapter.py::test_a_caller_without_the_right_is_denied",
    ),
)
