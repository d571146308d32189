"""Condition operators of policies.

An operator, condition key or variable that is not known here is an error of the simulator, never "no match".
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GLOBAL_KEYS = frozenset(
    "aws:" + name
    for name in [
        "principalarn",
        "principalaccount",
        "principalorgid",
        "principalorgpaths",
        "principaltype",
        "principalisawsservice",
        "principalservicename",
        "userid",
        "username",
        "sourceaccount",
        "sourcearn",
        "requestedregion",
        "securetransport",
        "resourceaccount",
        "resourceorgid",
        "resourceorgpaths",
        "viaawsservice",
        "calledvia",
        "tagkeys",
        "useragent",
    ]
)
TAG_KEYS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


@functools.cache
def glob(pattern: str, *, fold: bool = False) -> re.Pattern[str]:
    """Compile a policy wildcard pattern."""
    text = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def _arn_like(pattern: str, value: str) -> bool:
    expected, found = pattern.split(":", 5), value.split(":", 5)
    if len(expected) != 6 or len(found) != 6:
        return pattern == "*"
    return all(glob(want).fullmatch(have) for want, have in zip(expected, found, strict=True))


_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda want, have: want == have,
    "stringequalsignorecase": lambda want, have: want.lower() == have.lower(),
    "stringlike": lambda want, have: glob(want).fullmatch(have) is not None,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": lambda want, have: want.lower() == have.lower(),
}
_NEGATIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key."""

    operator: str
    quantifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, keys: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether the request's keys satisfy the condition."""
        found = keys.get(self.key)
        if self.operator == "null":
            return any((found is None) == (value.lower() == "true") for value in self.values)
        if found is None:
            return self._when_absent()
        wanted = [filled for value in self.values if (filled := _fill(value, keys)) is not None]
        negative = self.operator in _NEGATIVE
        compare = _POSITIVE[_NEGATIVE.get(self.operator, self.operator)]
        matches = [any(compare(want, have) for want in wanted) != negative for have in found]
        if self.quantifier == "forallvalues":
            return all(matches)
        return all(matches) if negative and not self.quantifier else any(matches)

    def _when_absent(self) -> bool:
        if self.if_exists or self.quantifier == "forallvalues":
            return True
        return self.operator in _NEGATIVE and not self.quantifier


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _fill(value: str, keys: Mapping[str, tuple[str, ...]]) -> str | None:
    """Replace policy variables; a variable without a value makes the comparison fail, as AWS has it."""
    for name in _VARIABLE.findall(value):
        found = keys.get(_known_key(name.lower()))
        if found is None:
            return None
        value = value.replace("${" + name + "}", found[0])
    return value


def parse(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """Read one condition, refusing what the simulator cannot judge."""
    quantifier, _, name = operator.lower().rpartition(":")
    base = name.removesuffix("ifexists")
    if quantifier not in {"", "forallvalues", "foranyvalue"} or base not in {*_POSITIVE, *_NEGATIVE, "null"}:
        raise SimulatorError(f"the simulator does not know the policy condition operator {operator!r}")
    condition = Condition(base, quantifier, name != base, _known_key(key.lower()), values)
    for value in values:
        for variable in _VARIABLE.findall(value):
            _known_key(variable.lower())
    return condition


def _known_key(key: str) -> str:
    if key.startswith("aws:") and key not in GLOBAL_KEYS and not key.startswith(TAG_KEYS):
        raise SimulatorError(f"the simulator does not know the policy condition key {key!r}")
    return key


FIDELITY = (
    Behaviour(
        "Conditions: String*, Arn*, Bool, Null, IfExists, ForAllValues, ForAnyValue, policy variables in values",
        "DG",
        "test_policies.py::test_conditions_hold_as_documented",
    ),
    Behaviour(
        "Any other operator, `aws:` key or variable: error of the simulator (500), in a world file a message",
        "ours",
        "test_policies.py::test_what_the_simulator_cannot_judge_is_an_error",
    ),
    Behaviour(
        "Service-specific keys that no call sets count as absent, as AWS has it for keys that do not exist",
        "DG",
        "test_policies.py::test_conditions_hold_as_documented",
    ),
    Behaviour(
        "Numeric*, Date*, IpAddress",
        "missing",
    ),
)
