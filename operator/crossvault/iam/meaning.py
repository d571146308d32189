"""What a statement says, however it is written: in what two of them differ.

AWS rewrites what it stores (a bare account id becomes a root ARN, a list of one becomes a string, a deleted role
becomes its unique id), and people write the same in several ways (IAM User Guide, policy elements: actions and the
names of condition keys have no letter case; the order of lists says nothing; a boolean may be a text).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..words import texts

Canonical: TypeAlias = frozenset[str]

DELETED = re.compile(r"A(?:RO|ID)A[A-Z0-9]{1,60}")
"""What AWS leaves of a role or a user that was deleted, in the place of its ARN: its unique id."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITION = re.compile(r"arn:(aws[a-z-]*):")
_ACTIONS = ("Action", "NotAction")
_RESOURCES = ("Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")
_SHOWN = 3
_LONGEST = 120


def as_list(value: object) -> list[str]:
    """Return the values of a member, which may stand alone and may be JSON booleans or numbers."""
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def partition_of(arn: str) -> str:
    """Return the partition of an ARN (``aws``, ``aws-cn``), ``aws`` where it names none."""
    found = _PARTITION.match(arn)
    return found[1] if found else "aws"


def principals_of(element: object, partition: str) -> dict[str, Canonical]:
    """Return the principals of an element by kind; a bare account id is the root of its own partition.

    A root of another partition is another principal: ``arn:aws-cn:iam::111111111111:root`` is not
    ``arn:aws:iam::111111111111:root`` (IAM User Guide, IAM identifiers).
    """
    if element == "*":
        return {"AWS": frozenset("*")}
    if not isinstance(element, dict):
        return {}
    return {
        str(kind): frozenset(_principal(each, partition) if kind == "AWS" else each for each in as_list(values))
        for kind, values in element.items()
    }


def is_of_deleted(statement: Mapping[str, Any], prefixes: tuple[str, ...]) -> bool:
    """Tell whether a statement whose Sid begins like one of some is for deleted roles alone, and so for nobody."""
    listed = principals_of(statement.get("Principal"), "aws")
    named = listed.get("AWS", frozenset())
    ours = str(statement.get("Sid") or "").startswith(prefixes) and "NotPrincipal" not in statement
    return ours and set(listed) == {"AWS"} and bool(named) and all(DELETED.fullmatch(each) for each in named)


def names_deleted(statement: Mapping[str, Any]) -> bool:
    """Tell whether a role or a user that was deleted is among the principals of a statement."""
    listed = principals_of(statement.get("Principal", statement.get("NotPrincipal")), "aws")
    return any(DELETED.fullmatch(each) for each in listed.get("AWS", frozenset()))


def root_of(account_id: str, partition: str) -> str:
    """Return the principal that means an account as a whole."""
    return f"arn:{partition}:iam::{account_id}:root"


def _principal(value: str, partition: str) -> str:
    return root_of(value, partition) if _ACCOUNT.fullmatch(value) else value


def spoken(text: str) -> str:
    """Return a text of a document as it may stand in a sentence: short, and without what turns or hides letters."""
    return texts.plain(text, _LONGEST)


def same_meaning(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two statements say the same, however they are written."""
    return not differences(one, other)


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    """Say in what ``found`` differs from ``wanted``, a clause a member, such as ``Principal is X``."""
    partition = _partition_in(wanted)
    members = dict.fromkeys((*wanted, *found))
    return tuple(
        clause
        for member in members
        if _canonical(member, wanted.get(member), partition) != _canonical(member, found.get(member), partition)
        for clause in _clauses(member, wanted.get(member), found.get(member))
    )


def _partition_in(statement: Mapping[str, Any]) -> str:
    listed = statement.get("Principal", statement.get("NotPrincipal"))
    named = as_list(listed.get("AWS", [])) if isinstance(listed, dict) else []
    return next((partition_of(each) for each in named if each.startswith("arn:")), "aws")


def _canonical(member: str, value: object, partition: str) -> object:
    if value is None:
        return None
    if member in _ACTIONS:
        return frozenset(each.lower() for each in as_list(value))
    if member in _RESOURCES:
        return frozenset(as_list(value))
    if member in _PRINCIPALS:
        return principals_of(value, partition) or value
    if member == "Condition":
        return _conditions(value) or None  # no test at all is no condition
    return value


def _conditions(element: object) -> object:
    """Return the values by operator and key. Not all operators look alike to AWS in another case, so values keep it."""
    if not isinstance(element, dict):
        return element
    return {
        (str(operator).lower(), str(key).lower()): frozenset(as_list(values))
        for operator, tests in element.items()
        for key, values in (tests.items() if isinstance(tests, dict) else [("", tests)])
    }


def _clauses(member: str, wanted: object, found: object) -> list[str]:
    if member == "Condition":
        return _condition_clauses(wanted, found)
    if found is None:
        return [f"{member} was removed"]
    shown = _shown(_flat(found))
    return [f"{member} was added: {shown}"] if wanted is None else [f"{member} is {shown}"]


def _condition_clauses(wanted: object, found: object) -> list[str]:
    before, after = _keys(wanted), _keys(found)
    clauses = [
        f"Condition was {what}: {_shown(keys)}"
        for what, keys in (
            ("added", [each for each in after if each not in before]),
            ("removed", [each for each in before if each not in after]),
        )
        if keys
    ]
    return clauses or [f"Condition is other: {_shown(after)}"]


def _keys(element: object) -> list[str]:
    """Return the condition keys as they are written."""
    if not isinstance(element, dict):
        return [] if element is None else [str(element)]
    tests = (each for each in element.values())
    return [str(key) for each in tests for key in (each if isinstance(each, dict) else [str(each)])]


def _flat(value: object) -> Iterable[str]:
    """Return the texts of a member; a principal that is no account, role or user says its kind."""
    if isinstance(value, dict):
        return [
            each if kind == "AWS" else f"{kind} {each}" for kind, values in value.items() for each in as_list(values)
        ]
    return as_list(value)


def _shown(texts: Iterable[str]) -> str:
    found = [spoken(each) for each in texts]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more if found else "empty"
