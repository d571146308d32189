"""Finding KMS keys by their names, and judging the caller: key policy first, identity policies where it delegates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from ... import arns
from ...fidelity import Behaviour
from ...identity import gate
from ...records import keys
from ...wire import AwsError, CommonError, Params
from .. import pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...identity.condition_keys import ConditionKeys
    from ...records.grants import Grant
    from ...records.state import Key
    from ..operation import Scope

Item = TypeVar("Item")
_UUID = re.compile(r"[0-9a-fA-F-]{36}|mrk-[0-9a-f]{32}")
DEFAULT_PAGE = 50
FOREIGN = (
    "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access"
)


def found(scope: Scope, name: str) -> Key:
    """Find a key by any of its names; another account's only by ARN."""
    account, region, rest = scope.account.account_id, scope.region_name, name
    if name.startswith("arn:"):
        service, region, account, rest = arns.of(name)
        if service != "kms":
            raise AwsError("InvalidArnException", f"Invalid arn {name}")
        if region != scope.region_name:
            raise AwsError("NotFoundException", f"Invalid arn {region}")
        rest = rest.removeprefix("key/")
    if account not in scope.state.accounts:
        raise missing(name)
    if rest.startswith("alias/"):
        return _named(scope, account, region, rest)
    held = scope.state.accounts[account].region(region).keys
    if rest not in held:
        if not _UUID.fullmatch(rest):
            raise AwsError("NotFoundException", f"Invalid keyId '{rest}'")
        raise missing(f"arn:aws:kms:{region}:{account}:key/{rest}")
    return held[rest]


def _named(scope: Scope, account: str, region: str, alias: str) -> Key:
    """The key behind an alias; those of AWS come into being when their account names them."""
    if alias in keys.MANAGED and account == scope.account.account_id:
        return keys.managed(scope.state, account, region, alias, scope.now)
    held = scope.state.accounts[account].region(region)
    key = held.keys.get(held.aliases.get(alias, ""))
    if key is None:
        raise AwsError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{alias} is not found.")
    return key


def missing(arn: str) -> AwsError:
    """The answer for a key that is not there, or not for the caller to see."""
    return AwsError("NotFoundException", f"Key '{arn}' does not exist")


def allowed(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key that the caller may use so; it may be another account's, which is hidden from whom it does not admit."""
    key = found(scope, name)
    reason = _refusal(scope, key, name, action, known)
    if reason and key.account != scope.account.account_id:
        raise missing(key.arn)
    if reason:
        raise _denied(scope, key, action, reason)
    return key


def used(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key for a cryptographic use; another account's says so when it does not admit the caller."""
    key = found(scope, name)
    reason = _refusal(scope, key, name, action, known)
    if reason and key.account != scope.account.account_id:
        reason = FOREIGN
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
    return keys.refusal(scope.state, scope.principal, key, action, asked)


def _denied(scope: Scope, key: Key, action: str, reason: str) -> CommonError:
    return CommonError("AccessDenied", gate.denial(scope.principal, action, key.arn, reason))


def own(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key of the caller's account, named by id or ARN."""
    if "alias/" in name:
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    key = allowed(scope, name, action, known)
    if key.account != scope.account.account_id:
        raise missing(key.arn)
    return key


def customer(scope: Scope, name: str, action: str, known: ConditionKeys | None = None) -> Key:
    """A key of the caller's account that AWS does not manage."""
    key = own(scope, name, action, known)
    if key.manager == "AWS":
        raise CommonError("AccessDenied", f"Key {key.arn} is managed by AWS and cannot be changed")
    return key


def is_pending(key: Key) -> bool:
    """Whether a key awaits its deletion, or that of its replicas."""
    return key.state in {"PendingDeletion", "PendingReplicaDeletion"}


def require_not_pending(key: Key) -> None:
    """Keys that await their deletion take no changes."""
    if is_pending(key):
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
        "A foreign key one may not see is NotFound",
        "recordings",
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
