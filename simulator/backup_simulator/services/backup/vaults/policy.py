"""Vault access policies: what may be put, and how it reads back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....identity import anchors
from ....policies import policy
from ....wire import AwsError, CommonError, Params
from ...operation import Operation, Scope
from .. import lookup

if TYPE_CHECKING:
    from ....records.state import Vault

SHARING = (
    "The specified policy cannot be added to the vault due to cross-account sharing restrictions. "
    "Amend the policy or the vault's settings, then retry request"
)
COPY_INTO = "backup:copyintobackupvault"
_ACCOUNT = re.compile(r"(?:arn:aws:(?:iam|sts)::)?(\d{12})(?::.*)?")


def put(scope: Scope, params: Params) -> Params:
    """Store a vault access policy after AWS's checks."""
    vault = lookup.vault(scope, params)
    if "Policy" not in params:
        raise AwsError("MissingParameterValueException", "Policy is missing")
    try:
        document = policy.parse(params["Policy"])
        stored = anchors.anchored(scope.state, document)
    except anchors.UnknownPrincipalError:
        raise AwsError("InvalidParameterValueException", "Provided principal is not valid") from None
    except policy.MalformedPolicyError as error:
        raise AwsError("InvalidParameterValueException", f"The specified policy is not valid. {error}") from None
    require_admissible(vault, document)
    vault.policy = stored
    return {}


def require_admissible(vault: Vault, document: policy.Document) -> None:
    """Raise an AwsError for a well-formed policy that AWS Backup does not take for this vault."""
    for statement in policy.items(document["Statement"]):
        _check(vault, statement)


def _check(vault: Vault, statement: policy.Document) -> None:
    actions = [str(action) for action in policy.items(statement.get("Action", statement.get("NotAction")))]
    if any("*" in action or "?" in action or ":" not in action for action in actions):
        raise AwsError(
            "InvalidParameterValueException", "The specified policy is not valid. Wildcards are not allowed in Action"
        )
    if not policy.items(statement.get("Principal")) or statement.get("Principal") is None:
        raise AwsError("InvalidParameterValueException", "The specified policy is not valid. Principal is missing")
    foreign = any(_is_foreign(vault, kind, value) for kind, value in policy.principals(statement["Principal"]))
    beyond = "NotAction" in statement or any(action.lower() != COPY_INTO for action in actions)
    if statement["Effect"] == "Allow" and foreign and beyond:
        raise CommonError("AccessDenied", SHARING)


def _is_foreign(vault: Vault, kind: str, value: str) -> bool:
    if kind != "AWS":
        return False
    account = _ACCOUNT.fullmatch(value)
    return account is None or account[1] != vault.account


def get(scope: Scope, params: Params) -> Params:
    """Give the policy back the way AWS normalises it; a missing vault is refused without a word."""
    vault = lookup.vault(scope, params, words="")
    document = anchors.rendered(scope.state, _stored(vault))
    return {"BackupVaultName": vault.name, "BackupVaultArn": vault.arn, "Policy": json.dumps(document)}


def delete(scope: Scope, params: Params) -> Params:
    """Remove the policy."""
    vault = lookup.vault(scope, params)
    _stored(vault)
    vault.policy = None
    return {}


def _stored(vault: Vault) -> policy.Policy:
    if vault.policy is None:
        raise AwsError("ResourceNotFoundException", f"Backup Vault {vault.arn} has no associated POLICY")
    return vault.policy


OPERATIONS = {
    "PutBackupVaultAccessPolicy": Operation(put, lookup.on_vault),
    "GetBackupVaultAccessPolicy": Operation(get, lookup.on_vault),
    "DeleteBackupVaultAccessPolicy": Operation(delete, lookup.on_vault),
}


FIDELITY = (
    Behaviour(
        "Vault policy: no wildcard in Action; across accounts only CopyIntoBackupVault, else 403 with the sharing text",
        "DG, issue; code of the wildcard assumed",
        "test_vaults.py::test_only_copies_may_be_allowed_across_accounts",
    ),
    Behaviour(
        "`… has no associated POLICY` on Get and on Delete",
        "issue; on Delete assumed",
        "test_vaults.py::test_a_vault_without_a_policy_says_so",
    ),
)
