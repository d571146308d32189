"""KMS keys: create, describe, states, tags; policies, aliases and grants stand in modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import keys
from ...wire import AwsError, Params, unimplemented
from .. import tag_forms, tag_rules
from ..operation import Operation, Scope, request_tags
from . import key_policies, lookup, metadata

if TYPE_CHECKING:
    from ...records.state import Key, State

DAY = 86_400
# What a key may be here; anything else of CreateKey is not modelled.
PLAIN = {
    "KeyUsage": keys.KIND["kms:keyusage"],
    "KeySpec": keys.KIND["kms:keyspec"],
    "CustomerMasterKeySpec": keys.KIND["kms:keyspec"],
    "Origin": keys.KIND["kms:keyorigin"],
}
UNMODELLED = ("CustomKeyStoreId", "MultiRegion", "XksKeyId")


def create_key(scope: Scope, params: Params) -> Params:
    """Create a customer managed key."""
    _require_plain(params)
    tags = tag_forms.as_map(params.get("Tags", []))
    known = metadata.creation_keys(params)
    scope.authorise("kms:CreateKey", "*", keys=known | request_tags(tags))
    if tags:
        scope.authorise("kms:TagResource", "*", keys=request_tags(tags))
    stored = key_policies.parsed(scope, params["Policy"]) if "Policy" in params else None
    if stored:
        key_policies.require_no_lockout(scope, stored, params)
    key = keys.create(scope.state, scope.account.account_id, scope.region_name, scope.now)
    key.description, key.tags = params.get("Description", ""), tags
    key.policy = stored or key.policy
    return {"KeyMetadata": metadata.of(key)}


def _require_plain(params: Params) -> None:
    other = [name for name, value in PLAIN.items() if params.get(name, value) != value]
    other += [name for name in UNMODELLED if params.get(name)]
    if other:
        raise unimplemented(f"kms:CreateKey with {', '.join(other)} of another kind than the default")


def describe_key(scope: Scope, params: Params) -> Params:
    """Describe a key by id, ARN, alias or alias ARN; across accounts by ARN."""
    return {"KeyMetadata": metadata.of(lookup.allowed(scope, params["KeyId"], "kms:DescribeKey"))}


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
    days = params.get("PendingWindowInDays", 30)
    known = {"kms:schedulekeydeletionpendingwindowindays": (str(days),)}
    key = lookup.customer(scope, params["KeyId"], "kms:ScheduleKeyDeletion", known)
    lookup.require_not_pending(key)
    if not 7 <= days <= 30:
        raise AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30")
    key.state, key.deletion_date = "PendingDeletion", scope.now + days * DAY
    scope.state.scheduler.at(key.deletion_date, _destroy, scope.state, key)
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
    key.state, key.deletion_date = "Disabled", None
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
    tag_rules.put("kms", key.tags, tag_forms.as_map(params["Tags"]))
    return {}


def untag_resource(scope: Scope, params: Params) -> Params:
    """Remove tags of a key; absent ones do not matter."""
    key = lookup.customer(scope, params["KeyId"], "kms:UntagResource")
    lookup.require_not_pending(key)
    tag_rules.take(key.tags, params["TagKeys"])
    return {}


def list_resource_tags(scope: Scope, params: Params) -> Params:
    """List the tags of a key."""
    key = lookup.own(scope, params["KeyId"], "kms:ListResourceTags")
    tags = tag_forms.as_pairs(dict(sorted(key.tags.items())), of_kms=True)
    return lookup.page(params, tags, "Tags")


OPERATIONS = {
    "CreateKey": Operation(create_key, target=None),
    "DescribeKey": Operation(describe_key, target=None),
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
        "Keys that are disabled or await deletion: DisabledException, KMSInvalidStateException; "
        "after 7 to 30 days they are gone, CancelKeyDeletion leaves them disabled",
        "DG; texts: issue (hashicorp/terraform-provider-aws 17889), of cancelling what is not to go: assumed",
        "test_kms_keys.py::test_a_key_goes_when_its_window_is_over",
    ),
    Behaviour(
        "Encrypt, Decrypt and data keys, rotation: keys are named, judged and granted here, no more: 501",
        "missing",
    ),
    Behaviour(
        "Keys of other kinds (asymmetric, HMAC, imported, in key stores, of several Regions), and what only they "
        "can: 501",
        "missing",
        "test_kms_keys.py::test_keys_of_other_kinds_are_not_implemented",
    ),
)
