"""Whether a caller may do what it asks, from its own policies and the resource's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import CommonError
from . import policy
from .policy import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state import Identity, Principal, State


def identity_of(state: State, principal: Principal) -> Identity | None:
    """The user or role behind a principal, if it still exists."""
    return state.anchors.get(principal.unique_id)


def question(
    state: State, principal: Principal, action: str, resource: str, keys: Mapping[str, tuple[str, ...]] | None = None
) -> Question:
    """Put a question with the condition keys that follow from caller and resource."""
    found: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (principal.identity_arn,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": ({"user": "User", "role": "AssumedRole"}.get(principal.kind, "AnonymousService"),),
        "aws:principalisawsservice": ("true" if principal.kind == "service" else "false",),
        "aws:userid": (principal.user_id,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }
    if principal.kind == "user":
        found["aws:username"] = (principal.name,)
    found |= {f"aws:principaltag/{name.lower()}": (value,) for name, value in principal.tags}
    _organization_keys(state, found, "principal", principal.account)
    owner = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
    owner = owner or principal.account
    found["aws:resourceaccount"] = (owner,)
    _organization_keys(state, found, "resource", owner)
    return Question(action, resource, principal, found | dict(keys or {}))


def _organization_keys(state: State, found: dict[str, tuple[str, ...]], who: str, account: str) -> None:
    if state.organization and state.in_organization(account):
        found[f"aws:{who}orgid"] = (state.organization.organization_id,)
        found[f"aws:{who}orgpaths"] = (state.organization.path(account),)


def own_verdict(state: State, asked: Question) -> Verdict:
    """What the caller's own policies say; a deleted identity has none."""
    identity = identity_of(state, asked.principal)
    return policy.judge_identity(identity.policies if identity else (), asked)


def refusal(state: State, asked: Question, resource_policy: policy.Policy | None, *, owner: str) -> str | None:
    """Why an action is refused, or None when it is allowed.

    In one account either policy may allow; across accounts both must.
    """
    said = policy.judge_resource(resource_policy, asked)
    own = own_verdict(state, asked)
    if own is Verdict.DENY:
        return "with an explicit deny in an identity-based policy"
    if said is Verdict.DENY:
        return "with an explicit deny in a resource-based policy"
    if owner == asked.principal.account:
        allowed = own is Verdict.ALLOW or said is Verdict.ALLOW
    else:
        allowed = own is Verdict.ALLOW and said in {Verdict.ALLOW, Verdict.DELEGATE}
        if own is Verdict.ALLOW and not allowed:
            return f"because no resource-based policy allows the {asked.action} action"
    return None if allowed else f"because no identity-based policy allows the {asked.action} action"


def denied(asked: Question, reason: str) -> CommonError:
    """The error of a refused action, in AWS's words."""
    return CommonError(
        "AccessDenied",
        f"User: {asked.principal.arn} is not authorized to perform: {asked.action} "
        f"on resource: {asked.resource} {reason}",
    )


def authorise(
    state: State,
    principal: Principal,
    action: str,
    resource: str,
    *,
    resource_policy: policy.Policy | None = None,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """Raise AccessDenied unless the caller may act on a resource of its own account."""
    asked = question(state, principal, action, resource, keys)
    reason = refusal(state, asked, resource_policy, owner=principal.account)
    if reason:
        raise denied(asked, reason)


FIDELITY = (
    Behaviour(
        "In one account either policy may allow, across accounts both must; a Deny beats all",
        "DG",
        "test_policies.py::test_a_deny_beats_every_allow",
    ),
    Behaviour(
        "Permission boundaries, SCPs",
        "missing",
    ),
)
