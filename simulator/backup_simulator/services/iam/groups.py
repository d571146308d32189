"""IAM: groups of users. What a group may, its users may; groups are no principals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.state import Identity
from ...wire import Params
from ..operation import Operation, Scope
from . import rules

if TYPE_CHECKING:
    from ...identity.policy import Policy

PER_USER = 10
MOST = 300


def create(scope: Scope, params: Params) -> Params:
    """Make a group without users and policies."""
    held, name = scope.account.groups, params["GroupName"]
    if name.lower() in {one.lower() for one in held}:
        raise rules.taken(f"Group with name {name} already exists.")
    if len(held) >= MOST:
        raise rules.exceeded(f"Cannot exceed quota for GroupsPerAccount: {MOST}")
    account, path = scope.account.account_id, params.get("Path", "/")
    made = held[name] = Identity("group", account, name, path, scope.state.ids.upper("AGPA"), scope.now)
    return {"Group": rules.shown(scope, made)}


def get(scope: Scope, params: Params) -> Params:
    """Describe a group and its users, in pages."""
    found = rules.identity(scope, "group", params["GroupName"])
    users = [rules.shown(scope, one, in_list=True) for one in rules.members(scope.account, found)]
    return {"Group": rules.shown(scope, found)} | rules.page(users, params, "Users")


def list_all(scope: Scope, params: Params) -> Params:
    """List the groups below a path."""
    prefix, held = params.get("PathPrefix", "/"), sorted(scope.account.groups.items())
    return rules.page([rules.shown(scope, one) for _, one in held if one.path.startswith(prefix)], params, "Groups")


def delete(scope: Scope, params: Params) -> Params:
    """Delete a group that has neither users nor policies."""
    found = rules.identity(scope, "group", params["GroupName"])
    if rules.members(scope.account, found):
        raise rules.conflict("Cannot delete entity, must remove users from group first.")
    rules.require_no_policies(found)
    del scope.account.groups[found.name]
    return {}


def add_user(scope: Scope, params: Params) -> Params:
    """Put a user into a group; it may at once what the group may."""
    group = rules.identity(scope, "group", params["GroupName"])
    user = rules.identity(scope, "user", params["UserName"])
    if group.name not in user.groups and len(user.groups) >= PER_USER:
        raise rules.exceeded(f"Cannot exceed quota for GroupsPerUser: {PER_USER}")
    user.groups[group.name] = group
    return {}


def remove_user(scope: Scope, params: Params) -> Params:
    """Take a user out of a group."""
    user = rules.identity(scope, "user", params["UserName"])
    user.groups.pop(rules.identity(scope, "group", params["GroupName"]).name, None)
    return {}


def of_user(scope: Scope, params: Params) -> Params:
    """List the groups of a user."""
    user = rules.identity(scope, "user", params["UserName"])
    return rules.page([rules.shown(scope, one) for _, one in sorted(user.groups.items())], params, "Groups")


def _on_group(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.arn_of(scope, "group", params["GroupName"], params.get("Path", "/")), None


def _on_user(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.arn_of(scope, "user", params["UserName"]), None


OPERATIONS = {
    "CreateGroup": Operation(create, _on_group),
    "GetGroup": Operation(get, _on_group),
    "ListGroups": Operation(list_all),
    "DeleteGroup": Operation(delete, _on_group),
    "AddUserToGroup": Operation(add_user, _on_group),
    "RemoveUserFromGroup": Operation(remove_user, _on_group),
    "ListGroupsForUser": Operation(of_user, _on_user),
}


FIDELITY = (
    Behaviour(
        "Groups: made, listed, deleted once empty; users come and go; their policies count for their users, in calls "
        "and in simulations",
        "botocore, DG; texts: recordings, issue",
        "test_iam_groups.py::test_what_a_group_may_its_users_may",
    ),
    Behaviour(
        "Ten groups per user, 300 per account; a user that is in a group is not deleted",
        "DG; form of the texts: recordings (of other quotas), the names in them: assumed",
        "test_iam_groups.py::test_groups_have_bounds",
    ),
    Behaviour(
        "A group is no principal: policies that name one are refused",
        "DG",
        "test_iam_groups.py::test_a_group_is_no_principal",
    ),
    Behaviour(
        "UpdateGroup, MFA devices, login profiles, SSH keys, certificates: 501",
        "missing",
    ),
)
