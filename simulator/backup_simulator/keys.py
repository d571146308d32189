"""KMS keys: creating them, finding them, judging their use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .identity import gate, policy
from .state import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state import Principal, Region, State


def default_policy(account: str) -> policy.Policy:
    """KMS's default: the account's IAM policies decide."""
    root = f"arn:aws:iam::{account}:root"
    return policy.compiled(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": root},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


def create(
    state: State, account: str, region: str, now: float, *, key_id: str | None = None, manager: str = "CUSTOMER"
) -> Key:
    """Create a key with the default policy."""
    key = Key(key_id or state.ids.uuid(), account, region, manager, now, default_policy(account))
    state.accounts[account].region(region).keys[key.key_id] = key
    return key


def managed(state: State, account: str, region: str, alias: str, now: float) -> Key:
    """The AWS managed key behind `alias/aws/<service>`, made on first use."""
    found: Region = state.accounts[account].region(region)
    if alias not in found.aliases:
        key = create(state, account, region, now, manager="AWS")
        key.description = f"Default key that protects my data when no other key is defined ({alias})"
        found.aliases[alias] = key.key_id
    return found.keys[found.aliases[alias]]


def refusal(
    state: State,
    principal: Principal,
    key: Key,
    action: str,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> str | None:
    """Why a principal may not use a key; the key policy is the root of all access to it."""
    asked = gate.question(state, principal, action, key.arn, keys)
    said = policy.judge_resource(key.policy, asked)
    own = gate.own_verdict(state, asked)
    if policy.Verdict.DENY in {said, own}:
        which = "an identity-based" if own is policy.Verdict.DENY else "a resource-based"
        return f"with an explicit deny in {which} policy"
    if said is policy.Verdict.SILENT:
        return f"because no resource-based policy allows the {action} action"
    same_account = principal.account == key.account
    if own is policy.Verdict.ALLOW or (said is policy.Verdict.ALLOW and same_account):
        return None
    return f"because no identity-based policy allows the {action} action"
