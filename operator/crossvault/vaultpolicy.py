"""Vault access policies: our one statement in other people's document, and what a document decides.

We own statements, not documents. Insertion and removal work on the text, so that every foreign statement keeps its
bytes; comparison works on the meaning, because AWS rewrites what it stores (a bare account id becomes a root ARN,
a list of one becomes a string, a deleted role becomes its unique id).
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .model import Desired, Ownership

COPY_INTO = "backup:CopyIntoBackupVault"
SID_PREFIX = "CrossvaultCopyIn"

_SPACE = re.compile(r"[ \t\n\r]*")
_ROOT = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_decoder = json.JSONDecoder()


class MalformedPolicyError(ValueError):
    """The document is not a JSON object with statements."""


class Verdict(StrEnum):
    """What a vault policy says about one role copying in."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that AWS Backup presents to the vault: the copy role of the source account.

    The organizations of the role and of the vault are None where they could not be seen, and empty where there is none.
    """

    role_arn: str
    account_id: str
    organization_id: str | None = None
    vault_organization_id: str | None = None


# --- Our statement -------------------------------------------------------------------------------------------------


def sid_of(role_arn: str) -> str:
    """Return the Sid of the statement that lets ``role_arn`` in.

    It follows from what the statement says, not from who asked: policies that need the same statement share it,
    and a restarted operator finds it again.
    """
    return SID_PREFIX + hashlib.sha256(role_arn.encode()).hexdigest()[:10]


def statement_for(role_arn: str) -> dict[str, Any]:
    """Return the least statement that lets the copy role copy in.

    ``Resource`` of a vault policy is always ``*``, meaning this vault (AWS Backup Developer Guide, vault access
    policies).
    """
    return {
        "Sid": sid_of(role_arn),
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": COPY_INTO,
        "Resource": "*",
    }


def claims_of(desired: Desired) -> frozenset[tuple[str, str]]:
    """Return (vault ARN, Sid) of every statement a policy wants to be kept."""
    if desired.deleting:
        return frozenset()
    sid = sid_of(desired.copy_role_arn)
    return frozenset((d.vault.arn, sid) for d in desired.destinations if d.vault_policy is Ownership.MANAGE)


# --- Reading -------------------------------------------------------------------------------------------------------


def statements(document: str | None) -> tuple[dict[str, Any], ...]:
    """Return the statements of a document; none for no document.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    if document is None:
        return ()
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError(str(error)) from error
    found = parsed.get("Statement") if isinstance(parsed, dict) else None
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise MalformedPolicyError("no statements")
    return tuple(listed)


def same_meaning(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two statements say the same, however AWS has rewritten them."""
    return _canonical(one) == _canonical(other)


def _canonical(statement: Mapping[str, Any]) -> dict[str, Any]:
    canonical = dict(statement)
    for member in ("Action", "NotAction", "Resource", "NotResource"):
        if member in canonical:
            canonical[member] = sorted(_as_list(canonical[member]))
    for member in ("Principal", "NotPrincipal"):
        if member in canonical:
            canonical[member] = _canonical_principal(canonical[member])
    return canonical


def _canonical_principal(principal: object) -> object:
    if principal == "*":
        return {"AWS": ["*"]}
    if not isinstance(principal, dict):
        return principal
    return {
        kind: sorted(_ROOT.sub(r"\1", each) if kind == "AWS" else each for each in _as_list(values))
        for kind, values in principal.items()
    }


def _as_list(value: object) -> list[str]:
    """Return the values of a member, which may stand alone and may be JSON booleans or numbers."""
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


# --- Writing -------------------------------------------------------------------------------------------------------


def put(document: str | None, statement: Mapping[str, Any]) -> str:
    """Return ``document`` with ``statement`` in it, in the place of an older one with the same Sid.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    ours = json.dumps(statement, separators=(",", ":"))
    if document is None:
        return '{"Version":"2012-10-17","Statement":[' + ours + "]}"
    statements(document)
    start, end = _statement_span(document)
    if document[start] == "{":
        if json.loads(document[start:end]).get("Sid") == statement["Sid"]:
            return document[:start] + ours + document[end:]
        return document[:start] + "[" + document[start:end] + "," + ours + "]" + document[end:]
    spans = list(_elements(document, start))
    for first, last in spans:
        if json.loads(document[first:last]).get("Sid") == statement["Sid"]:
            return document[:first] + ours + document[last:]
    if not spans:
        return document[:start] + "[" + ours + "]" + document[end:]
    last = spans[-1][1]
    return document[:last] + "," + ours + document[last:]


def remove(document: str, sid: str) -> str | None:
    """Return ``document`` without the statement ``sid``, or None when nothing else stood in it.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    rest = [each for each in statements(document) if each.get("Sid") != sid]
    if not rest:
        return None
    start, _ = _statement_span(document)
    if document[start] == "{":
        return document
    spans = list(_elements(document, start))
    for index, (first, last) in enumerate(spans):
        if json.loads(document[first:last]).get("Sid") == sid:
            if index + 1 < len(spans):
                return remove(document[:first] + document[spans[index + 1][0] :], sid)
            return document[: spans[index - 1][1]] + document[last:]
    return document


def _statement_span(text: str) -> tuple[int, int]:
    """Return the span of the statements; of a repeated member the last one counts, as for every JSON parser."""
    spans = [(start, end) for key, start, end in _members(text) if key == "Statement"]
    if not spans:
        raise MalformedPolicyError("no statements")
    return spans[-1]


def _skip(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield key and span of the value of each member of the object that ``text`` is. ``text`` is valid JSON."""
    index = _skip(text, _skip(text, 0) + 1)
    while text[index] != "}":
        key, index = _decoder.raw_decode(text, index)
        start = _skip(text, _skip(text, index) + 1)
        _, end = _decoder.raw_decode(text, start)
        yield key, start, end
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each element of the array that begins at ``start``."""
    index = _skip(text, start + 1)
    while text[index] != "]":
        _, end = _decoder.raw_decode(text, index)
        yield index, end
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


# --- Deciding ------------------------------------------------------------------------------------------------------


def verdict(document: str | None, caller: Caller, vault_arn: str) -> Verdict:
    """Decide whether the vault policy lets the caller copy in, as AWS would.

    Cross-account access needs an Allow in the vault's policy and no Deny anywhere; what cannot be judged from here
    (organization paths, tags, addresses) makes the answer unknown instead of a guess.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    allowed: bool | None = False
    denied: bool | None = False
    for statement in statements(document):
        applies = _applies(statement, caller, vault_arn)
        if statement.get("Effect") == "Deny":
            denied = _either(denied, applies)
        else:
            allowed = _either(allowed, applies)
    if denied:
        return Verdict.DENIED
    if allowed is False:
        return Verdict.NOT_ALLOWED
    return Verdict.UNKNOWN if denied is None or allowed is None else Verdict.ALLOWED


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False


def _applies(statement: Mapping[str, Any], caller: Caller, vault_arn: str) -> bool | None:
    results = [
        _matches_principal(statement, caller),
        _matches(COPY_INTO.lower(), statement, "Action"),
        _matches(vault_arn, statement, "Resource"),
    ]
    results += [
        None if key is None else _holds(operator, key, _as_list(values), caller, vault_arn)
        for operator, key, values in _tests(statement.get("Condition") or {})
    ]
    if False in results:
        return False
    return None if None in results else True


def _tests(condition: object) -> Iterator[tuple[str, str | None, object]]:
    """Yield operator, key and values of every test; None for the key where the condition has another shape."""
    for operator, tests in condition.items() if isinstance(condition, dict) else (("", condition),):
        if not isinstance(tests, dict):
            yield operator, None, tests
            continue
        for key, values in tests.items():
            yield operator, key, values


def _matches_principal(statement: Mapping[str, Any], caller: Caller) -> bool | None:
    """Tell whether a statement speaks of the caller; None where that depends on the name of its session."""
    member = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    principal = _canonical_principal(statement.get(member, {}))
    listed = set(principal.get("AWS", [])) if isinstance(principal, dict) else set()
    if member == "NotPrincipal":
        # To be spared, a role needs itself, its account and its session listed (IAM, NotPrincipal with Deny).
        return False if "*" in listed else None if listed & {caller.role_arn, caller.account_id} else True
    if listed & {"*", caller.role_arn, caller.account_id}:
        return True
    session = f":{caller.account_id}:assumed-role/{caller.role_arn.rsplit('/', maxsplit=1)[-1]}/"
    return None if any(session in each for each in listed) else False


def _matches(value: str, statement: Mapping[str, Any], member: str) -> bool:
    negated = f"Not{member}" in statement
    patterns = _as_list(statement.get(f"Not{member}" if negated else member, []))
    if member == "Action":
        patterns = [each.lower() for each in patterns]
    return any(_like(value, each) for each in patterns) is not negated


def _like(value: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _arn_like(value: str, pattern: str) -> bool:
    """Compare the six parts of two ARNs one by one: a wildcard does not reach beyond its colon."""
    parts, patterns = value.split(":", maxsplit=5), pattern.split(":", maxsplit=5)
    return len(parts) == len(patterns) and all(map(_like, parts, patterns))


def _context(key: str, caller: Caller, vault_arn: str) -> str | None:
    """Return the value of a condition key: empty when the request has none, None when that is not known from here."""
    known: dict[str, str | None] = {
        "aws:principalarn": caller.role_arn,
        "aws:principalaccount": caller.account_id,
        "aws:principalorgid": caller.organization_id,
        "aws:principaltype": "AssumedRole",
        "aws:resourceaccount": vault_arn.split(":")[4],
        "aws:resourceorgid": caller.vault_organization_id,
    }
    # AWS Backup has no condition keys of its own for CopyIntoBackupVault; policies that use invented ones
    # (backup:CopySourceArn) never match. Every other namespace may be in the request.
    return known.get(key.lower(), "" if key.lower().startswith("backup:") else None)


def _holds(operator: str, key: str, values: list[str], caller: Caller, vault_arn: str) -> bool | None:
    """Evaluate one condition; None when it cannot be judged from here."""
    value = _context(key, caller, vault_arn)
    quantifier, _, name = operator.lower().rpartition(":")
    if value is None:
        return None
    if name == "null":
        return (not value) is (values == ["true"])
    optional, name = name.endswith("ifexists"), name.removesuffix("ifexists")
    negated = "not" in name
    family = name.replace("not", "")
    if family not in _COMPARE:
        return None
    if not value:
        # Without the key a positive operator fails, a negated one holds, and a quantifier decides before either
        # (IAM, condition operators and multivalued context keys).
        return optional or (quantifier == "forallvalues" if quantifier else negated)
    matches = [_compare(family, value, each, caller, vault_arn) for each in values]
    if True not in matches and None in matches:
        return None
    return (True in matches) is not negated


def _compare(family: str, value: str, wanted: str, caller: Caller, vault_arn: str) -> bool | None:
    """Compare with one value, whose policy variables must be known."""
    for name in _VARIABLE.findall(wanted):
        replacement = _context(name, caller, vault_arn)
        if replacement is None:
            return None
        if not replacement:
            return False
        wanted = wanted.replace(f"${{{name}}}", replacement)
    return _COMPARE[family](value, wanted)


_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
}
