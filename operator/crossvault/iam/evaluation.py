"""What a policy of a vault decides about one caller: yes, no or unknown, each with the statements it follows from.

Cross-account access needs an Allow in the vault's policy and no Deny anywhere (IAM User Guide, policy evaluation
logic); what cannot be judged from here (tags, addresses, times) makes the answer unknown instead of a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import conditions, documents
from .conditions import Found, all_of, any_of, like
from .context import NotKnown, Request, ServiceCaller
from .meaning import DELETED, as_list, names_deleted, principals_of, spoken

_WITH_VARIABLES = "2012-10-17"
_PLAIN_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SID_SHOWN = 64


class Verdict(StrEnum):
    """What a vault policy says about one role copying in."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ground:
    """One statement that an answer follows from: how people find it, and why it does what it does."""

    statement: str
    why: str

    def __str__(self) -> str:
        """Name it as people are told."""
        return f"{self.statement} ({self.why})"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a document decides.

    ``grounds`` are the Deny statements that deny; what makes it unknown; or, where nothing allows, the Allow statements
    that speak of the action and do not apply. ``allowed`` says what would be but for every Deny; None for unknown.
    ``doubts`` are the Deny statements that may deny where none certainly does: also those among the grounds.
    """

    verdict: Verdict
    grounds: tuple[Ground, ...] = ()
    allowed: bool | None = True
    doubts: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One statement against one request: its parts, of which all must hold."""

    name: str
    denies: bool
    action: bool
    parts: tuple[Found, ...]

    @property
    def applies(self) -> bool | None:
        return False if not self.action else all_of(each.holds for each in self.parts)

    def ground(self, holds: bool | None) -> Ground:
        """Name the parts that hold, fail or are unknown; that there are none is said, too."""
        found = [each.why for each in self.parts if each.holds is holds and each.why]
        return Ground(self.name, "; ".join(found) or "without a condition")


def evaluate(document: str | None, request: Request, action: str) -> Judgement:
    """Decide whether a vault's policy lets the caller do ``action`` (``backup:CopyIntoBackupVault``), as AWS would.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    readings = _read(document, request, action)
    denied = any_of(each.applies for each in readings if each.denies)
    allowed = any_of(each.applies for each in readings if not each.denies)
    if denied:
        return Judgement(Verdict.DENIED, _denying(readings, True), allowed)
    if allowed is False:
        near = tuple(each.ground(False) for each in readings if each.action and not each.denies)
        return Judgement(Verdict.NOT_ALLOWED, near, allowed, doubts=_denying(readings, None))
    if allowed and denied is False:
        return Judgement(Verdict.ALLOWED)
    open_ones = (each for each in readings if each.applies is None and (each.denies or allowed is None))
    return Judgement(Verdict.UNKNOWN, tuple(each.ground(None) for each in open_ones), allowed, _denying(readings, None))


def of_deleted(document: str | None, but: documents.Which) -> tuple[str, ...]:
    """Name the statements, but for some, of which a principal was deleted: AWS takes no policy that has one.

    What cannot be read names none. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    try:
        found = documents.statements(document)
    except documents.MalformedPolicyError:
        return ()
    return tuple(
        _name(each, position) for position, each in enumerate(found, start=1) if names_deleted(each) and not but(each)
    )


def keys_of(document: str | None) -> frozenset[str]:
    """Return the condition keys that a document asks for, also in its policy variables, in lower case.

    A text that is not a policy document asks for none.
    """
    try:
        found = documents.statements(document)
    except documents.MalformedPolicyError:
        return frozenset()
    tests = [each for statement in found for each in _tests(statement.get("Condition") or {})]
    texts = [text for _, _, values in tests for text in as_list(values)]
    texts += [text for each in found for text in as_list(each.get("Resource", each.get("NotResource", [])))]
    named = [key for _, key, _ in tests if key is not None]
    return frozenset(
        key.lower() for key in (*named, *(each for text in texts for each in conditions.variables_in(text)))
    )


def paths_asked(document: str | None) -> tuple[bool, bool]:
    """Tell whether a document asks where in the organization the caller's account is, and the vault's."""
    asked = keys_of(document)
    return "aws:principalorgpaths" in asked, "aws:resourceorgpaths" in asked


def _denying(readings: list[_Reading], applies: bool | None) -> tuple[Ground, ...]:
    return tuple(each.ground(applies) for each in readings if each.denies and each.applies is applies)


def _read(document: str | None, request: Request, action: str) -> list[_Reading]:
    if document is None:
        return []
    read = documents.read(document)
    variables = read.get("Version") == _WITH_VARIABLES
    return [
        _reading(statement, _name(statement, position), request, action, variables=variables)
        for position, statement in enumerate(read["Statement"], start=1)
    ]


def _name(statement: Mapping[str, Any], position: int) -> str:
    sid = statement.get("Sid")
    if not isinstance(sid, str) or not sid:
        return f"statement {position} (no Sid)"
    return f"statement {sid}" if _PLAIN_SID.fullmatch(sid) else f"statement {json.dumps(sid[:_SID_SHOWN])}"


def _reading(statement: Mapping[str, Any], name: str, request: Request, action: str, *, variables: bool) -> _Reading:
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise documents.MalformedPolicyError(f"{name} has neither Effect Allow nor Deny")
    tests = tuple(
        Found(None, f"the condition {spoken(operator)} cannot be read")
        if key is None
        else conditions.fulfilled(operator, key, as_list(values), request, variables=variables)
        for operator, key, values in _tests(statement.get("Condition") or {})
    )
    return _Reading(
        name,
        denies=effect == "Deny",
        action=_speaks_of(action, statement),
        parts=(_principal(statement, request), _resource(statement, request, variables=variables), *tests),
    )


def _tests(condition: object) -> Iterator[tuple[str, str | None, object]]:
    """Yield operator, key and values of every test; None for the key where the condition has another shape."""
    for operator, tests in condition.items() if isinstance(condition, dict) else (("", condition),):
        if not isinstance(tests, dict):
            yield operator, None, tests
            continue
        for key, values in tests.items():
            yield operator, key, values


def _speaks_of(action: str, statement: Mapping[str, Any]) -> bool:
    negated = "NotAction" in statement
    patterns = as_list(statement.get("NotAction" if negated else "Action", []))
    return any(like(action.lower(), each.lower()) for each in patterns) is not negated


def _resource(statement: Mapping[str, Any], request: Request, *, variables: bool) -> Found:
    """Tell whether a statement speaks of the vault. Without a resource it speaks of what it is attached to."""
    negated = "NotResource" in statement
    member = "NotResource" if negated else "Resource"
    patterns = as_list(statement.get(member, "*"))
    texts = [conditions.filled(each, request) if variables else each for each in patterns]
    unclear = next((each for each in texts if isinstance(each, NotKnown)), None)
    named = any_of(
        None if isinstance(each, NotKnown) else each is not None and like(request.vault_arn, each) for each in texts
    )
    if named is None:
        return Found(None, f"{member} {unclear.why if unclear else ''}")
    holds = named is not negated
    # That a statement is about its own vault is no news.
    return Found(holds, "" if holds else f"its {member} does not mean this vault")


def _principal(statement: Mapping[str, Any], request: Request) -> Found:
    """Tell whether a statement speaks of the caller."""
    if "NotPrincipal" in statement:
        return _not_principal(statement, request)
    caller = request.caller
    if isinstance(caller, ServiceCaller):
        return _of_service(_names_service(statement.get("Principal"), caller), "Principal", caller)
    listed = principals_of(statement.get("Principal"), caller.partition).get("AWS", frozenset())
    if listed & {"*", caller.role_arn, caller.root}:
        return Found(holds=True, why="")
    if any(each.startswith(caller.sessions) for each in listed):
        return Found(None, "its Principal is one session of the role, and the name of AWS Backup's is not documented")
    gone = sorted(each for each in listed if DELETED.fullmatch(each))
    if gone:
        return Found(holds=False, why=f"its Principal is a role that was deleted, also if made anew: {gone[0]}")
    return Found(holds=False, why="its Principal does not name the role or its account")


def _not_principal(statement: Mapping[str, Any], request: Request) -> Found:
    """Tell whether a statement for all but some speaks of the caller.

    A Deny spares a role only when its account, the role and the session are all listed (IAM User Guide, NotPrincipal;
    AWS Security Blog, How to Restrict Amazon S3 Bucket Access to a Specific IAM Role), and no wildcard is. A role with
    a permissions boundary is denied in any case, which is not seen from here: the copy tells.
    """
    caller = request.caller
    if statement.get("Effect") != "Deny":
        return Found(None, "it allows with NotPrincipal, for which AWS documents no meaning")
    if isinstance(caller, ServiceCaller):
        spared = _names_service(statement["NotPrincipal"], caller)
        return _of_service(None if spared is None else not spared, "NotPrincipal", caller)
    listed = principals_of(statement["NotPrincipal"], caller.partition).get("AWS", frozenset())
    if "*" in listed:
        return Found(holds=False, why="its NotPrincipal is everybody")
    sessions = any(each.startswith(caller.sessions) for each in listed)
    lacking = [
        name
        for name, there in (
            ("the account", caller.root in listed),
            ("the role", caller.role_arn in listed),
            ("the session of the role", sessions),
        )
        if not there
    ]
    if lacking:
        return Found(holds=True, why=f"its NotPrincipal lacks {' and '.join(lacking)}")
    return Found(
        None, "its NotPrincipal spares one session of the role, and the name of AWS Backup's is not documented"
    )


def _of_service(holds: bool | None, member: str, caller: ServiceCaller) -> Found:
    """Say whether a statement speaks of a service; that its Principal names it is no news."""
    if holds is None:
        return Found(None, f"its {member} is everybody, and AWS does not say whether that means services too")
    if member == "Principal":
        return Found(holds, "" if holds else f"its Principal does not name {caller.name}")
    return Found(holds, f"its NotPrincipal {'lacks' if holds else 'has'} {caller.name}")


def _names_service(element: object, caller: ServiceCaller) -> bool | None:
    """Tell whether an element names a service; None where it is everybody of some accounts, perhaps services too.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
    """
    listed = principals_of(element, caller.partition)
    if element == "*" or {"*", caller.name} & listed.get("Service", frozenset()):
        return True
    return None if "*" in listed.get("AWS", frozenset()) else False
