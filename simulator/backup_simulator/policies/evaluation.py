"""May somebody do something: the policy evaluation logic, as one pure function.

Source: IAM User Guide, policy evaluation logic (one account, cross-account), permissions boundaries, SCPs, RCPs,
and the endings of access denied messages. In the order in which AWS looks:

1. An explicit Deny in any policy ends it.
2. Every level of the organization above the resource's account must allow (RCPs), then every level above the caller's
   account (SCPs).
3. A resource policy that names the user, the session or the service itself is enough within one account.
4. Identity policies must allow, or, within one account, a resource policy that names the role (or everybody);
   across accounts both must. A resource policy that names the account leaves it to the identity policies.
5. The permissions boundary must allow, if there is one.
6. The session policies must allow, if there are any.

KMS keys and role trust differ in one point: there the resource policy must speak in every case (`resource_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from . import policy
from .policy import Verdict
from .principal_element import Grant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .policy import Policy, Question

_RESOURCE = "resource-based policy"


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything that has a say about one question; None means that there is no such policy.

    `control` holds the SCPs and `resource_control` the RCPs by level, from the root down to the account; they are empty
    where such policies do not apply.
    """

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    control: Sequence[Sequence[Policy]] = ()
    resource_control: Sequence[Sequence[Policy]] = ()
    resource: Policy | None = None
    same_account: bool = True
    resource_rules: bool = False


def refusal(policies: Policies, question: Question) -> str | None:
    """Why a question is answered with no, in the words with which AccessDenied ends; None is a yes."""
    grant = policy.granted(policies.resource, question, bounded=policies.boundary is not None)
    denying = _denying(policies, question, grant)
    if denying:
        return f"with an explicit deny in {denying}"
    lacking = _lacking(policies, question, grant or Grant.NOTHING)
    return f"because no {lacking} allows the {question.action} action" if lacking else None


def _denying(policies: Policies, question: Question, grant: Grant | None) -> str | None:
    """The first kind of policy that denies, in the order of the documentation."""
    if any(_says(level, question) is Verdict.DENY for level in policies.resource_control):
        return "a resource control policy"
    if any(_says(level, question) is Verdict.DENY for level in policies.control):
        return "a service control policy"
    if grant is None:
        return "a resource-based policy"
    if _says(policies.identity, question) is Verdict.DENY:
        return "an identity-based policy"
    if policies.boundary and _says([policies.boundary], question) is Verdict.DENY:
        return "a permissions boundary"
    if policies.session is not None and _says(policies.session, question) is Verdict.DENY:
        return "a session policy"
    return None


def _lacking(policies: Policies, question: Question, grant: Grant) -> str | None:
    """The first kind of policy that should allow and does not."""
    return next((kind for kind, allows in _needed(policies, question, grant) if not allows), None)


def _needed(policies: Policies, question: Question, grant: Grant) -> Iterator[tuple[str, bool]]:
    """Which kinds of policy must allow, in order, and whether they do."""
    for level in policies.resource_control:
        yield "resource control policy", _says(level, question) is Verdict.ALLOW
    if question.principal.kind in {"service", "federated"}:
        yield _RESOURCE, grant is not Grant.NOTHING
        return
    for level in policies.control:
        yield "service control policy", _says(level, question) is Verdict.ALLOW
    if policies.same_account and grant is Grant.DIRECT:
        return
    if policies.resource_rules:
        yield _RESOURCE, grant is not Grant.NOTHING
    if not (policies.same_account and grant is Grant.ROLE):
        yield "identity-based policy", _says(policies.identity, question) is Verdict.ALLOW
    if policies.boundary:
        yield "permissions boundary", _says([policies.boundary], question) is Verdict.ALLOW
    if policies.session is not None:
        yield "session policy", _says(policies.session, question) is Verdict.ALLOW
    if not policies.same_account:
        yield _RESOURCE, grant is not Grant.NOTHING


def _says(policies: Sequence[Policy], question: Question) -> Verdict:
    return policy.judge_identity(policies, question)


FIDELITY = (
    Behaviour(
        "Deny, RCPs, SCPs, resource policy, identity policies, boundary, session policies: union in one account, "
        "intersection across accounts",
        "DG",
        "test_evaluation.py::test_policies_decide_together",
    ),
    Behaviour(
        "Endings of AccessDenied: `because no … allows the … action`, `with an explicit deny in …`",
        "DG; which policy is named when several refuse: assumed; the policy's ARN, which AWS may add: missing",
        "test_evaluation.py::test_policies_decide_together",
    ),
    Behaviour(
        "VPC endpoint policies",
        "missing",
    ),
)
