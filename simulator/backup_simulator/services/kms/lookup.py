"""Finding KMS keys by their names, and judging the caller: key policy first, identity policies where it delegates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from ... import arns
from ...fidelity import Behaviour
from ...identity import gate, key_access
from ...records import keys
from ...wire import AwsError, CommonError, Params
from .. import pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...policies.condition_keys import ConditionKeys
    from ...records.grants import Grant
    from ...records.state import Key
    from ..operation import Scope

Item = TypeVar("Item")
_UUID = re.compile(r"[0-9a-fA-F-]{36}")
DEFAULT_PAGE = 50
FOREIGN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access"
)


def found(scope: Scope, name: str, action: str) -> Key:
    """Find a key by any of its names; another account's only by ARN, and without a word on whether it exists."""
    account, region, rest = scope.account.account_id, scope.region_name, name
    if name.startswith("arn:"):
        service, region, account, rest = arns.of(name)
        if service != "kms":
            raise AwsError("InvalidArnException", f"Invalid arn {name}")
        if region != scope.region_name:
            raise AwsError("NotFoundException", f"Invalid arn {region}")
        rest = rest.removeprefix("key/")
    key = _held(scope, account, rest)
    if key is not None:
        return key
    if account != scope.account.account_id:
        raise foreign(scope, action)
    if rest.startswith("alias/"):
        raise AwsError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{rest} is not found.")
    if not _UUID.fullmatch(rest):
        raise AwsError("NotFoundException", f"Invalid keyId '{rest}'")
    raise missing(f"arn:aws:kms:{region}:{account}:key/{rest}")


def _held(scope: Scope, account: str, name: str) -> Key | None:
    """The key of an account behind an id or alias; keys of AWS come into being when their account names them."""
    if account not in scope.state.accounts:
        return None
    if name in keys.MANAGED and account == scope.account.account_id:
        return keys.managed(scope.state, account, scope.region_name, name, scope.now)
    held = scope.state.accounts[account].region(scope.region_name)
    return held.keys.get(held.aliases.get(name, "") if name.startswith("alias/") else name)


def foreign(scope: Scope, action: str) -> CommonError:
    """The answer about a key of another account, AWS's own ones among them, that does not admit the caller."""
    return CommonError(
        "AccessDenied", f"User: {scope.principal.arn} is not authorized to perform: {action} on this resource {FOREIGN}"
    )


def missing(arn: str) -> AwsError:
    """The answer for a key of the caller's account that is not there."""
    return AwsError("NotFoundException", f"Key '{arn}' does not exist")


def allowed(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key that the caller may use so; another account's does not say whether it exists to whom it does not admit."""
    key = found(scope, name, action)
    reason = _refusal(scope, key, name, action, known)
    if reason and key.account != scope.account.account_id:
        raise foreign(scope, action)
    if reason:
        raise _denied(scope, key, action, reason)
    return key


def require(scope: Scope, key: Key, action: str, known: ConditionKeys | None = None) -> None:
    """Raise AccessDenied unless the caller may do this with a key."""
    reason = _refusal(scope, key, "", action, known)
    if reason:
        raise _denied(scope, key, action, reason)


def _refusal(scope: Scope, key: Key, name: str, action: str, known: ConditionKeys | None) -> str | None:
    asked = scope.known | dict(known or {})
    place = name.find("alias/")
    if place >= 0:
        asked["kms:requestalias"] = (name[place:],)
    return key_access.refusal(scope.state, scope.principal, key, action, asked)


def _denied(scope: Scope, key: Key, action: str, reason: str) -> CommonError:
    return CommonError("AccessDenied", gate.denial(scope.principal, action, key.arn, reason))


def own(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key of the caller's account, named by id or ARN."""
    if "alias/" in name:
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    key = allowed(scope, name, action, known)
    if key.account != scope.account.account_id:
        raise foreign(scope, action)
    return key


def customer(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key of the caller's account that AWS does not manage."""
    key = own(scope, name, action, known)
    if key.manager == "AWS":
        raise CommonError("AccessDenied", f"Key {key.arn} is managed by AWS and cannot be changed")
    return key


def require_not_pending(key: Key) -> None:
    """Keys that await their deletion take no changes."""
    if key.state == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


def require_enabled(key: Key) -> None:
    """Keys in use have to be enabled."""
    require_not_pending(key)
    if key.state != "Enabled":
        raise AwsError("DisabledException", f"{key.arn} is disabled.")


def by_token(scope: Scope, token: str) -> tuple[Key, Grant]:
    """The grant of the Region that a token stands for, with its key; raises InvalidGrantToken for any other text."""
    held = (key for account in scope.state.accounts.values() for key in account.region(scope.region_name).keys.values())
    for key in held:
        for grant in key.grants.values():
            if grant.token == token:
                return key, grant
    raise AwsError("InvalidGrantTokenException", "Grant token is not valid")


def page(params: Params, items: Sequence[Item], member: str) -> Params:
    """One page of a list in KMS's manner: Limit, Marker, NextMarker, Truncated."""
    try:
        shown, more = pages.by_position(items, params.get("Marker"), params.get("Limit", DEFAULT_PAGE))
    except pages.BadTokenError:
        raise AwsError("InvalidMarkerException", "Could not deserialize marker") from None
    return {member: shown, "Truncated": more is not None, "NextMarker": more}


FIDELITY = (
    Behaviour(
        "DescribeKey by id, ARN, alias, alias ARN",
        "recordings",
        "test_accounts.py::test_a_key_is_found_by_all_its_names",
    ),
    Behaviour(
        "A foreign key that does not admit the caller, is not there, or is AWS's own is AccessDenied, in AWS's words",
        "issue (DescribeKey, Encrypt, Decrypt, GenerateDataKey); the other operations: assumed",
        "test_accounts.py::test_a_foreign_key_is_seen_when_its_policy_says_so",
    ),
    Behaviour(
        "`alias/aws/*` keys come into being when named; KeyManager AWS",
        "DG",
        "test_accounts.py::test_keys_of_aws_come_into_being_when_they_are_named",
    ),
    Behaviour(
        "KMS lists have pages of 50 by default; a marker is a position, bound to nothing",
        "DG (50 for grants); markers assumed",
        "test_kms_keys.py::test_kms_lists_come_in_pages",
    ),
)
