"""KMS keys: create, describe, their policies, states, tags; aliases and grants stand in modules of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import anchors, gate, policy
from ...records import keys
from ...wire import AwsError, CommonError, Params
from ..operation import Operation, Scope, request_tags
from . import lookup

if TYPE_CHECKING:
    from ...records.state import Key, State

DAY = 86_400
POLICY_NAME = "default"
MAX_POLICY = 32_768
"""KMS's quota on the size of a key policy document in bytes."""
# What a key may be here; anything else of CreateKey is not modelled.
PLAIN = {
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "MultiRegion": False,
}
UNMODELLED = ("CustomKeyStoreId", "XksKeyId")
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def create_key(scope: Scope, params: Params) -> Params:
    """Create a customer managed key."""
    _require_plain(params)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in params.get("Tags", [])}
    scope.authorise("kms:CreateKey", "*", keys=request_tags(tags))
    if tags:
        scope.authorise("kms:TagResource", "*", keys=request_tags(tags))
    stored = _policy(scope, params["Policy"]) if "Policy" in params else None
    if stored:
        _require_no_lockout(scope, stored, params)
    key = keys.create(scope.state, scope.account.account_id, scope.region_name, scope.now)
    key.description, key.tags = params.get("Description", ""), tags
    key.policy = stored or key.policy
    return {"KeyMetadata": _metadata(key)}


def _require_plain(params: Params) -> None:
    other = [name for name, value in PLAIN.items() if params.get(name, value) != value]
    other += [name for name in UNMODELLED if name in params]
    if other:
        text = (
            f"The simulator does not implement kms:CreateKey with {', '.join(other)} of another kind than the default"
        )
        raise CommonError("NotImplemented", text)


def describe_key(scope: Scope, params: Params) -> Params:
    """Describe a key by id, ARN, alias or alias ARN; across accounts by ARN."""
    return {"KeyMetadata": _metadata(lookup.allowed(scope, params["KeyId"], "kms:DescribeKey"))}


def get_key_policy(scope: Scope, params: Params) -> Params:
    """Give the key policy of a key of this account."""
    key = lookup.own(scope, params["KeyId"], "kms:GetKeyPolicy")
    _require_policy_name(params)
    return {"Policy": json.dumps(anchors.rendered(scope.state, key.policy), indent=2), "PolicyName": POLICY_NAME}


def put_key_policy(scope: Scope, params: Params) -> Params:
    """Replace the key policy, unless nobody could replace it again."""
    key = lookup.customer(scope, params["KeyId"], "kms:PutKeyPolicy")
    _require_policy_name(params)
    lookup.require_not_pending(key)
    stored = _policy(scope, params["Policy"])
    _require_no_lockout(scope, stored, params)
    key.policy = stored
    return {}


def list_key_policies(scope: Scope, params: Params) -> Params:
    """List the names of a key's policies: there is one."""
    lookup.own(scope, params["KeyId"], "kms:ListKeyPolicies")
    return lookup.page(params, [POLICY_NAME], "PolicyNames")


def _require_policy_name(params: Params) -> None:
    if params.get("PolicyName", POLICY_NAME) != POLICY_NAME:
        raise AwsError("NotFoundException", f"No such policy exists: {params['PolicyName']}")


def _policy(scope: Scope, text: str) -> policy.Policy:
    if len(text.encode()) > MAX_POLICY:
        raise AwsError("LimitExceededException", f"Policy exceeds the maximum of {MAX_POLICY} bytes")
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except anchors.UnknownPrincipalError:
        message = "Policy contains a statement with one or more invalid principals."
        raise AwsError("MalformedPolicyDocumentException", message) from None
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None


def _require_no_lockout(scope: Scope, stored: policy.Policy, params: Params) -> None:
    """The caller has to stay able to put the next policy, directly or through its account."""
    if params.get("BypassPolicyLockoutSafetyCheck"):
        return
    arn = f"arn:aws:kms:{scope.region_name}:{scope.account.account_id}:key/*"
    keys_known = {"kms:calleraccount": (scope.principal.account,)} | scope.known
    asked = gate.question(scope.state, scope.principal, "kms:PutKeyPolicy", arn, keys_known)
    said = policy.judge_resource(stored, asked)
    if said not in {policy.Verdict.ALLOW, policy.Verdict.DELEGATE}:
        raise AwsError("MalformedPolicyDocumentException", LOCKOUT)


def list_keys(scope: Scope, params: Params) -> Params:
    """List the keys of the Region in order of creation."""
    scope.authorise("kms:ListKeys", "*")
    found = [{"KeyId": key.key_id, "KeyArn": key.arn} for key in scope.region.keys.values()]
    return lookup.page({"Limit": 100} | params, found, "Keys")


def disable_key(scope: Scope, params: Params) -> Params:
    """Disable a key."""
    return _switched(scope, params, "kms:DisableKey", "Disabled")


def enable_key(scope: Scope, params: Params) -> Params:
    """Enable a key."""
    return _switched(scope, params, "kms:EnableKey", "Enabled")


def _switched(scope: Scope, params: Params, action: str, state: str) -> Params:
    key = lookup.customer(scope, params["KeyId"], action)
    lookup.require_not_pending(key)
    key.state = state
    return {}


def schedule_key_deletion(scope: Scope, params: Params) -> Params:
    """Mark a key for deletion: unusable from now on, gone when the window is over."""
    key = lookup.customer(scope, params["KeyId"], "kms:ScheduleKeyDeletion")
    lookup.require_not_pending(key)
    days = params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30")
    key.state, key.pending_days, key.deletion_date = "PendingDeletion", days, scope.now + days * DAY
    state = scope.state
    state.scheduler.at(key.deletion_date, _destroy, state, key)
    return {"KeyId": key.arn, "DeletionDate": key.deletion_date, "KeyState": key.state, "PendingWindowInDays": days}


def _destroy(state: State, key: Key, moment: float) -> None:
    """Delete a key with its aliases, unless the deletion was cancelled or put off meanwhile."""
    if key.state != "PendingDeletion" or key.deletion_date is None or key.deletion_date > moment:
        return
    region = state.accounts[key.account].region(key.region)
    region.keys.pop(key.key_id, None)
    for alias in [name for name, key_id in region.aliases.items() if key_id == key.key_id]:
        del region.aliases[alias]


def cancel_key_deletion(scope: Scope, params: Params) -> Params:
    """Keep a key that awaited its deletion; it is disabled then."""
    key = lookup.customer(scope, params["KeyId"], "kms:CancelKeyDeletion")
    if key.state != "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    key.state, key.pending_days, key.deletion_date = "Disabled", None, None
    return {"KeyId": key.arn}


def update_description(scope: Scope, params: Params) -> Params:
    """Describe a key in other words."""
    key = lookup.customer(scope, params["KeyId"], "kms:UpdateKeyDescription")
    lookup.require_not_pending(key)
    key.description = params["Description"]
    return {}


def tag_resource(scope: Scope, params: Params) -> Params:
    """Add or replace tags of a key."""
    key = lookup.customer(scope, params["KeyId"], "kms:TagResource")
    lookup.require_not_pending(key)
    added = {tag["TagKey"]: tag["TagValue"] for tag in params["Tags"]}
    if any(name.startswith("aws:") for name in added):
        raise AwsError("TagException", "Tag keys cannot start with aws:")
    if len(key.tags | added) > 50:
        raise AwsError("LimitExceededException", "A key has 50 tags at most.")
    key.tags |= added
    return {}


def untag_resource(scope: Scope, params: Params) -> Params:
    """Remove tags of a key; absent ones do not matter."""
    key = lookup.customer(scope, params["KeyId"], "kms:UntagResource")
    lookup.require_not_pending(key)
    for name in params["TagKeys"]:
        key.tags.pop(name, None)
    return {}


def list_resource_tags(scope: Scope, params: Params) -> Params:
    """List the tags of a key."""
    key = lookup.own(scope, params["KeyId"], "kms:ListResourceTags")
    tags = [{"TagKey": name, "TagValue": value} for name, value in sorted(key.tags.items())]
    return lookup.page(params, tags, "Tags")


def _metadata(key: Key) -> Params:
    return {
        "AWSAccountId": key.account,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": PLAIN["KeyUsage"],
        "KeyState": key.state,
        "DeletionDate": key.deletion_date,
        "PendingDeletionWindowInDays": key.pending_days,
        "Origin": PLAIN["Origin"],
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": PLAIN["CustomerMasterKeySpec"],
        "KeySpec": PLAIN["KeySpec"],
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": PLAIN["MultiRegion"],
    }


OPERATIONS = {
    "CreateKey": Operation(create_key, target=None),
    "DescribeKey": Operation(describe_key, target=None),
    "GetKeyPolicy": Operation(get_key_policy, target=None),
    "PutKeyPolicy": Operation(put_key_policy, target=None),
    "ListKeyPolicies": Operation(list_key_policies, target=None),
    "ListKeys": Operation(list_keys, target=None),
    "DisableKey": Operation(disable_key, target=None),
    "EnableKey": Operation(enable_key, target=None),
    "ScheduleKeyDeletion": Operation(schedule_key_deletion, target=None),
    "CancelKeyDeletion": Operation(cancel_key_deletion, target=None),
    "UpdateKeyDescription": Operation(update_description, target=None),
    "TagResource": Operation(tag_resource, target=None),
    "UntagResource": Operation(untag_resource, target=None),
    "ListResourceTags": Operation(list_resource_tags, target=None),
}

FIDELITY = (
    Behaviour(
        "PutKeyPolicy: `Policy contains a statement with one or more invalid principals.`",
        "issue",
        "test_accounts.py::test_a_key_policy_names_only_who_exists",
    ),
    Behaviour(
        "Lockout safety check of CreateKey and PutKeyPolicy, unless it is bypassed",
        "DG",
        "test_kms_keys.py::test_nobody_locks_itself_out_of_a_key",
    ),
    Behaviour(
        "Keys that are disabled or await deletion: DisabledException, KMSInvalidStateException; "
        "after 7 to 30 days they are gone, CancelKeyDeletion leaves them disabled",
        "DG; texts assumed",
        "test_kms_keys.py::test_a_key_goes_when_its_window_is_over",
    ),
    Behaviour(
        "Keys of other kinds (asymmetric, multi-Region, imported, external), rotation, and the use of keys "
        "(Encrypt, Decrypt, ...)",
        "missing",
    ),
)
