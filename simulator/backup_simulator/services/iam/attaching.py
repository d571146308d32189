"""IAM: attaching managed policies to roles and users, and their inline policies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import aws_managed, rules

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys
    from ...policies.policy import Policy
    from ...records.state import Identity

ATTACHED = 20
"""Managed policies per role or user; AWS's default quota is 10, and 20 on request."""


def attach(kind: str, scope: Scope, params: Params) -> Params:
    """Attach a managed policy; it holds at once."""
    found, arn = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"]), params["PolicyArn"]
    scope.authorise(f"iam:Attach{kind.capitalize()}Policy", found.arn, keys=_attaching(found, arn))
    managed = rules.managed(scope, arn)
    if managed.path.startswith(aws_managed.SERVICE_ROLES):
        raise AwsError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
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


def _boundary(found: Identity) -> GatheredKeys:
    return {"iam:permissionsboundary": (found.boundary.arn,)} if found.boundary else {}


def _attaching(found: Identity, arn: str) -> GatheredKeys:
    return {"iam:policyarn": (arn,)} | _boundary(found)


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


OPERATIONS = {**_operations("role"), **_operations("user")}


FIDELITY = (
    Behaviour(
        "Managed policies are attached, inline policies written; `iam:PolicyARN`, `iam:PermissionsBoundary`",
        "botocore, DG; texts: recordings",
        "test_iam.py::test_attaching_can_be_narrowed_by_policy",
    ),
    Behaviour(
        "A policy of a service-linked role is attached to nobody else",
        "DG; text: issue; for users: assumed",
        "test_managed_policies.py::test_the_policy_of_a_service_linked_role_is_attached_to_nobody_else",
    ),
)
