"""IAM: managed policies with versions, inline policies, and attaching."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import policy
from ...records.access import ManagedPolicy
from ...records.state import Identity
from ...wire import CommonError, Params
from ..operation import Operation, Scope, request_tags
from . import aws_managed, rules

if TYPE_CHECKING:
    from ...identity.policy import Policy

VERSIONS = 5
ATTACHED = 20
"""Managed policies per role or user; AWS's default quota is 10, and 20 on request."""


def create(scope: Scope, params: Params) -> Params:
    """Make a managed policy."""
    arn = f"arn:aws:iam::{scope.account.account_id}:policy{params.get('Path', '/')}{params['PolicyName']}"
    tags = rules.tags(params)
    scope.authorise("iam:CreatePolicy", arn, keys=request_tags(tags))
    if params["PolicyName"] in {one.name for one in scope.account.policies.values()}:
        raise rules.taken(f"A policy called {params['PolicyName']} already exists. Duplicate names are not allowed.")
    found = rules.read(params["PolicyDocument"], policy.identity_policy)
    made = ManagedPolicy(arn, scope.state.ids.upper("ANPA"), scope.now, {"v1": (found, scope.now)}, tags=tags)
    made.description = params.get("Description", "")
    scope.account.policies[arn] = made
    return {"Policy": _shown(scope, made)}


def get(scope: Scope, params: Params) -> Params:
    """Describe a managed policy."""
    found = _known(scope, params["PolicyArn"])
    return {"Policy": _shown(scope, found) | ({"Tags": rules.shown_tags(found.tags)} if found.tags else {})}


def delete(scope: Scope, params: Params) -> Params:
    """Delete a managed policy that is attached nowhere and has one version."""
    found = _own(scope, params["PolicyArn"])
    if _users(scope, found) or _bounded(scope, found):
        raise rules.conflict("Cannot delete a policy attached to entities.")
    if len(found.versions) > 1:
        message = "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        raise rules.conflict(message + "versions. The default version is deleted with the policy.")
    del scope.account.policies[found.arn]
    return {}


def list_all(scope: Scope, params: Params) -> Params:
    """List managed policies: the account's, AWS's that the simulator knows, or both."""
    local = sorted(scope.account.policies.values(), key=lambda one: one.name)
    ours = [one for arn in aws_managed.arns() if (one := aws_managed.find(arn))]
    wanted = {"Local": local, "AWS": ours}.get(params.get("Scope", "All"), [*local, *ours])
    prefix, only = params.get("PathPrefix", "/"), params.get("OnlyAttached", False)
    found = [_shown(scope, one) for one in wanted if one.path.startswith(prefix) and (not only or _users(scope, one))]
    return rules.page(found, params, "Policies")


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
    found = _known(scope, params["PolicyArn"])
    version = _existing(found, params["VersionId"])
    return {"PolicyVersion": _version(found, version) | {"Document": rules.document(found.versions[version][0])}}


def list_versions(scope: Scope, params: Params) -> Params:
    """List the versions."""
    found = _known(scope, params["PolicyArn"])
    return rules.page([_version(found, version) for version in reversed(found.versions)], params, "Versions")


def set_default(scope: Scope, params: Params) -> Params:
    """Let another version count."""
    found = _own(scope, params["PolicyArn"])
    found.default, found.updated = _existing(found, params["VersionId"]), scope.now
    return {}


def delete_version(scope: Scope, params: Params) -> Params:
    """Delete a version that is not the default."""
    found = _own(scope, params["PolicyArn"])
    version = _existing(found, params["VersionId"])
    if version == found.default:
        raise rules.conflict("Cannot delete the default version of a policy.")
    del found.versions[version]
    return {}


def list_entities(scope: Scope, params: Params) -> Params:
    """List the roles and users to which a policy is attached."""
    found = _known(scope, params["PolicyArn"])
    kinds = {"Role": ["role"], "User": ["user"]}.get(params.get("EntityFilter", "All"), ["role", "user"])
    users = [one for one in _users(scope, found) if one.kind in kinds]
    return {
        "PolicyGroups": [],
        "PolicyUsers": [{"UserName": one.name, "UserId": one.unique_id} for one in users if one.kind == "user"],
        "PolicyRoles": [{"RoleName": one.name, "RoleId": one.unique_id} for one in users if one.kind == "role"],
        "IsTruncated": False,
    }


def attach(kind: str, scope: Scope, params: Params) -> Params:
    """Attach a managed policy; it holds at once."""
    found, arn = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"]), params["PolicyArn"]
    scope.authorise(f"iam:Attach{kind.capitalize()}Policy", found.arn, keys=_attaching(found, arn))
    managed = rules.managed(scope, arn)
    if arn not in found.attached and len(found.attached) >= ATTACHED:
        raise rules.exceeded(f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: {ATTACHED}")
    found.attached[arn] = managed
    return {}


def detach(kind: str, scope: Scope, params: Params) -> Params:
    """Detach a managed policy."""
    found, arn = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"]), params["PolicyArn"]
    scope.authorise(f"iam:Detach{kind.capitalize()}Policy", found.arn, keys=_attaching(found, arn))
    if arn not in found.attached:
        raise rules.missing(f"Policy {arn} was not found.")
    del found.attached[arn]
    return {}


def list_attached(kind: str, scope: Scope, params: Params) -> Params:
    """List the managed policies of a role or user."""
    found = rules.identity(scope, kind, params[f"{kind.capitalize()}Name"])
    prefix = params.get("PathPrefix", "/")
    policies = [one for one in found.attached.values() if one.path.startswith(prefix)]
    shown = [{"PolicyName": one.name, "PolicyArn": one.arn} for one in policies]
    return rules.page(shown, params, "AttachedPolicies")


def put_inline(kind: str, scope: Scope, params: Params) -> Params:
    """Write an inline policy, or replace it."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    scope.authorise(f"iam:Put{kind.capitalize()}Policy", found.arn, keys=_boundary(found))
    found.inline[params["PolicyName"]] = rules.read(params["PolicyDocument"], policy.identity_policy)
    return {}


def get_inline(kind: str, scope: Scope, params: Params) -> Params:
    """Give an inline policy."""
    name = f"{kind.capitalize()}Name"
    found = rules.identity(scope, kind, params[name])
    document = rules.document(_inline(found, params["PolicyName"]))
    return {name: found.name, "PolicyName": params["PolicyName"], "PolicyDocument": document}


def delete_inline(kind: str, scope: Scope, params: Params) -> Params:
    """Delete an inline policy."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    _inline(found, params["PolicyName"])
    del found.inline[params["PolicyName"]]
    return {}


def list_inline(kind: str, scope: Scope, params: Params) -> Params:
    """List the names of the inline policies."""
    found = rules.identity(scope, kind, params[f"{kind.capitalize()}Name"])
    return rules.page(sorted(found.inline), params, "PolicyNames")


def _inline(found: Identity, name: str) -> Policy:
    if name not in found.inline:
        raise rules.missing(f"The {found.kind} policy with name {name} cannot be found.")
    return found.inline[name]


def _boundary(found: Identity) -> dict[str, tuple[str, ...]]:
    return {"iam:permissionsboundary": (found.boundary.arn,)} if found.boundary else {}


def _attaching(found: Identity, arn: str) -> dict[str, tuple[str, ...]]:
    return {"iam:policyarn": (arn,)} | _boundary(found)


def _known(scope: Scope, arn: str) -> ManagedPolicy:
    found = scope.account.policies.get(arn) or aws_managed.sought(arn)
    if found is None:
        raise rules.missing(f"Policy {arn} was not found.")
    return found


def _own(scope: Scope, arn: str) -> ManagedPolicy:
    if aws_managed.sought(arn):
        raise CommonError("AccessDenied", "Policy is outside your own account.")
    return _known(scope, arn)


def _existing(found: ManagedPolicy, version: str) -> str:
    if version not in found.versions:
        raise rules.missing(f"Policy {found.arn} version {version} does not exist or is not attachable.")
    return version


def _users(scope: Scope, found: ManagedPolicy) -> list[Identity]:
    everybody = [*scope.account.roles.values(), *scope.account.users.values()]
    return [one for one in everybody if found.arn in one.attached]


def _bounded(scope: Scope, found: ManagedPolicy) -> int:
    everybody = [*scope.account.roles.values(), *scope.account.users.values()]
    return sum(one.boundary is not None and one.boundary.arn == found.arn for one in everybody)


def _version(found: ManagedPolicy, version: str) -> Params:
    created = found.versions[version][1]
    return {"VersionId": version, "IsDefaultVersion": version == found.default, "CreateDate": created}


def _shown(scope: Scope, found: ManagedPolicy) -> Params:
    return {
        "PolicyName": found.name,
        "PolicyId": found.policy_id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": found.default,
        "AttachmentCount": len(_users(scope, found)),
        "PermissionsBoundaryUsageCount": _bounded(scope, found),
        "IsAttachable": True,
        "Description": found.description or None,
        "CreateDate": found.created,
        "UpdateDate": found.updated or found.created,
    }


def _on_policy(_scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return params["PolicyArn"], None


def _named(kind: str, scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.arn_of(scope, kind, params[f"{kind.capitalize()}Name"]), None


def _operations(kind: str) -> dict[str, Operation]:
    name, named = kind.capitalize(), partial(_named, kind)
    return {
        f"Attach{name}Policy": Operation(partial(attach, kind), target=None),
        f"Detach{name}Policy": Operation(partial(detach, kind), target=None),
        f"ListAttached{name}Policies": Operation(partial(list_attached, kind), named),
        f"Put{name}Policy": Operation(partial(put_inline, kind), target=None),
        f"Get{name}Policy": Operation(partial(get_inline, kind), named),
        f"Delete{name}Policy": Operation(partial(delete_inline, kind), named),
        f"List{name}Policies": Operation(partial(list_inline, kind), named),
    }


OPERATIONS = {
    **_operations("role"),
    **_operations("user"),
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
        "Managed policies with up to five versions, inline policies, attaching; `iam:PolicyARN`, "
        "`iam:PermissionsBoundary`",
        "botocore, DG; texts from issues or assumed",
        "test_iam.py::test_a_managed_policy_and_its_versions",
    ),
    Behaviour(
        "AWS managed policies of Backup by their ARNs, reduced to the services that are simulated or judged here",
        "DG; the ones for restores, operators and organization admins: assumed",
        "test_iam.py::test_aws_managed_policies_can_be_attached",
    ),
    Behaviour(
        "Other AWS managed policies: 501 by name, wherever their ARN is given; a world that names one is refused",
        "ours",
        "test_iam.py::test_an_aws_managed_policy_that_is_not_known_answers_501",
    ),
)
