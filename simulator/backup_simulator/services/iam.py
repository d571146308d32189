"""IAM: roles to read, and enough to make and remove them in a scene."""

from __future__ import annotations

import json
import urllib.parse
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..identity import anchors, policy
from ..state import Identity
from ..wire import AwsError, Params, SimulatorError
from .operation import Operation, Scope

if TYPE_CHECKING:
    from ..identity.policy import Policy

SLR_SERVICE = "backup.amazonaws.com"
SLR_NAME = "AWSServiceRoleForBackup"
SLR_PATH = "/aws-service-role/backup.amazonaws.com/"


def get_role(scope: Scope, params: Params) -> Params:
    """Describe a role."""
    return {"Role": _shown(scope, _role(scope, params["RoleName"]))}


def list_roles(scope: Scope, params: Params) -> Params:
    """List roles below a path, all on one page."""
    prefix = params.get("PathPrefix", "/")
    roles = [role for _, role in sorted(scope.account.roles.items()) if role.path.startswith(prefix)]
    return {"Roles": [_shown(scope, role) for role in roles], "IsTruncated": False}


def create_role(scope: Scope, params: Params) -> Params:
    """Create a role without policies."""
    name = params["RoleName"]
    if name in scope.account.roles:
        raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.", status=409)
    try:
        trust = anchors.anchored(scope.state, policy.parse(params["AssumeRolePolicyDocument"]))
    except anchors.UnknownPrincipalError as error:
        raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{error}"') from None
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    role = _make(scope, name, params.get("Path", "/"), trust, max_session=params.get("MaxSessionDuration", 3600))
    role.description = params.get("Description", "")
    return {"Role": _shown(scope, role)}


def delete_role(scope: Scope, params: Params) -> Params:
    """Delete a role; policies that name it keep its unique id."""
    role = _role(scope, params["RoleName"])
    del scope.account.roles[role.name]
    scope.state.anchors.pop(role.unique_id, None)
    return {}


def put_role_policy(scope: Scope, params: Params) -> Params:
    """Add a policy to a role."""
    role = _role(scope, params["RoleName"])
    try:
        added = policy.compiled(policy.parse(params["PolicyDocument"]))
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    role.inline[params["PolicyName"]] = added
    return {}


def create_service_linked_role(scope: Scope, params: Params) -> Params:
    """Create AWSServiceRoleForBackup; a second time it is taken."""
    if params["AWSServiceName"] != SLR_SERVICE:
        raise SimulatorError(f"the simulator knows no service-linked role of {params['AWSServiceName']}")
    if "CustomSuffix" in params:
        raise AwsError("InvalidInput", f"Custom suffix is not allowed for {SLR_SERVICE}")
    if SLR_NAME in scope.account.roles:
        message = f"Service role name {SLR_NAME} has been taken in this account, please try a different suffix."
        raise AwsError("InvalidInput", message)
    trust = policy.compiled(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": SLR_SERVICE}, "Action": "sts:AssumeRole"}],
        }
    )
    return {"Role": _shown(scope, _make(scope, SLR_NAME, SLR_PATH, trust))}


def _make(scope: Scope, name: str, path: str, trust: Policy, *, max_session: int = 3600) -> Identity:
    role = Identity(
        "role",
        scope.account.account_id,
        name,
        path,
        scope.state.ids.upper("AROA"),
        scope.now,
        trust=trust,
        max_session=max_session,
    )
    scope.account.roles[name] = role
    scope.state.anchors[role.unique_id] = role
    return role


def _role(scope: Scope, name: str) -> Identity:
    role = scope.account.roles.get(name)
    if role is None:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)
    return role


def _shown(scope: Scope, role: Identity) -> Params:
    trust = anchors.rendered(scope.state, role.trust) if role.trust else {}
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.unique_id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": urllib.parse.quote(json.dumps(trust)),
        "Description": role.description or None,
        "MaxSessionDuration": role.max_session,
    }


def _named_role(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    name = params["RoleName"]
    role = scope.account.roles.get(name)
    return role.arn if role else f"arn:aws:iam::{scope.account.account_id}:role/{name}", None


def _service_linked(scope: Scope, _params: Params) -> tuple[str, Policy | None]:
    return f"arn:aws:iam::{scope.account.account_id}:role{SLR_PATH}{SLR_NAME}", None


OPERATIONS = {
    "GetRole": Operation(get_role, _named_role),
    "ListRoles": Operation(list_roles),
    "CreateRole": Operation(create_role, _named_role),
    "DeleteRole": Operation(delete_role, _named_role),
    "PutRolePolicy": Operation(put_role_policy, _named_role),
    "CreateServiceLinkedRole": Operation(create_service_linked_role, _service_linked),
}


FIDELITY = (
    Behaviour(
        "GetRole, ListRoles, CreateRole, DeleteRole, PutRolePolicy; DeleteRole does not ask for "
        "detached policies first; one page",
        "botocore; ours (simplified)",
        "test_accounts.py::test_roles_are_listed_made_and_removed",
    ),
    Behaviour(
        "CreateServiceLinkedRole for backup.amazonaws.com, taken the second time",
        "recordings",
        "test_accounts.py::test_the_service_linked_role_is_made_once",
    ),
    Behaviour(
        "A copy or a vault does not create the service-linked role by itself",
        "missing",
    ),
)
