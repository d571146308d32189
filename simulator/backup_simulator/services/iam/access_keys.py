"""IAM: the access keys of users, and when they were last used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import principals
from ...records.state import Credential
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope
from . import rules

if TYPE_CHECKING:
    from ...identity.policy import Policy
    from ...records.state import Identity

KEYS_PER_USER = 2
NEVER = "N/A"


def create(scope: Scope, params: Params) -> Params:
    """Make an access key of a user; two at most, inactive ones included."""
    user = _user(scope, params)
    if len(of_user(scope, user)) >= KEYS_PER_USER:
        raise rules.exceeded(f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
    ids = scope.state.ids
    principal = principals.of_identity(user)
    made = Credential(ids.upper("AKIA", 16), ids.secret(), principal, created=scope.now)
    scope.state.credentials[made.key_id] = made
    return {"AccessKey": _shown(made) | {"SecretAccessKey": made.secret}}


def list_all(scope: Scope, params: Params) -> Params:
    """List the access keys of a user."""
    user = _user(scope, params)
    return rules.page([_shown(one) for one in of_user(scope, user)], params, "AccessKeyMetadata")


def update(scope: Scope, params: Params) -> Params:
    """Let a key open nothing until it is active again; sessions that it opened go on."""
    found, status = _own(scope, params), params["Status"]
    if status not in {"Active", "Inactive"}:
        raise AwsError("InvalidInput", f"The status of an access key cannot be set to {status}.")
    scope.state.credentials[found.key_id] = replace(found, active=status == "Active")
    return {}


def delete(scope: Scope, params: Params) -> Params:
    """Delete an access key; it opens nothing any more."""
    found = _own(scope, params)
    del scope.state.credentials[found.key_id]
    scope.state.key_uses.pop(found.key_id, None)
    return {}


def last_used(scope: Scope, params: Params) -> Params:
    """Tell when, for which service and in which Region a key of the account was used last."""
    found = scope.state.credentials.get(params["AccessKeyId"])
    scope.authorise("iam:GetAccessKeyLastUsed", found.principal.arn if found else "*")
    if found is None or found.token is not None:
        raise rules.missing(f"The Access Key with id {params['AccessKeyId']} cannot be found.")
    if found.principal.account != scope.principal.account:
        raise CommonError("AccessDenied", "The access key belongs to another account.")
    use = scope.state.key_uses.get(found.key_id)
    said = {"ServiceName": use.service, "Region": use.region} if use else {"ServiceName": NEVER, "Region": NEVER}
    return {
        "UserName": found.principal.name,
        "AccessKeyLastUsed": said | ({"LastUsedDate": use.when} if use else {}),
    }


def of_user(scope: Scope, user: Identity) -> list[Credential]:
    """The keys of a user, without the sessions."""
    credentials = scope.state.credentials.values()
    return [one for one in credentials if one.principal.unique_id == user.unique_id and one.token is None]


def _user(scope: Scope, params: Params) -> Identity:
    return rules.identity(scope, "user", params.get("UserName", scope.principal.name))


def _own(scope: Scope, params: Params) -> Credential:
    wanted = params["AccessKeyId"]
    found = next((one for one in of_user(scope, _user(scope, params)) if one.key_id == wanted), None)
    if found is None:
        raise rules.missing(f"The Access Key with id {wanted} cannot be found.")
    return found


def _shown(found: Credential) -> Params:
    return {
        "UserName": found.principal.name,
        "AccessKeyId": found.key_id,
        "Status": "Active" if found.active else "Inactive",
        "CreateDate": found.created,
    }


def _on_user(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.named(scope, "user", params), None


OPERATIONS = {
    "CreateAccessKey": Operation(create, _on_user),
    "ListAccessKeys": Operation(list_all, _on_user),
    "UpdateAccessKey": Operation(update, _on_user),
    "DeleteAccessKey": Operation(delete, _on_user),
    "GetAccessKeyLastUsed": Operation(last_used, target=None),
}


FIDELITY = (
    Behaviour(
        "Users' access keys: two at most, usable at once (AWS: after seconds)",
        "DG",
        "test_iam.py::test_access_keys_are_made_and_deleted",
    ),
    Behaviour(
        "An inactive key is refused like an unknown one, from the next call on; sessions that it opened go on",
        "botocore, issue (the code); that sessions go on: assumed",
        "test_iam_keys.py::test_an_inactive_key_opens_nothing",
    ),
    Behaviour(
        "GetAccessKeyLastUsed: the last signed call, whether it was allowed or not, at once and to the second (AWS: "
        "later, rounded); N/A before the first",
        "botocore; that refused calls count: assumed",
        "test_iam_keys.py::test_when_a_key_was_last_used",
    ),
)
