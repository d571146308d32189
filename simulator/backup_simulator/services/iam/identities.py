"""IAM: roles and users, their tags and boundaries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.state import Identity
from ...wire import Params
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import rules

if TYPE_CHECKING:
    from ...policies.policy import Policy


def get(kind: str, scope: Scope, params: Params) -> Params:
    """Describe a role or a user; GetUser without a name means the caller."""
    name = params.get(f"{kind.capitalize()}Name", scope.principal.name)
    return {kind.capitalize(): rules.shown(scope, rules.identity(scope, kind, name))}


def list_all(kind: str, scope: Scope, params: Params) -> Params:
    """List roles or users below a path."""
    held = rules.held(scope, kind)
    prefix = params.get("PathPrefix", "/")
    found = [rules.shown(scope, one, in_list=True) for _, one in sorted(held.items()) if one.path.startswith(prefix)]
    return rules.page(found, params, f"{kind.capitalize()}s")


def create(kind: str, scope: Scope, params: Params) -> Params:
    """Make a role or a user, without policies."""
    name, path = params[f"{kind.capitalize()}Name"], params.get("Path", "/")
    held, tags = rules.held(scope, kind), tag_rules.read("iam", params.get("Tags", []))
    boundary = {"iam:permissionsboundary": (params["PermissionsBoundary"],)} if "PermissionsBoundary" in params else {}
    arn = f"arn:aws:iam::{scope.account.account_id}:{kind}{path}{name}"
    scope.authorise(f"iam:Create{kind.capitalize()}", arn, keys=boundary | request_tags(tags))
    if name.lower() in {one.lower() for one in held}:
        raise rules.taken(f"{kind.capitalize()} with name {name} already exists.")
    made = Identity(
        kind,
        scope.account.account_id,
        name,
        path,
        scope.state.ids.upper("AROA" if kind == "role" else "AIDA"),
        scope.now,
        tags=tags,
        max_session=params.get("MaxSessionDuration", 3600),
        description=params.get("Description", ""),
    )
    if "PermissionsBoundary" in params:
        made.boundary = rules.managed(scope, params["PermissionsBoundary"])
    if kind == "role":
        made.trust = rules.read_trust(scope, params["AssumeRolePolicyDocument"])
    held[name] = made
    scope.state.anchors[made.unique_id] = made
    return {kind.capitalize(): rules.shown(scope, made)}


def delete(kind: str, scope: Scope, params: Params) -> Params:
    """Delete a role or a user that has no policies left; policies that name it keep its unique id."""
    name = params[f"{kind.capitalize()}Name"]
    found = rules.changeable(scope, kind, name)
    rules.require_no_policies(found)
    credentials = scope.state.credentials.values()
    if any(one.principal.unique_id == found.unique_id and one.token is None for one in credentials):
        raise rules.conflict("Cannot delete entity, must delete access keys first.")
    del rules.held(scope, kind)[name]
    scope.state.anchors.pop(found.unique_id, None)
    return {}


def update_role(scope: Scope, params: Params) -> Params:
    """Change a role's description and its longest session."""
    found = rules.changeable(scope, "role", params["RoleName"])
    found.description = params.get("Description", found.description)
    found.max_session = params.get("MaxSessionDuration", found.max_session)
    return {}


def update_trust(scope: Scope, params: Params) -> Params:
    """Replace a role's trust policy; it holds at once."""
    found = rules.changeable(scope, "role", params["RoleName"])
    found.trust = rules.read_trust(scope, params["PolicyDocument"])
    return {}


def tag(kind: str, scope: Scope, params: Params) -> Params:
    """Add tags, or change their values."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    tags = tag_rules.read("iam", params["Tags"])
    scope.authorise(f"iam:Tag{kind.capitalize()}", found.arn, keys=request_tags(tags))
    tag_rules.put("iam", found.tags, tags)
    return {}


def untag(kind: str, scope: Scope, params: Params) -> Params:
    """Take tags away."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    tag_rules.take(found.tags, params["TagKeys"])
    return {}


def list_tags(kind: str, scope: Scope, params: Params) -> Params:
    """List the tags."""
    found = rules.identity(scope, kind, params[f"{kind.capitalize()}Name"])
    return rules.page(tag_forms.as_pairs(found.tags), params, "Tags")


def put_boundary(kind: str, scope: Scope, params: Params) -> Params:
    """Set the permissions boundary; running sessions feel it at once."""
    found, arn = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"]), params["PermissionsBoundary"]
    action = f"iam:Put{kind.capitalize()}PermissionsBoundary"
    scope.authorise(action, found.arn, keys={"iam:permissionsboundary": (arn,)})
    found.boundary = rules.managed(scope, arn)
    return {}


def delete_boundary(kind: str, scope: Scope, params: Params) -> Params:
    """Take the permissions boundary away."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    if found.boundary is None:
        raise rules.missing(f"The {kind} with name {found.name} has no permissions boundary.")
    found.boundary = None
    return {}


def _named(kind: str, scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.named(scope, kind, params), None


def _operations(kind: str) -> dict[str, Operation]:
    name, named = kind.capitalize(), partial(_named, kind)
    return {
        f"Get{name}": Operation(partial(get, kind), named),
        f"List{name}s": Operation(partial(list_all, kind)),
        f"Create{name}": Operation(partial(create, kind), target=None),
        f"Delete{name}": Operation(partial(delete, kind), named),
        f"Tag{name}": Operation(partial(tag, kind), target=None),
        f"Untag{name}": Operation(partial(untag, kind), named),
        f"List{name}Tags": Operation(partial(list_tags, kind), named),
        f"Put{name}PermissionsBoundary": Operation(partial(put_boundary, kind), target=None),
        f"Delete{name}PermissionsBoundary": Operation(partial(delete_boundary, kind), named),
    }


OPERATIONS = {
    **_operations("role"),
    **_operations("user"),
    "UpdateRole": Operation(update_role, partial(_named, "role")),
    "UpdateAssumeRolePolicy": Operation(update_trust, partial(_named, "role")),
}


FIDELITY = (
    Behaviour(
        "Roles and users: made, read, listed in pages, changed, tagged, deleted once nothing is attached to them",
        "botocore, DG; texts: recordings, of an absent boundary: assumed",
        "test_iam.py::test_a_role_lives_from_making_to_deleting",
    ),
    Behaviour(
        "Trust policies: STS actions only, principals, no resources; they hold at once",
        "DG; texts: recordings",
        "test_iam.py::test_a_new_trust_holds_at_once",
    ),
    Behaviour(
        "Groups, instance profiles, access keys made by calls (users of a world file have one), the account's alias "
        "and summary: 501",
        "missing",
    ),
)
