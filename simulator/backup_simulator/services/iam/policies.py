"""IAM: managed policies with versions, the account's own and AWS's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...records.access import ManagedPolicy
from ...wire import AwsError, CommonError, Params
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import aws_managed, rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...policies.policy import Policy
    from ...records.state import Identity

VERSIONS = 5


def create(scope: Scope, params: Params) -> Params:
    """Make a managed policy."""
    arn = f"arn:aws:iam::{scope.account.account_id}:policy{params.get('Path', '/')}{params['PolicyName']}"
    tags = tag_rules.read(tag_rules.POLICIES, params.get("Tags", []))
    scope.authorise("iam:CreatePolicy", arn, keys=request_tags(tags))
    if params["PolicyName"] in {one.name for one in scope.account.policies.values()}:
        raise rules.taken(f"A policy called {params['PolicyName']} already exists. Duplicate names are not allowed.")
    found = rules.read(params["PolicyDocument"], policy.identity_policy)
    made = ManagedPolicy(arn, scope.state.ids.upper("ANPA"), scope.now, {"v1": (found, scope.now)}, tags=tags)
    made.description = params.get("Description", "")
    scope.account.policies[arn] = made
    return {"Policy": _shown(made, _uses(scope)) | ({"Tags": tag_forms.as_pairs(tags)} if tags else {})}


def get(scope: Scope, params: Params) -> Params:
    """Describe a managed policy."""
    found = _known(scope, params["PolicyArn"])
    shown = _shown(found, _uses(scope)) | {"Description": found.description or None}
    return {"Policy": shown | {"Tags": tag_forms.as_pairs(found.tags)}}


def delete(scope: Scope, params: Params) -> Params:
    """Delete a managed policy that is attached nowhere and has one version."""
    found = _own(scope, params["PolicyArn"])
    uses = _uses(scope)
    if uses[found.arn, "policy"] or uses[found.arn, "boundary"]:
        raise rules.conflict("Cannot delete a policy attached to entities.")
    if len(found.versions) > 1:
        message = "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        raise rules.conflict(message + "versions. The default version is deleted with the policy.")
    del scope.account.policies[found.arn]
    return {}


def list_all(scope: Scope, params: Params) -> Params:
    """List managed policies: the account's, AWS's that the simulator knows, or both; without description and tags."""
    local = sorted(scope.account.policies.values(), key=lambda one: one.name)
    by_aws = aws_managed.listed() if params.get("Scope", "All") != "Local" else []
    wanted = by_aws if params.get("Scope") == "AWS" else [*local, *by_aws]
    wanted = [one for one in wanted if one.path.startswith(params.get("PathPrefix", "/"))]
    uses = _uses(scope)
    only = {"PermissionsPolicy": "policy", "PermissionsBoundary": "boundary"}.get(params.get("PolicyUsageFilter", ""))
    if only:
        wanted = [one for one in wanted if uses[one.arn, only]]
    if params.get("OnlyAttached", False):
        wanted = [one for one in wanted if uses[one.arn, "policy"]]
    answer = rules.page(wanted, params, "Policies")
    return answer | {"Policies": [_shown(one, uses) for one in answer["Policies"]]}


def create_version(scope: Scope, params: Params) -> Params:
    """Add a version; five at most. As default it holds at once."""
    managed = _own(scope, params["PolicyArn"])
    if len(managed.versions) >= VERSIONS:
        message = f"A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must "
        raise rules.exceeded(message + "delete an existing version.")
    found = rules.read(params["PolicyDocument"], policy.identity_policy)
    managed.latest += 1
    version = f"v{managed.latest}"
    managed.versions[version] = found, scope.now
    if params.get("SetAsDefault", False):
        managed.default, managed.updated = version, scope.now
    return {"PolicyVersion": _version(managed, version)}


def get_version(scope: Scope, params: Params) -> Params:
    """Give a version with its document."""
    found, version = _with_version(scope, params)
    return {"PolicyVersion": _version(found, version) | {"Document": rules.document(found.versions[version][0])}}


def list_versions(scope: Scope, params: Params) -> Params:
    """List the versions."""
    found = _known(scope, params["PolicyArn"])
    return rules.page([_version(found, version) for version in reversed(found.versions)], params, "Versions")


def set_default(scope: Scope, params: Params) -> Params:
    """Let another version count."""
    found, version = _with_version(scope, params, _own)
    found.default, found.updated = version, scope.now
    return {}


def delete_version(scope: Scope, params: Params) -> Params:
    """Delete a version that is not the default."""
    found, version = _with_version(scope, params, _own)
    if version == found.default:
        raise rules.conflict("Cannot delete the default version of a policy.")
    del found.versions[version]
    return {}


def list_entities(scope: Scope, params: Params) -> Params:
    """List the users and roles to which a policy is attached, or whose boundary it is."""
    found = _known(scope, params["PolicyArn"])
    usage, prefix = params.get("PolicyUsageFilter"), params.get("PathPrefix", "/")
    only = params.get("EntityFilter", "All")
    users = [
        one
        for one in _everybody(scope)
        if only in {"All", one.kind.capitalize()}
        and one.path.startswith(prefix)
        and (
            (usage != "PermissionsBoundary" and found.arn in one.attached)
            or (usage != "PermissionsPolicy" and one.boundary is not None and one.boundary.arn == found.arn)
        )
    ]
    answer = rules.page(users, params, "found")
    held = answer.pop("found")
    return answer | {
        f"Policy{kind.capitalize()}s": [
            {f"{kind.capitalize()}Name": one.name, f"{kind.capitalize()}Id": one.unique_id}
            for one in held
            if one.kind == kind
        ]
        for kind in ("user", "role")
    }


def _known(scope: Scope, arn: str) -> ManagedPolicy:
    found = scope.account.policies.get(arn) or aws_managed.sought(arn)
    if found is None:
        raise rules.missing(f"Policy {arn} was not found.")
    return found


def _own(scope: Scope, arn: str) -> ManagedPolicy:
    if aws_managed.sought(arn):
        raise CommonError("AccessDenied", "Policy is outside your own account.")
    return _known(scope, arn)


def _with_version(
    scope: Scope, params: Params, reach: Callable[[Scope, str], ManagedPolicy] | None = None
) -> tuple[ManagedPolicy, str]:
    """A policy and the version that a call names; who asks for either in vain hears of the version."""
    arn, version = params["PolicyArn"], params["VersionId"]
    if arn not in scope.account.policies and not aws_managed.sought(arn):
        raise _no_version(arn, version)
    found = (reach or _known)(scope, arn)
    if version in found.versions:
        return found, version
    former = version.removeprefix("v")
    if found.arn.startswith(aws_managed.PREFIX) and former.isdigit() and 0 < int(former) < found.latest:
        text = f"The simulator does not know version {version} of the AWS managed policy {found.name}"
        raise CommonError("NotImplemented", text)
    raise _no_version(arn, version)


def _no_version(arn: str, version: str) -> AwsError:
    return rules.missing(f"Policy {arn} version {version} does not exist or is not attachable.")


def _everybody(scope: Scope) -> list[Identity]:
    account = scope.account
    return [*account.users.values(), *account.roles.values()]


def _uses(scope: Scope) -> Counter[tuple[str, str]]:
    """How often each policy is attached (`policy`) and is a boundary (`boundary`), by ARN."""
    found: Counter[tuple[str, str]] = Counter()
    for one in _everybody(scope):
        found.update((arn, "policy") for arn in one.attached)
        found.update([(one.boundary.arn, "boundary")] if one.boundary else [])
    return found


def _version(found: ManagedPolicy, version: str) -> Params:
    created = found.versions[version][1]
    return {"VersionId": version, "IsDefaultVersion": version == found.default, "CreateDate": created}


def _shown(found: ManagedPolicy, uses: Counter[tuple[str, str]]) -> Params:
    return {
        "PolicyName": found.name,
        "PolicyId": found.policy_id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": found.default,
        "AttachmentCount": uses[found.arn, "policy"],
        "PermissionsBoundaryUsageCount": uses[found.arn, "boundary"],
        "IsAttachable": True,
        "CreateDate": found.created,
        "UpdateDate": found.updated or found.created,
    }


def _on_policy(_scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return params["PolicyArn"], None


OPERATIONS = {
    "CreatePolicy": Operation(create, target=None),
    "GetPolicy": Operation(get, _on_policy),
    "DeletePolicy": Operation(delete, _on_policy),
    "ListPolicies": Operation(list_all),
    "CreatePolicyVersion": Operation(create_version, _on_policy),
    "GetPolicyVersion": Operation(get_version, _on_policy),
    "ListPolicyVersions": Operation(list_versions, _on_policy),
    "SetDefaultPolicyVersion": Operation(set_default, _on_policy),
    "DeletePolicyVersion": Operation(delete_version, _on_policy),
    "ListEntitiesForPolicy": Operation(list_entities, _on_policy),
}


FIDELITY = (
    Behaviour(
        "Managed policies with up to five versions",
        "botocore, DG; texts: recordings, issue (of a policy in use, of one with several versions)",
        "test_iam.py::test_a_managed_policy_and_its_versions",
    ),
    Behaviour(
        "ListPolicies by scope, path, use and attachment, in pages, without descriptions and tags; "
        "ListEntitiesForPolicy by kind, path and use",
        "botocore; the order (by name): assumed",
        "test_managed_policies.py::test_aws_managed_policies_are_listed_in_pages",
    ),
)
