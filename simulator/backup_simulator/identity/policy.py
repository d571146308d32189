"""Policy documents: read once, judged often.

Identity policies and resource policies share statements; `judge` says what the statements say, the gate decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..fidelity import Behaviour
from ..wire import SimulatorError
from . import conditions

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from ..state import Principal

Document = dict[str, Any]

FULL: Document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class MalformedPolicyError(ValueError):
    """The document is no policy."""


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
    keys: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled."""

    allows: bool
    actions: tuple[re.Pattern[str], ...]
    actions_negated: bool
    resources: tuple[re.Pattern[str], ...]
    resources_negated: bool
    principals: tuple[tuple[str, str], ...]
    conditions: tuple[conditions.Condition, ...]

    def covers(self, question: Question) -> bool:
        """Whether action, resource and conditions apply."""
        return (
            any(pattern.fullmatch(question.action) for pattern in self.actions) != self.actions_negated
            and any(pattern.fullmatch(question.resource) for pattern in self.resources) != self.resources_negated
            and all(condition.holds(question.keys) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A document and its compiled statements."""

    document: Document
    statements: tuple[Statement, ...]


def items(value: object) -> tuple[Any, ...]:
    """A policy element that may be one value or a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def parse(text: str) -> Document:
    """Read a policy document from JSON text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError(f"Policy is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedPolicyError("Policy is not a JSON object")
    return document


def compiled(document: Document) -> Policy:
    """Compile a document, refusing what is malformed and what the simulator cannot judge."""
    if document.get("Version", "2012-10-17") not in {"2012-10-17", "2008-10-17"}:
        raise MalformedPolicyError("Policy has an unknown Version")
    statements = items(document.get("Statement", []))
    if not statements:
        raise MalformedPolicyError("Policy has no Statement")
    return Policy(document, tuple(_statement(statement) for statement in statements))


def _statement(statement: object) -> Statement:
    if not isinstance(statement, dict):
        raise MalformedPolicyError("A Statement is not an object")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise MalformedPolicyError("A Statement has neither Effect Allow nor Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicyError("A Statement needs one of Action and NotAction")
    if "NotPrincipal" in statement:
        raise SimulatorError("the simulator does not know NotPrincipal in a policy")
    actions = items(statement.get("Action", statement.get("NotAction")))
    resources = items(statement.get("Resource", statement.get("NotResource", "*")))
    return Statement(
        allows=statement["Effect"] == "Allow",
        actions=_patterns(actions, fold=True),
        actions_negated="NotAction" in statement,
        resources=_patterns(resources, fold=False),
        resources_negated="NotResource" in statement,
        principals=tuple(principals(statement.get("Principal"))),
        conditions=tuple(_conditions(statement.get("Condition", {}))),
    )


def _patterns(texts: Iterable[object], *, fold: bool) -> tuple[re.Pattern[str], ...]:
    if not all(isinstance(text, str) and "${" not in text for text in texts):
        raise MalformedPolicyError("Action and Resource hold texts without variables")
    return tuple(conditions.glob(str(text), fold=fold) for text in texts)


def principals(element: object) -> Iterable[tuple[str, str]]:
    """The principals of a statement as (kind, value) pairs."""
    if element is None:
        return
    if element == "*":
        yield "AWS", "*"
        return
    if not isinstance(element, dict):
        raise MalformedPolicyError("Principal is neither * nor an object")
    for kind, values in element.items():
        for value in items(values):
            yield str(kind), str(value)


def _conditions(element: object) -> Iterable[conditions.Condition]:
    if not isinstance(element, dict):
        raise MalformedPolicyError("Condition is not an object")
    for operator, tests in element.items():
        if not isinstance(tests, dict):
            raise MalformedPolicyError(f"Condition {operator} is not an object")
        for key, values in tests.items():
            yield conditions.parse(operator, key, tuple(_text(value) for value in items(values)))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def judge_identity(policies: Iterable[Policy], question: Question) -> Verdict:
    """What the caller's own policies say."""
    verdict = Verdict.SILENT
    for policy in policies:
        for statement in policy.statements:
            if statement.covers(question):
                if not statement.allows:
                    return Verdict.DENY
                verdict = Verdict.ALLOW
    return verdict


def judge_resource(policy: Policy | None, question: Question) -> Verdict:
    """What a resource's policy says; DELEGATE means that it names the caller's account, not the caller."""
    verdict = Verdict.SILENT
    for statement in policy.statements if policy else ():
        match = _principal_match(statement, question.principal)
        if match is Verdict.SILENT or not statement.covers(question):
            continue
        if not statement.allows:
            return Verdict.DENY
        if verdict is not Verdict.ALLOW:
            verdict = match
    return verdict


def _principal_match(statement: Statement, principal: Principal) -> Verdict:
    best = Verdict.SILENT
    for kind, value in statement.principals:
        if kind == "Service" and principal.kind == "service" and value == principal.name:
            return Verdict.ALLOW
        if kind != "AWS" or principal.kind == "service":
            continue
        if value in {"*", principal.unique_id, principal.arn, principal.identity_arn}:
            return Verdict.ALLOW
        if value == f"arn:aws:iam::{principal.account}:root":
            best = Verdict.DELEGATE
    return best


FIDELITY = (
    Behaviour(
        "Identity policies: Allow, Deny, NotAction, NotResource, wildcards",
        "DG",
        "test_policies.py::test_statements_cover_what_they_name",
    ),
    Behaviour(
        "NotPrincipal, variables in Resource",
        "missing",
    ),
)
