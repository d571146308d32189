"""KMS: the policies of keys: reading, replacing, and staying able to replace them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors, gate
from ...policies import policy
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import lookup

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys

POLICY_NAME = "default"
MAX_POLICY = 32_768
"""KMS's quota on the size of a key policy document in bytes."""
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def get_key_policy(scope: Scope, params: Params) -> Params:
    """Give the key policy of a key of this account."""
    key = lookup.own(scope, params["KeyId"], "kms:GetKeyPolicy")
    _require_policy_name(params)
    return {"Policy": json.dumps(anchors.rendered(scope.state, key.policy), indent=2), "PolicyName": POLICY_NAME}


def put_key_policy(scope: Scope, params: Params) -> Params:
    """Replace the key policy, unless nobody could replace it again."""
    key = lookup.customer(scope, params["KeyId"], "kms:PutKeyPolicy", _bypass(params))
    _require_policy_name(params)
    stored = parsed(scope, params["Policy"])
    require_no_lockout(scope, stored, params)
    key.policy = stored
    return {}


def list_key_policies(scope: Scope, params: Params) -> Params:
    """List the names of a key's policies: there is one."""
    lookup.own(scope, params["KeyId"], "kms:ListKeyPolicies")
    return lookup.page(params, [POLICY_NAME], "PolicyNames")


def _require_policy_name(params: Params) -> None:
    if params.get("PolicyName", POLICY_NAME) != POLICY_NAME:
        raise AwsError("NotFoundException", f"No such policy exists: {params['PolicyName']}")


def _bypass(params: Params) -> GatheredKeys:
    found = "true" if params.get("BypassPolicyLockoutSafetyCheck") else "false"
    return {"kms:bypasspolicylockoutsafetycheck": (found,)}


def parsed(scope: Scope, text: str) -> policy.Policy:
    """A key policy that was sent, bound to the principals it names."""
    if len(text.encode()) > MAX_POLICY:
        raise AwsError("LimitExceededException", f"Policy exceeds the maximum of {MAX_POLICY} bytes")
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except anchors.UnknownPrincipalError:
        message = "Policy contains a statement with one or more invalid principals."
        raise AwsError("MalformedPolicyDocumentException", message) from None
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None


def require_no_lockout(scope: Scope, stored: policy.Policy, params: Params) -> None:
    """The caller has to stay able to put the next policy, directly or through its account."""
    if params.get("BypassPolicyLockoutSafetyCheck"):
        return
    arn = scope.arn("kms", "key/*")
    keys_known = {"kms:calleraccount": (scope.principal.account,)} | scope.known
    asked = gate.question(scope.state, scope.principal, "kms:PutKeyPolicy", arn, keys_known)
    said = policy.judge_resource(stored, asked)
    if said not in {policy.Verdict.ALLOW, policy.Verdict.DELEGATE}:
        raise AwsError("MalformedPolicyDocumentException", LOCKOUT)


OPERATIONS = {
    "GetKeyPolicy": Operation(get_key_policy, target=None),
    "PutKeyPolicy": Operation(put_key_policy, target=None),
    "ListKeyPolicies": Operation(list_key_policies, target=None),
}

FIDELITY = (
    Behaviour(
        "PutKeyPolicy: `Policy contains a statement with one or more invalid principals.`",
        "issue",
        "test_accounts.py::test_a_key_policy_names_only_who_exists",
    ),
    Behaviour(
        "The policy of a key that awaits its deletion can be read and replaced",
        "DG (key states)",
        "test_kms_grants.py::test_a_key_pending_deletion_still_answers_about_its_grants",
    ),
    Behaviour(
        "Lockout safety check of CreateKey and PutKeyPolicy, unless it is bypassed",
        "DG",
        "test_kms_keys.py::test_nobody_locks_itself_out_of_a_key",
    ),
)
