"""Policy documents: read once, judged often.

Identity policies and resource policies share statements; this module says what the statements say,
`evaluation` puts the answers of all policies together.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..fidelity import Behaviour
from . import conditions, operators, principal_element, variables
from .principal_element import Grant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .condition_keys import ConditionKeys
    from .principal import Principal

Document = dict[str, Any]
MalformedPolicyError = operators.MalformedPolicyError
principals = principal_element.pairs

FULL: Document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ELEMENTS = frozenset(
    "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition".split()  # noqa: SIM905 - as documented
)
_VERSIONS, _EFFECTS = ("2012-10-17", "2008-10-17"), ("Allow", "Deny")  # to look lists and objects up in, too
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


class Verdict(StrEnum):
    """What a set of statements says about one question."""

    DENY = "deny"
    ALLOW = "allow"
    DELEGATE = "delegate"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Question:
    """One action on one resource by one principal, with the request's condition keys (lower case)."""

    action: str
    resource: str
    principal: Principal
    keys: ConditionKeys


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled."""

    allows: bool
    actions: tuple[re.Pattern[str], ...]
    actions_negated: bool
    resources: tuple[variables.Template, ...]
    resources_negated: bool
    principals: tuple[tuple[str, str], ...]
    principals_negated: bool
    everybody: bool
    conditions: tuple[conditions.Condition, ...]
    total: bool = False
    """Whether it is about every action on every resource, without a condition, as the policies of most callers are."""

    def covers(self, question: Question) -> bool:
        """Whether action, resource and conditions apply."""
        return self.total or (
            any(pattern.fullmatch(question.action) for pattern in self.actions) != self.actions_negated
            and any(_names(resource, question) for resource in self.resources) != self.resources_negated
            and all(condition.holds(question.keys) for condition in self.conditions)
        )

    def grant(self, principal: Principal, *, bounded: bool = False) -> Grant:
        """How closely the statement names a principal; `bounded` says that it has a permissions boundary."""
        if self.principals_negated:
            return principal_element.left_over(self.principals, principal, bounded=bounded)
        return principal_element.named(self.principals, principal, everybody=self.everybody)


def _names(resource: variables.Template, question: Question) -> bool:
    filled = resource.filled(question.keys)
    return filled is not None and operators.glob(filled).fullmatch(question.resource) is not None


@dataclass(frozen=True, slots=True)
class Policy:
    """A document and its compiled statements."""

    document: Document
    statements: tuple[Statement, ...]

    def __reduce__(self) -> tuple[Callable[[Document], Policy], tuple[Document]]:
        """Snapshots keep the document only: compiling it again is ten times quicker than reading what it became."""
        return _again if self.statements else _bare, (self.document,)


def items(value: object) -> tuple[Any, ...]:
    """A policy element that may be one value or a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def parse(text: str) -> Document:
    """Read a policy document from JSON text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError("This policy contains invalid Json") from error
    if not isinstance(document, dict):
        raise MalformedPolicyError("Policy is not a JSON object")
    return document


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a document is read: whether it knows variables, and whether AWS itself wrote it."""

    variables: bool
    by_aws: bool


def compiled(document: Document, *, by_aws: bool = False) -> Policy:
    """Compile a document, refusing what is malformed and, unless AWS wrote it, what the simulator cannot judge."""
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise MalformedPolicyError("Policy has an unknown Version")
    if not isinstance(document.get("Id", ""), str):
        raise MalformedPolicyError("The Id of a policy is a text")
    statements = items(document.get("Statement", []))
    if not statements:
        raise MalformedPolicyError("Policy has no Statement")
    if unknown := set(document) - {"Version", "Id", "Statement"}:
        raise MalformedPolicyError(f"Syntax errors in policy: {', '.join(sorted(map(str, unknown)))}")
    reading = _Reading(version == "2012-10-17", by_aws)
    return Policy(document, tuple(_statement(statement, reading) for statement in statements))


def _again(document: Document) -> Policy:
    """Compile what has been compiled before."""
    return compiled(document, by_aws=True)


def _bare(document: Document) -> Policy:
    """A document that has no statements, as tag policies have none."""
    return Policy(document, ())


def identity_policy(document: Document) -> Policy:
    """Compile a policy that belongs to somebody: it names resources and no principals."""
    found = compiled(document)
    for statement in items(document["Statement"]):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyError("Policy document should not specify a principal.")
        if "Resource" not in statement and "NotResource" not in statement:
            raise MalformedPolicyError("Policy statement must contain resources.")
    return found


def resource_control(document: Document) -> Policy:
    """Compile a resource control policy: it denies everybody some actions of named services on resources."""
    found = compiled(document)
    for statement in items(document["Statement"]):
        if statement["Effect"] != "Deny":
            raise MalformedPolicyError("A resource control policy denies.")
        if statement.get("Principal") != "*":
            raise MalformedPolicyError("The Principal of a resource control policy is *.")
        if "Action" not in statement or "*" in items(statement["Action"]):
            raise MalformedPolicyError("The Action of a resource control policy names a service.")
        if "Resource" not in statement and "NotResource" not in statement:
            raise MalformedPolicyError("Policy statement must contain resources.")
    return found


def trust_policy(document: Document) -> Policy:
    """Compile a role's trust policy: it names principals and no resources."""
    found = compiled(document)
    for statement in items(document["Statement"]):
        if "Resource" in statement or "NotResource" in statement:
            raise MalformedPolicyError("Has prohibited field Resource")
        if "NotPrincipal" in statement:
            raise MalformedPolicyError("Has prohibited field NotPrincipal")
        if "Principal" not in statement:
            raise MalformedPolicyError("Missing required field Principal")
        if not all(
            str(action).lower().startswith("sts:") or action == "*" for action in items(statement.get("Action", "*"))
        ):
            raise MalformedPolicyError("AssumeRole policy may only specify STS AssumeRole actions.")
    return found


def _statement(statement: object, reading: _Reading) -> Statement:
    if not isinstance(statement, dict):
        raise MalformedPolicyError("A Statement is not an object")
    if unknown := set(statement) - _ELEMENTS:
        raise MalformedPolicyError(f"Syntax errors in policy: {', '.join(sorted(map(str, unknown)))}")
    if statement.get("Effect") not in _EFFECTS:
        raise MalformedPolicyError("A Statement has neither Effect Allow nor Deny")
    if not isinstance(statement.get("Sid", ""), str):
        raise MalformedPolicyError("The Sid of a Statement is a text")
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicyError("A Statement needs one of Action and NotAction")
    for either in ("Resource", "Principal"):
        if either in statement and f"Not{either}" in statement:
            raise MalformedPolicyError(f"A Statement has both {either} and Not{either}")
    if "NotPrincipal" in statement and statement["Effect"] == "Allow":
        raise MalformedPolicyError("NotPrincipal must be used with Effect Deny")
    return Statement(
        allows=statement["Effect"] == "Allow",
        actions=_actions(items(statement.get("Action", statement.get("NotAction")))),
        actions_negated="NotAction" in statement,
        resources=_resources(
            items(statement.get("Resource", statement.get("NotResource", "*"))), with_variables=reading.variables
        ),
        resources_negated="NotResource" in statement,
        principals=tuple(principals(statement.get("Principal", statement.get("NotPrincipal")))),
        principals_negated="NotPrincipal" in statement,
        everybody=statement.get("Principal") == "*",
        conditions=tuple(_conditions(statement.get("Condition", {}), reading)),
        total=_is_total(statement),
    )


def _is_total(statement: Document) -> bool:
    everything = items(statement.get("Action")) == ("*",) and items(statement.get("Resource", "*")) == ("*",)
    return everything and "NotResource" not in statement and not statement.get("Condition")


def _actions(texts: Iterable[object]) -> tuple[re.Pattern[str], ...]:
    if not all(isinstance(text, str) and _ACTION.fullmatch(text) for text in texts):
        raise MalformedPolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    return tuple(operators.glob(str(text), fold=True) for text in texts)


def _resources(texts: Iterable[object], *, with_variables: bool) -> tuple[variables.Template, ...]:
    if not all(isinstance(text, str) for text in texts):
        raise MalformedPolicyError("Resource holds texts")
    return tuple(variables.template(str(text), enabled=with_variables) for text in texts)


def _conditions(element: object, reading: _Reading) -> Iterable[conditions.Condition]:
    if not isinstance(element, dict):
        raise MalformedPolicyError("Condition is not an object")
    for operator, tests in element.items():
        if not isinstance(tests, dict):
            raise MalformedPolicyError(f"Condition {operator} is not an object")
        for key, values in tests.items():
            wanted = tuple(_text(value) for value in items(values))
            yield conditions.parse(
                str(operator), str(key), wanted, with_variables=reading.variables, by_aws=reading.by_aws
            )


def _text(value: object) -> str:
    if isinstance(value, dict | list) or value is None:
        raise MalformedPolicyError("A condition value is a text, a number or a boolean")
    return str(value).lower() if isinstance(value, bool) else str(value)


def judge_identity(policies: Iterable[Policy], question: Question) -> Verdict:
    """What policies without principals say: identity policies, boundaries, session policies, SCPs."""
    verdict = Verdict.SILENT
    for policy in policies:
        for statement in policy.statements:
            if statement.covers(question):
                if not statement.allows:
                    return Verdict.DENY
                verdict = Verdict.ALLOW
    return verdict


def granted(policy: Policy | None, question: Question, *, bounded: bool = False) -> Grant | None:
    """How far a resource's policy admits the caller; None for an explicit Deny."""
    best = Grant.NOTHING
    for statement in policy.statements if policy else ():
        match = statement.grant(question.principal, bounded=bounded)
        if match is Grant.NOTHING or not statement.covers(question):
            continue
        if not statement.allows:
            return None
        best = max(best, match)
    return best


def judge_resource(policy: Policy | None, question: Question) -> Verdict:
    """What a resource's policy says; DELEGATE means that it names the caller's account, not the caller."""
    grant = granted(policy, question)
    if grant is None:
        return Verdict.DENY
    return {Grant.NOTHING: Verdict.SILENT, Grant.ACCOUNT: Verdict.DELEGATE}.get(grant, Verdict.ALLOW)


FIDELITY = (
    Behaviour(
        "Shapes of policies that people wrote about copies, right ones and wrong ones, load and are judged",
        "DG",
        "test_real_policies.py::test_resource_policies_are_judged",
    ),
    Behaviour(
        "Identity policies: Allow, Deny, NotAction, NotResource, wildcards",
        "DG",
        "test_policies.py::test_statements_cover_what_they_name",
    ),
    Behaviour(
        "Malformed documents are refused when put: unknown elements, actions of no service, NotPrincipal with Allow",
        "DG; texts partly assumed",
        "test_policies.py::test_malformed_policies_are_refused",
    ),
)
