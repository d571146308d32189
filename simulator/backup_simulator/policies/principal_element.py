"""Whom the Principal and NotPrincipal elements of a resource policy mean.

Source: IAM User Guide, policy elements Principal and NotPrincipal, and permissions boundaries.
Stored policies hold unique ids in place of the ARNs of users and roles, see `anchors`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from . import operators

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .principal import Principal

KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class Grant(IntEnum):
    """How closely a statement names the caller; the closer, the fewer other policies can hold it back."""

    NOTHING = 0
    ACCOUNT = 1
    """Its account: the account's own policies decide."""
    ROLE = 2
    """The role, or everybody: boundary and session policy still limit."""
    DIRECT = 3
    """The user, the session or the service itself."""


def pairs(element: object) -> Iterable[tuple[str, str]]:
    """The principals of an element as (kind, value) pairs."""
    if element is None:
        return
    if element == "*":
        yield "AWS", "*"
        return
    if not isinstance(element, dict) or not element:
        raise operators.MalformedPolicyError("Principal is neither * nor an object")
    for kind, values in element.items():
        if kind not in KINDS:
            raise operators.MalformedPolicyError(f"Principal has the unknown kind {kind}")
        for value in values if isinstance(values, list) else [values]:
            yield kind, str(value)


def named(listed: Iterable[tuple[str, str]], principal: Principal, *, everybody: bool = False) -> Grant:
    """How closely a Principal element names somebody; `everybody` says that it is the bare `*`, services included."""
    if everybody:
        return Grant.ROLE
    return max((_match(kind, value, principal) for kind, value in listed), default=Grant.NOTHING)


def _match(kind: str, value: str, principal: Principal) -> Grant:
    if principal.kind in {"service", "federated"}:
        wanted = "Service" if principal.kind == "service" else "Federated"
        return Grant.DIRECT if kind == wanted and value == principal.name else Grant.NOTHING
    if kind != "AWS":
        return Grant.NOTHING
    if value == principal.arn or (value == principal.unique_id and principal.kind != "role"):
        return Grant.DIRECT
    if value in {"*", principal.unique_id, principal.identity_arn}:
        return Grant.ROLE
    return Grant.ACCOUNT if value in _account_forms(principal) else Grant.NOTHING


def left_over(listed: Iterable[tuple[str, str]], principal: Principal, *, bounded: bool) -> Grant:
    """Whether a NotPrincipal element leaves somebody to the statement.

    To be spared, the account, the role and the session must all be listed; who has a boundary is never spared.
    """
    values = {value for kind, value in listed if kind == "AWS"}
    if principal.kind in {"service", "federated"}:
        spared = any(value == principal.name for _, value in listed)
    else:
        spared = (
            bool(values & _account_forms(principal))
            and bool(values & {principal.unique_id, principal.identity_arn})
            and (principal.kind != "role" or principal.arn in values)
            and not bounded
        )
    return Grant.NOTHING if spared or "*" in values else Grant.DIRECT


def _account_forms(principal: Principal) -> set[str]:
    return {f"arn:aws:iam::{principal.account}:root", principal.account}


FIDELITY = (
    Behaviour(
        "Principals: account id, root ARN, user, role, session, `*`, Service, Federated, CanonicalUser",
        "DG",
        "test_policies.py::test_principals_of_resource_policies_match",
    ),
    Behaviour(
        "NotPrincipal with Deny spares whose account, role and session are all listed, and nobody with a boundary",
        "DG",
        "test_policies.py::test_not_principal_spares_only_who_is_listed_in_full",
    ),
    Behaviour(
        "A bare `*` means services and web identities too, `{AWS: *}` does not",
        "DG (Deny reaches services); the difference: assumed",
        "test_policies.py::test_principals_of_resource_policies_match",
    ),
    Behaviour(
        "A star as principal counts like a role's ARN: boundary and session policy limit it",
        "assumed",
        "test_evaluation.py::test_policies_decide_together",
    ),
)
