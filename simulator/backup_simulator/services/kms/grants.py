"""KMS grants: create, list, retire, revoke; they work at once, not within AWS's five minutes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import gate, key_access
from ...records.grants import Grant
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope
from . import lookup

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys
    from ...records.state import Key, State

PRINCIPAL = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(root|(?:role|user|assumed-role|federated-user)/.+)")
MAX_GRANTS = 50_000


def create(scope: Scope, params: Params) -> Params:
    """Grant the use of a key; a named grant that says the same is found again."""
    operations = tuple(params["Operations"])
    _require_parties(scope.state, params)
    key = lookup.allowed(scope, params["KeyId"], "kms:CreateGrant", _keys(params, operations))
    lookup.require_enabled(key)
    if params.get("DryRun"):
        raise _dry()
    grant = _same(key, params, operations)
    if grant is None:
        if len(key.grants) >= MAX_GRANTS:
            raise AwsError("LimitExceededException", "Grants limit exceeded")
        grant = _made(scope, params, operations)
        key.grants[grant.grant_id] = grant
    return {"GrantId": grant.grant_id, "GrantToken": grant.token}


def _keys(params: Params, operations: tuple[str, ...]) -> GatheredKeys:
    """The condition keys of a grant; a caller of its own is no AWS resource."""
    found: GatheredKeys = {"kms:grantoperations": operations, "kms:grantisforawsresource": ("false",)}
    if "GranteePrincipal" in params:
        found["kms:granteeprincipal"] = (params["GranteePrincipal"],)
    if "RetiringPrincipal" in params:
        found["kms:retiringprincipal"] = (params["RetiringPrincipal"],)
    if params.get("Constraints"):
        found["kms:grantconstrainttype"] = tuple(params["Constraints"])
    return found


def _require_parties(state: State, params: Params) -> None:
    """Somebody is granted to, and everybody who is named exists."""
    if ("GranteePrincipal" in params) == ("GranteeServicePrincipal" in params):
        raise AwsError("ValidationException", "Specify one of GranteePrincipal and GranteeServicePrincipal")
    for member in ("GranteePrincipal", "RetiringPrincipal"):
        if member in params and not _exists(state, params[member]):
            raise AwsError("InvalidArnException", f"ARN does not refer to a valid principal: {params[member]}")


def _exists(state: State, arn: str) -> bool:
    named = PRINCIPAL.fullmatch(arn)
    account = state.accounts.get(named[1]) if named else None
    if named is None or account is None:
        return False
    kind, _, name = named[2].partition("/")
    if kind == "role":
        return state.role(arn) is not None
    if kind == "user":
        return name.rpartition("/")[2] in account.users
    return True


def _same(key: Key, params: Params, operations: tuple[str, ...]) -> Grant | None:
    """A grant of the same name with the same parameters (botocore's documentation of Name)."""
    if "Name" not in params:
        return None
    asked = (params["Name"], _grantee(params), operations, params.get("Constraints", {}), _retiring(params))
    for grant in key.grants.values():
        if asked == (grant.name, grant.grantee, grant.operations, grant.constraints, grant.retiring):
            return grant
    return None


def _grantee(params: Params) -> str:
    return str(params.get("GranteePrincipal", params.get("GranteeServicePrincipal")))


def _retiring(params: Params) -> str | None:
    found = params.get("RetiringPrincipal", params.get("RetiringServicePrincipal"))
    return None if found is None else str(found)


def _made(scope: Scope, params: Params, operations: tuple[str, ...]) -> Grant:
    return Grant(
        grant_id=scope.state.ids.hex(64),
        token=scope.state.ids.hex(96),
        grantee=_grantee(params),
        operations=operations,
        created=scope.now,
        issuing_account=scope.account.account_id,
        name=params.get("Name"),
        retiring=_retiring(params),
        constraints=dict(params.get("Constraints", {})),
        grantee_service="GranteeServicePrincipal" in params,
        retiring_service="RetiringServicePrincipal" in params,
    )


def list_grants(scope: Scope, params: Params) -> Params:
    """List a key's grants in order of creation."""
    key = lookup.allowed(scope, params["KeyId"], "kms:ListGrants")
    if "GrantId" in params and params["GrantId"] not in key.grants:
        raise AwsError("InvalidGrantIdException", f"Grant {params['GrantId']} is not valid")
    found = [
        _shown(key, grant)
        for grant in key.grants.values()
        if params.get("GrantId") in {None, grant.grant_id}
        and params.get("GranteePrincipal") in {None, grant.grantee}
        and params.get("GranteeServicePrincipal") in {None, grant.grantee}
    ]
    return lookup.page(params, found, "Grants")


def list_retirable(scope: Scope, params: Params) -> Params:
    """List the grants of the Region that a principal of the caller's account may retire."""
    scope.authorise("kms:ListRetirableGrants", "*")
    wanted = params.get("RetiringPrincipal", params.get("RetiringServicePrincipal"))
    found = [
        _shown(key, grant)
        for account in scope.state.accounts.values()
        for key in account.region(scope.region_name).keys.values()
        for grant in key.grants.values()
        if grant.retiring == wanted
    ]
    return lookup.page(params, found, "Grants")


def _shown(key: Key, grant: Grant) -> Params:
    return {
        "KeyId": key.arn,
        "GrantId": grant.grant_id,
        "Name": grant.name or "",
        "CreationDate": grant.created,
        "GranteeServicePrincipal" if grant.grantee_service else "GranteePrincipal": grant.grantee,
        "RetiringServicePrincipal" if grant.retiring_service else "RetiringPrincipal": grant.retiring,
        "IssuingAccount": f"arn:aws:iam::{grant.issuing_account}:root",
        "Operations": list(grant.operations),
        "Constraints": grant.constraints or None,
    }


def revoke(scope: Scope, params: Params) -> Params:
    """Take a grant back, as the key's side."""
    key = lookup.allowed(scope, params["KeyId"], "kms:RevokeGrant", {"kms:grantisforawsresource": ("false",)})
    if params["GrantId"] not in key.grants:
        raise AwsError("InvalidGrantIdException", f"Grant {params['GrantId']} is not valid")
    if params.get("DryRun"):
        raise _dry()
    del key.grants[params["GrantId"]]
    return {}


def retire(scope: Scope, params: Params) -> Params:
    """Give a grant back, as the side that has it; by token, or by key and grant id."""
    key, grant = _retirable(scope, params)
    if not _may_retire(scope, key, grant):
        raise CommonError("AccessDenied", gate.denial(scope.principal, "kms:RetireGrant", key.arn))
    if params.get("DryRun"):
        raise _dry()
    del key.grants[grant.grant_id]
    return {}


def _retirable(scope: Scope, params: Params) -> tuple[Key, Grant]:
    if "GrantToken" in params:
        return lookup.by_token(scope, params["GrantToken"])
    if "KeyId" not in params or "GrantId" not in params:
        raise AwsError("ValidationException", "Specify GrantToken, or KeyId and GrantId")
    key = lookup.found(scope, params["KeyId"], "kms:RetireGrant")
    if params["GrantId"] not in key.grants:
        raise AwsError("InvalidGrantIdException", f"Grant {params['GrantId']} is not valid")
    return key, key.grants[params["GrantId"]]


def _may_retire(scope: Scope, key: Key, grant: Grant) -> bool:
    """The retiring principal, the grantee if RetireGrant was granted, the key's account by its policies."""
    mine = {scope.principal.arn, scope.principal.identity_arn, f"arn:aws:iam::{scope.principal.account}:root"}
    if grant.retiring in mine or (grant.grantee in mine and "RetireGrant" in grant.operations):
        return True
    return key_access.refusal(scope.state, scope.principal, key, "kms:RetireGrant", scope.known) is None


def _dry() -> AwsError:
    return AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun parameter was set.")


OPERATIONS = {
    "CreateGrant": Operation(create, target=None),
    "ListGrants": Operation(list_grants, target=None),
    "ListRetirableGrants": Operation(list_retirable, target=None),
    "RetireGrant": Operation(retire, target=None),
    "RevokeGrant": Operation(revoke, target=None),
}

FIDELITY = (
    Behaviour(
        "CreateGrant is judged with `kms:GrantOperations`, `kms:GranteePrincipal`, `kms:GrantIsForAWSResource` (false)",
        "DG",
        "test_kms_grants.py::test_a_grant_for_an_aws_resource_only_is_refused_to_a_user",
    ),
    Behaviour(
        "CreateGrant with the Name and parameters of an existing grant finds that grant",
        "botocore; that its token stays the same assumed",
        "test_kms_grants.py::test_a_named_grant_is_found_again",
    ),
    Behaviour(
        "Grants work at once; AWS takes up to five minutes without the grant token",
        "missing",
    ),
    Behaviour(
        "Retiring a grant: by the retiring principal, a grantee with RetireGrant, or whom the key's policies allow",
        "DG",
        "test_kms_grants.py::test_who_may_retire_a_grant",
    ),
    Behaviour(
        "Grants of a key that awaits its deletion are listed, revoked and retired; none is created",
        "DG (key states)",
        "test_kms_grants.py::test_a_key_pending_deletion_still_answers_about_its_grants",
    ),
    Behaviour(
        "Grantees and retiring principals have to exist",
        "DG; error name and text: issue (what Lambda says of KMS)",
        "test_kms_grants.py::test_a_grant_goes_to_somebody_who_exists",
    ),
)
