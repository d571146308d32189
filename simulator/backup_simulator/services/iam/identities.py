"""IAM: roles and users, their tags and boundaries, and the access keys of users."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.state import Credential, Identity, Principal
from ...wire import AwsError, Params
from ..operation import Operation, Scope, request_tags
from . import rules

if TYPE_CHECKING:
    from ...identity.policy import Policy

KEYS_PER_USER = 2


def get(kind: str, scope: Scope, params: Params) -> Params:
    """Describe a role or a user; GetUser without a name means the caller."""
    name = params.get(f"{kind.capitalize()}Name", scope.principal.name)
    return {kind.capitalize(): rules.shown(scope, rules.identity(scope, kind, name))}


def list_all(kind: str, scope: Scope, params: Params) -> Params:
    """List roles or users below a path."""
    held = scope.account.roles if kind == "role" else scope.account.users
    prefix = params.get("PathPrefix", "/")
    found = [rules.shown(scope, one, in_list=True) for _, one in sorted(held.items()) if one.path.startswith(prefix)]
    return rules.page(found, params, f"{kind.capitalize()}s")


def create(kind: str, scope: Scope, params: Params) -> Params:
    """Make a role or a user, without policies."""
    name, path = params[f"{kind.capitalize()}Name"], params.get("Path", "/")
    held, tags = (scope.account.roles if kind == "role" else scope.account.users), rules.tags(params)
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
    if found.attached:
        raise rules.conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise rules.conflict("Cannot delete entity, must delete policies first.")
    if kind == "user" and _keys(scope, found):
        raise rules.conflict("Cannot delete entity, must delete access keys first.")
    del (scope.account.roles if kind == "role" else scope.account.users)[name]
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
    found, tags = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"]), rules.tags(params)
    scope.authorise(f"iam:Tag{kind.capitalize()}", found.arn, keys=request_tags(tags))
    if len(found.tags | tags) > rules.TAG_LIMIT:
        raise rules.exceeded(f"The number of tags has reached the maximum limit of {rules.TAG_LIMIT}.")
    found.tags |= tags
    return {}


def untag(kind: str, scope: Scope, params: Params) -> Params:
    """Take tags away."""
    found = rules.changeable(scope, kind, params[f"{kind.capitalize()}Name"])
    for name in params["TagKeys"]:
        found.tags.pop(name, None)
    return {}


def list_tags(kind: str, scope: Scope, params: Params) -> Params:
    """List the tags."""
    found = rules.identity(scope, kind, params[f"{kind.capitalize()}Name"])
    return rules.page(rules.shown_tags(found.tags), params, "Tags")


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


def instance_profiles(scope: Scope, params: Params) -> Params:
    """List the instance profiles of a role: there are none here."""
    rules.identity(scope, "role", params["RoleName"])
    return rules.page([], params, "InstanceProfiles")


def create_key(scope: Scope, params: Params) -> Params:
    """Make an access key of a user; two at most."""
    user = rules.identity(scope, "user", params.get("UserName", scope.principal.name))
    if len(_keys(scope, user)) >= KEYS_PER_USER:
        raise rules.exceeded(f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
    ids = scope.state.ids
    principal = Principal(user.account, user.arn, user.arn, user.unique_id, user.unique_id, "user", user.name)
    made = Credential(ids.upper("AKIA", 16), ids.secret(), principal)
    scope.state.credentials[made.key_id] = made
    shown = {"UserName": user.name, "AccessKeyId": made.key_id, "Status": "Active", "CreateDate": scope.now}
    return {"AccessKey": shown | {"SecretAccessKey": made.secret}}


def list_keys(scope: Scope, params: Params) -> Params:
    """List the access keys of a user; when they were made is not kept, so it is when the user was."""
    user = rules.identity(scope, "user", params.get("UserName", scope.principal.name))
    found = [
        {"UserName": user.name, "AccessKeyId": one.key_id, "Status": "Active", "CreateDate": user.created}
        for one in _keys(scope, user)
    ]
    return rules.page(found, params, "AccessKeyMetadata")


def delete_key(scope: Scope, params: Params) -> Params:
    """Delete an access key; it opens nothing any more."""
    user = rules.identity(scope, "user", params.get("UserName", scope.principal.name))
    if params["AccessKeyId"] not in {one.key_id for one in _keys(scope, user)}:
        raise rules.missing(f"The Access Key with id {params['AccessKeyId']} cannot be found.")
    del scope.state.credentials[params["AccessKeyId"]]
    return {}


def _keys(scope: Scope, user: Identity) -> list[Credential]:
    credentials = scope.state.credentials.values()
    return [one for one in credentials if one.principal.unique_id == user.unique_id and one.token is None]


def _named(kind: str, scope: Scope, params: Params) -> tuple[str, Policy | None]:
    name = params.get(f"{kind.capitalize()}Name")
    if name is None and scope.principal.kind != "user":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return rules.arn_of(scope, kind, name or scope.principal.name), None


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
    "ListInstanceProfilesForRole": Operation(instance_profiles, partial(_named, "role")),
    "CreateAccessKey": Operation(create_key, partial(_named, "user")),
    "ListAccessKeys": Operation(list_keys, partial(_named, "user")),
    "DeleteAccessKey": Operation(delete_key, partial(_named, "user")),
}


FIDELITY = (
    Behaviour(
        "Roles and users: made, read, listed in pages, changed, tagged, deleted once nothing is attached to them",
        "botocore, DG; texts from issues or assumed",
        "test_iam.py::test_a_role_lives_from_making_to_deleting",
    ),
    Behaviour(
        "Trust policies: STS actions only, principals, no resources; they hold at once",
        "DG; texts assumed",
        "test_iam.py::test_a_new_trust_holds_at_once",
    ),
    Behaviour(
        "Users' access keys: two at most, usable at once (AWS: after seconds); UpdateAccessKey is missing",
        "DG",
        "test_iam.py::test_access_keys_are_made_and_deleted",
    ),
    Behaviour(
        "Groups, MFA devices, instance profiles, login profiles: 501 (ListInstanceProfilesForRole: none)",
        "missing",
    ),
)
