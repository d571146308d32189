"""Tag policies of an organization: what is left of them for an account, and which tags they refuse. Pure.

Source: Organizations User Guide, tag policy syntax, inheritance operators, enforcement. A policy that names no type in
`enforced_for` refuses nothing. Keys of policies are compared without regard to case, as AWS does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import arns
from ..fidelity import Behaviour
from ..wire import SimulatorError
from . import operators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MalformedPolicyError = operators.MalformedPolicyError
Document = dict[str, Any]

ASSIGN, APPEND, REMOVE = "@@assign", "@@append", "@@remove"
ALLOWED = "@@operators_allowed_for_child_policies"
_CHANGES = (ASSIGN, APPEND, REMOVE)
_ALL = frozenset(_CHANGES)
_PARTS = ("tag_key", "tag_value", "enforced_for")


@dataclass(frozen=True, slots=True)
class Setting:
    """One part of a rule after some levels: its values, and what the levels below may do to them."""

    values: tuple[str, ...] = ()
    open_for: frozenset[str] = _ALL


@dataclass(frozen=True, slots=True)
class TagRule:
    """What is asked of one tag key."""

    tag_key: Setting = Setting()
    tag_value: Setting = Setting()
    enforced_for: Setting = Setting()

    def shown(self, key: str) -> Document:
        """The rule as DescribeEffectivePolicy gives it."""
        found: Document = {"tag_key": self.written(key)}
        if self.tag_value.values:
            found["tag_value"] = list(self.tag_value.values)
        if self.enforced_for.values:
            found["enforced_for"] = list(self.enforced_for.values)
        return found

    def written(self, key: str) -> str:
        """How the key has to be written."""
        return self.tag_key.values[0] if self.tag_key.values else key

    def concerns(self, kind: str) -> bool:
        """Whether the rule is enforced for a resource type such as `ec2:snapshot`; `ec2:*` means all of a service."""
        service = kind.partition(":")[0]
        return any(name.lower() in {kind, f"{service}:*"} for name in self.enforced_for.values)


def checked(document: Document) -> Document:
    """A tag policy that can be read; raises MalformedPolicyError otherwise."""
    if set(document) != {"tags"} or not isinstance(document["tags"], dict):
        raise MalformedPolicyError("A tag policy has the one element tags")
    for key, rule in document["tags"].items():
        if not isinstance(rule, dict) or set(rule) - {*_PARTS, ALLOWED}:
            raise MalformedPolicyError(f"The rule for {key} has elements other than {', '.join(_PARTS)}")
        for part in _PARTS:
            _check_part(key, part, rule.get(part, {}))
        if ALLOWED in rule:
            raise SimulatorError(f"{ALLOWED} of the whole rule for {key} are not implemented, those of its parts are")
    return document


def _check_part(key: str, part: str, setting: object) -> None:
    if not isinstance(setting, dict) or set(setting) - {*_CHANGES, ALLOWED}:
        raise MalformedPolicyError(f"{part} of {key} has operators other than {', '.join(_CHANGES)}")
    for operator in (*_CHANGES, ALLOWED):
        values = setting.get(operator, [])
        if part == "tag_key" and not isinstance(setting.get(ASSIGN, ""), str):
            raise MalformedPolicyError(f"tag_key of {key} is one text")
        if not isinstance(values, str) and not (
            isinstance(values, list) and all(isinstance(one, str) for one in values)
        ):
            raise MalformedPolicyError(f"{part} of {key} holds texts")


def effective(levels: Sequence[Iterable[Document]]) -> dict[str, TagRule]:
    """What tag policies say together, from the root's level down to the account's; rules by key in lower case."""
    rules: dict[str, TagRule] = {}
    for level in levels:
        for document in level:
            for key, said in document["tags"].items():
                rules[key.lower()] = _merged(rules.get(key.lower(), TagRule()), said)
    return rules


def _merged(rule: TagRule, said: Document) -> TagRule:
    return replace(rule, **{part: _changed(getattr(rule, part), said[part]) for part in _PARTS if part in said})


def _changed(setting: Setting, said: Document) -> Setting:
    """Apply the operators that the levels above leave open."""
    values = setting.values
    if ASSIGN in said and ASSIGN in setting.open_for:
        values = _texts(said[ASSIGN])
    if APPEND in said and APPEND in setting.open_for:
        values = tuple(dict.fromkeys((*values, *_texts(said[APPEND]))))
    if REMOVE in said and REMOVE in setting.open_for:
        values = tuple(value for value in values if value not in _texts(said[REMOVE]))
    return Setting(values, setting.open_for & _left_open(said.get(ALLOWED)))


def _left_open(said: str | list[str] | None) -> frozenset[str]:
    if said is None or "@@all" in _texts(said):
        return _ALL
    return frozenset(_texts(said)) & _ALL


def _texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def refused(rules: Mapping[str, TagRule], kind: str, tags: Mapping[str, str]) -> Iterator[str]:
    """The keys of tags that may not be on a resource of a type, in order."""
    for key, value in tags.items():
        rule = rules.get(key.lower())
        if rule is None or not rule.concerns(kind):
            continue
        fits = not rule.tag_value.values or any(operators.glob(one).fullmatch(value) for one in rule.tag_value.values)
        if key != rule.written(key) or not fits:
            yield key


def kind_of(arn: str) -> str:
    """The type by which tag policies name a recovery point: that of the service that keeps it."""
    parts = arns.of(arn)
    return f"{parts.service}:{parts.resource.replace('/', ':').partition(':')[0]}"


FIDELITY = (
    Behaviour(
        "Tag policies: what a whole rule, or the whole policy, leaves open for child policies (its parts do)",
        "missing",
        "test_tag_policies.py::test_what_a_whole_rule_leaves_open_is_not_implemented",
    ),
)
