"""IAM: instance profiles, as records: no instance here asks for their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.access import InstanceProfile
from ...wire import Params
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import rules

if TYPE_CHECKING:
    from ...identity.policy import Policy

EC2 = "ec2.amazonaws.com"


def create(scope: Scope, params: Params) -> Params:
    """Make an instance profile without a role."""
    name, path = params["InstanceProfileName"], params.get("Path", "/")
    tags = tag_rules.read("iam", params.get("Tags", []))
    arn = f"arn:aws:iam::{scope.account.account_id}:instance-profile{path}{name}"
    scope.authorise("iam:CreateInstanceProfile", arn, keys=request_tags(tags))
    if name.lower() in {one.lower() for one in scope.account.instance_profiles}:
        raise rules.taken(f"Instance Profile {name} already exists.")
    made = InstanceProfile(arn, name, path, scope.state.ids.upper("AIPA"), scope.now, tags=tags)
    scope.account.instance_profiles[name] = made
    return {"InstanceProfile": _shown(scope, made)}


def get(scope: Scope, params: Params) -> Params:
    """Describe an instance profile with its role."""
    found = _known(scope, params)
    return {"InstanceProfile": _shown(scope, found) | {"Tags": tag_forms.as_pairs(found.tags)}}


def list_all(scope: Scope, params: Params) -> Params:
    """List the instance profiles below a path."""
    prefix, held = params.get("PathPrefix", "/"), sorted(scope.account.instance_profiles.items())
    found = [_shown(scope, one, in_list=True) for _, one in held if one.path.startswith(prefix)]
    return rules.page(found, params, "InstanceProfiles")


def of_role(scope: Scope, params: Params) -> Params:
    """List the instance profiles of a role."""
    role = rules.identity(scope, "role", params["RoleName"])
    held = sorted(scope.account.instance_profiles.items())
    found = [_shown(scope, one, in_list=True) for _, one in held if one.role == role.name]
    return rules.page(found, params, "InstanceProfiles")


def add_role(scope: Scope, params: Params) -> Params:
    """Put a role into an instance profile, if the caller may pass it to EC2; there is room for one."""
    found, role = _known(scope, params), rules.changeable(scope, "role", params["RoleName"])
    scope.authorise("iam:PassRole", role.arn, keys={"iam:passedtoservice": (EC2,)})
    if found.role:
        raise rules.exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    found.role = role.name
    return {}


def remove_role(scope: Scope, params: Params) -> Params:
    """Take the role out."""
    found = _known(scope, params)
    if found.role != params["RoleName"]:
        raise rules.missing(f"The role with name {params['RoleName']} cannot be found.")
    found.role = None
    return {}


def delete(scope: Scope, params: Params) -> Params:
    """Delete an instance profile without a role."""
    found = _known(scope, params)
    if found.role:
        raise rules.conflict("Cannot delete entity, must remove roles from instance profile first.")
    del scope.account.instance_profiles[found.name]
    return {}


def _known(scope: Scope, params: Params) -> InstanceProfile:
    name = params["InstanceProfileName"]
    if name not in scope.account.instance_profiles:
        raise rules.missing(f"Instance Profile {name} cannot be found.")
    return scope.account.instance_profiles[name]


def _shown(scope: Scope, found: InstanceProfile, *, in_list: bool = False) -> Params:
    role = scope.account.roles.get(found.role) if found.role else None
    answer: Params = {
        "Path": found.path,
        "InstanceProfileName": found.name,
        "InstanceProfileId": found.profile_id,
        "Arn": found.arn,
        "CreateDate": found.created,
        "Roles": [rules.shown(scope, role, in_list=True)] if role else [],
    }
    return answer | ({"Tags": tag_forms.as_pairs(found.tags)} if found.tags and not in_list else {})


def _on_profile(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    name = params["InstanceProfileName"]
    found = scope.account.instance_profiles.get(name)
    return found.arn if found else f"arn:aws:iam::{scope.account.account_id}:instance-profile/{name}", None


def _on_role(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.arn_of(scope, "role", params["RoleName"]), None


OPERATIONS = {
    "CreateInstanceProfile": Operation(create, target=None),
    "GetInstanceProfile": Operation(get, _on_profile),
    "ListInstanceProfiles": Operation(list_all),
    "ListInstanceProfilesForRole": Operation(of_role, _on_role),
    "AddRoleToInstanceProfile": Operation(add_role, _on_profile),
    "RemoveRoleFromInstanceProfile": Operation(remove_role, _on_profile),
    "DeleteInstanceProfile": Operation(delete, _on_profile),
}


FIDELITY = (
    Behaviour(
        "Instance profiles are records: made with tags, listed, with one role that the caller may pass to EC2; a role "
        "that is in one is not deleted",
        "botocore, DG; texts: recordings; `iam:PassedToService`: assumed",
        "test_iam_account.py::test_an_instance_profile_holds_one_role",
    ),
    Behaviour(
        "Instance profiles on instances, and their tags after they are made: 501",
        "missing",
    ),
)
