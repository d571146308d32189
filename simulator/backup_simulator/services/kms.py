"""KMS: keys, aliases, key policies. The key policy is judged first, identity policies where it delegates."""

from __future__ import annotations

import json
import re

from .. import keys
from ..fidelity import Behaviour
from ..identity import anchors, policy
from ..state import Key
from ..wire import AwsError, CommonError, Params
from .operation import Operation, Scope

_UUID = re.compile(r"[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}")
MANAGED_ALIASES = frozenset(f"alias/aws/{name}" for name in ("backup", "ebs", "rds", "s3", "elasticfilesystem"))


def create_key(scope: Scope, params: Params) -> Params:
    """Create a customer managed key."""
    account = scope.account.account_id
    key = keys.create(scope.state, account, scope.region_name, scope.now)
    key.description = params.get("Description", "")
    if "Policy" in params:
        key.policy = _policy(scope, params["Policy"])
    return {"KeyMetadata": _metadata(key)}


def describe_key(scope: Scope, params: Params) -> Params:
    """Describe a key by id, ARN, alias or alias ARN; across accounts by ARN."""
    return {"KeyMetadata": _metadata(_allowed(scope, params["KeyId"], "kms:DescribeKey"))}


def get_key_policy(scope: Scope, params: Params) -> Params:
    """Give the key policy of a key of this account."""
    key = _own(scope, params["KeyId"], "kms:GetKeyPolicy")
    return {"Policy": json.dumps(anchors.rendered(scope.state, key.policy), indent=2), "PolicyName": "default"}


def put_key_policy(scope: Scope, params: Params) -> Params:
    """Replace the key policy."""
    key = _own(scope, params["KeyId"], "kms:PutKeyPolicy")
    if key.manager == "AWS":
        raise AwsError("AccessDeniedException", f"Key {key.arn} is managed by AWS; its policy cannot be changed")
    key.policy = _policy(scope, params["Policy"])
    return {}


def list_keys(scope: Scope, _params: Params) -> Params:
    """List the keys of the Region, all on one page."""
    scope.authorise("kms:ListKeys", "*")
    found = [{"KeyId": key.key_id, "KeyArn": key.arn} for key in scope.region.keys.values()]
    return {"Keys": found, "Truncated": False}


def list_aliases(scope: Scope, params: Params) -> Params:
    """List aliases, all on one page; AWS's predefined aliases appear without a key until they are used."""
    scope.authorise("kms:ListAliases", "*")
    wanted = _found(scope, params["KeyId"]).key_id if "KeyId" in params else None
    aliases: dict[str, str | None] = {**dict.fromkeys(MANAGED_ALIASES), **scope.region.aliases}
    prefix = f"arn:aws:kms:{scope.region_name}:{scope.account.account_id}"
    found = [
        {"AliasName": name, "AliasArn": f"{prefix}:{name}", "TargetKeyId": key_id}
        for name, key_id in sorted(aliases.items())
        if wanted is None or key_id == wanted
    ]
    return {"Aliases": found, "Truncated": False}


def create_alias(scope: Scope, params: Params) -> Params:
    """Name a key."""
    name = params["AliasName"]
    if not name.startswith("alias/") or name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException", f"Alias {name} is not allowed")
    key = _own(scope, params["TargetKeyId"], "kms:CreateAlias")
    if name in scope.region.aliases:
        arn = f"arn:aws:kms:{scope.region_name}:{scope.account.account_id}:{name}"
        raise AwsError("AlreadyExistsException", f"An alias with the name {arn} already exists")
    scope.region.aliases[name] = key.key_id
    return {}


def disable_key(scope: Scope, params: Params) -> Params:
    """Disable a key."""
    _own(scope, params["KeyId"], "kms:DisableKey").state = "Disabled"
    return {}


def enable_key(scope: Scope, params: Params) -> Params:
    """Enable a key."""
    _own(scope, params["KeyId"], "kms:EnableKey").state = "Enabled"
    return {}


def schedule_key_deletion(scope: Scope, params: Params) -> Params:
    """Mark a key for deletion; it is unusable from now on."""
    key = _own(scope, params["KeyId"], "kms:ScheduleKeyDeletion")
    days = params.get("PendingWindowInDays", 30)
    key.state, key.pending_days, key.deletion_date = "PendingDeletion", days, scope.now + days * 86_400
    return {"KeyId": key.arn, "DeletionDate": key.deletion_date, "KeyState": key.state, "PendingWindowInDays": days}


def _policy(scope: Scope, text: str) -> policy.Policy:
    try:
        return anchors.anchored(scope.state, policy.parse(text))
    except anchors.UnknownPrincipalError:
        message = "Policy contains a statement with one or more invalid principals."
        raise AwsError("MalformedPolicyDocumentException", message) from None
    except policy.MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None


def _found(scope: Scope, name: str) -> Key:
    """Find a key by any of its names; another account's only by ARN."""
    account, region, rest = scope.account.account_id, scope.region_name, name
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) != 6 or parts[2] != "kms":
            raise AwsError("InvalidArnException", f"Invalid arn {name}")
        if parts[3] != scope.region_name:
            raise AwsError("NotFoundException", f"Invalid arn {parts[3]}")
        account, region, rest = parts[4], parts[3], parts[5].removeprefix("key/")
    if account not in scope.state.accounts:
        raise _missing(name)
    found = scope.state.accounts[account].region(region)
    if rest in MANAGED_ALIASES and account == scope.account.account_id:
        return keys.managed(scope.state, account, region, rest, scope.now)
    if rest.startswith("alias/"):
        key = found.keys.get(found.aliases.get(rest, ""))
        if key is None:
            raise AwsError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{rest} is not found.")
        return key
    if rest not in found.keys:
        if not _UUID.fullmatch(rest):
            raise AwsError("NotFoundException", f"Invalid keyId '{rest}'")
        raise _missing(f"arn:aws:kms:{region}:{account}:key/{rest}")
    return found.keys[rest]


def _missing(arn: str) -> AwsError:
    return AwsError("NotFoundException", f"Key '{arn}' does not exist")


def _allowed(scope: Scope, name: str, action: str) -> Key:
    key = _found(scope, name)
    reason = keys.refusal(scope.state, scope.principal, key, action)
    if reason and key.account != scope.account.account_id:
        raise _missing(key.arn)
    if reason:
        raise CommonError(
            "AccessDenied",
            f"User: {scope.principal.arn} is not authorized to perform: {action} on resource: {key.arn} {reason}",
        )
    return key


def _own(scope: Scope, name: str, action: str) -> Key:
    """A key of the caller's account, named by id or ARN."""
    if "alias/" in name:
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    key = _allowed(scope, name, action)
    if key.account != scope.account.account_id:
        raise _missing(key.arn)
    return key


OPERATIONS = {
    "CreateKey": Operation(create_key),
    "DescribeKey": Operation(describe_key, target=None),
    "GetKeyPolicy": Operation(get_key_policy, target=None),
    "PutKeyPolicy": Operation(put_key_policy, target=None),
    "ListKeys": Operation(list_keys, target=None),
    "ListAliases": Operation(list_aliases, target=None),
    "CreateAlias": Operation(create_alias, target=None),
    "DisableKey": Operation(disable_key, target=None),
    "EnableKey": Operation(enable_key, target=None),
    "ScheduleKeyDeletion": Operation(schedule_key_deletion, target=None),
}


def _metadata(key: Key) -> Params:
    return {
        "AWSAccountId": key.account,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state,
        "DeletionDate": key.deletion_date,
        "PendingDeletionWindowInDays": key.pending_days,
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }


FIDELITY = (
    Behaviour(
        "DescribeKey by id, ARN, alias, alias ARN",
        "recordings",
        "test_accounts.py::test_a_key_is_found_by_all_its_names",
    ),
    Behaviour(
        "A foreign key one may not see is NotFound",
        "recordings",
        "test_accounts.py::test_a_foreign_key_is_seen_when_its_policy_says_so",
    ),
    Behaviour(
        "Key policy first, identity policies where it names the account",
        "DG",
        "test_accounts.py::test_a_key_policy_without_the_account_locks_it_out",
    ),
    Behaviour(
        "`alias/aws/*` keys come into being when named; KeyManager AWS",
        "DG",
        "test_accounts.py::test_keys_of_aws_come_into_being_when_they_are_named",
    ),
    Behaviour(
        "ListAliases and ListKeys answer on one page",
        "ours (simplified)",
    ),
    Behaviour(
        "PutKeyPolicy: `Policy contains a statement with one or more invalid principals.`",
        "issue",
        "test_accounts.py::test_a_key_policy_names_only_who_exists",
    ),
    Behaviour(
        "Lockout safety check, grants, rotation",
        "missing",
    ),
)
