"""Who may use a KMS key: its policy is the root of all access to it.

Identity policies count where the key's policy names the account, grants besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..policies import policy
from ..records.keys import KIND
from . import gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..policies.condition_keys import ConditionKeys, GatheredKeys
    from ..policies.principal import Principal
    from ..records.grants import Grant
    from ..records.state import Key, State

# Operations to which the constraints of a grant do not apply.
UNCONSTRAINED = frozenset({"DescribeKey", "RetireGrant"})


def trouble(
    state: State, key: Key | None, principal: Principal, actions: Iterable[str], known: Mapping[str, tuple[str, ...]]
) -> tuple[str, str] | None:
    """What stands between a caller and the key of a queue: the end of the error's code, and its text."""
    if key is None:
        return "NotFound", "The key does not exist."
    for action in actions:
        reason = refusal(state, principal, key, action, known)
        if reason:
            return "AccessDenied", gate.denial(principal, action, key.arn, reason)
    if key.state == "Disabled":
        return "Disabled", f"{key.arn} is disabled."
    return None if key.state == "Enabled" else ("InvalidState", f"{key.arn} is pending deletion.")


def closed_to(
    state: State, key: Key | None, service: Principal, actions: Iterable[str], known: Mapping[str, tuple[str, ...]]
) -> str:
    """Why a key does not serve what a service sends, in words that follow "the key"; empty when it does."""
    if key is None or key.state != "Enabled":
        return "cannot be used"
    for action in actions:
        asked = gate.question(state, service, action, key.arn, known)
        if policy.judge_resource(key.policy, asked) is not policy.Verdict.ALLOW:
            return f"does not let {service.name} use {action}"
    return ""


def refusal(
    state: State,
    principal: Principal,
    key: Key,
    action: str,
    keys: ConditionKeys | None = None,
) -> str | None:
    """Why a principal may not use a key, None when it may; the state of the key does not matter here."""
    known = {"kms:calleraccount": (principal.account,)} | facts_of(state, key) | dict(keys or {})
    asked = gate.question(state, principal, action, key.arn, known)
    reason = gate.refusal(state, asked, key.policy, owner=key.account, resource_rules=True)
    denied = reason is not None and reason.startswith("with an explicit deny")
    return None if not denied and granted(key, principal, action, known) else reason


def admitted(state: State, principal: Principal, key: Key, action: str, keys: ConditionKeys) -> bool:
    """Whether key policy or grants let in a principal whose own rights are AWS's affair (a service-linked role)."""
    known = {"kms:calleraccount": (principal.account,)} | facts_of(state, key) | dict(keys)
    said = policy.judge_resource(key.policy, gate.question(state, principal, action, key.arn, known))
    if said is policy.Verdict.DENY:
        return False
    return said is not policy.Verdict.SILENT or granted(key, principal, action, known)


def aliases_of(state: State, key: Key) -> GatheredKeys:
    """The condition key `kms:ResourceAliases`; a key without an alias has none."""
    region = state.accounts[key.account].region(key.region)
    found = tuple(sorted(name for name, key_id in region.aliases.items() if key_id == key.key_id))
    return {"kms:resourcealiases": found} if found else {}


def facts_of(state: State, key: Key) -> GatheredKeys:
    """The condition keys that follow from a key: its aliases, and its kind."""
    return {name: (value,) for name, value in KIND.items()} | aliases_of(state, key)


def granted(key: Key, principal: Principal, action: str, known: ConditionKeys) -> bool:
    """Whether a grant lets a principal do this; constraints compare with `kms:EncryptionContext:<name>`."""
    operation = action.removeprefix("kms:")
    return any(
        grant.grantee in {principal.arn, principal.identity_arn, principal.unique_id}
        and operation in grant.operations
        and (operation in UNCONSTRAINED or _within(grant, known))
        for grant in key.grants.values()
    )


def _within(grant: Grant, known: ConditionKeys) -> bool:
    """Whether the encryption context of a call is what a grant asks for: at least this, or exactly this."""
    prefix = "kms:encryptioncontext:"
    context = {name.removeprefix(prefix): values[0] for name, values in known.items() if name.startswith(prefix)}
    wanted = {name.lower(): value for name, value in grant.constraints.get("EncryptionContextSubset", {}).items()}
    exact = grant.constraints.get("EncryptionContextEquals")
    if exact is not None and context != {name.lower(): value for name, value in exact.items()}:
        return False
    return all(context.get(name) == value for name, value in wanted.items())


FIDELITY = (
    Behaviour(
        "Key policy first, identity policies where it names the account",
        "DG",
        "test_accounts.py::test_a_key_policy_without_the_account_locks_it_out",
    ),
    Behaviour(
        "Grants let their grantee in where no policy does; an explicit Deny wins over them",
        "DG",
        "test_kms_grants.py::test_a_grant_opens_a_key_and_revoking_it_closes_the_key",
    ),
)
