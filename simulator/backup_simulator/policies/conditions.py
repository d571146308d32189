"""Conditions of policy statements.

An operator, condition key or variable that is not known here is an error of the simulator, never "no match".
Source: IAM User Guide, condition operators, multivalued context keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import SimulatorError
from . import condition_keys, operators, variables

if TYPE_CHECKING:
    from .condition_keys import ConditionKeys

glob = operators.glob


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key."""

    operator: str
    quantifier: str
    if_exists: bool
    key: str
    values: tuple[variables.Template, ...]

    def holds(self, keys: ConditionKeys) -> bool:
        """Whether the request's keys satisfy the condition."""
        found = keys.get(self.key)
        if found is None:
            condition_keys.require_judged(self.key)
        if self.operator == "null":
            return any((found is None) == (value.source.lower() == "true") for value in self.values)
        if found is None:
            return self._when_absent()
        wanted = [filled for value in self.values if (filled := value.filled(keys)) is not None]
        negative = self.operator in operators.NEGATIVE
        compare = operators.POSITIVE[operators.NEGATIVE.get(self.operator, self.operator)]
        matches = [any(compare(want, have) for want in wanted) != negative for have in found]
        if self.quantifier == "forallvalues":
            return all(matches)
        return all(matches) if negative and not self.quantifier else any(matches)

    def _when_absent(self) -> bool:
        if self.if_exists or self.quantifier == "forallvalues":
            return True
        return self.operator in operators.NEGATIVE and not self.quantifier


def parse(
    operator: str, key: str, values: tuple[str, ...], *, with_variables: bool = True, by_aws: bool = False
) -> Condition:
    """Read one condition, refusing what is malformed and what the simulator cannot judge.

    `by_aws` lets keys pass that are not known here: policies that AWS manages are as they are, and judged key by key.
    """
    quantifier, _, name = operator.lower().rpartition(":")
    base = name.removesuffix("ifexists")
    if quantifier not in {"", "forallvalues", "foranyvalue"} or base not in operators.KNOWN:
        raise SimulatorError(f"the simulator does not know the policy condition operator {operator!r}")
    enabled = with_variables and base.startswith(operators.WITH_VARIABLES)
    for value in values:
        operators.check(base, value)
    templates = tuple(variables.template(value, enabled=enabled) for value in values)
    known = key.lower() if by_aws else condition_keys.known(key)
    return Condition(base, quantifier, name != base, known, templates)


FIDELITY = (
    Behaviour(
        "Conditions: String*, Arn*, Bool, Null, Numeric*, Date*, IpAddress, Binary, IfExists, ForAllValues, "
        "ForAnyValue",
        "DG",
        "test_policies.py::test_conditions_hold_as_documented",
    ),
    Behaviour(
        "A number, date, address or boolean that cannot be read makes the policy malformed",
        "DG (the forms); that it is refused when put: assumed",
        "test_policies.py::test_malformed_policies_are_refused",
    ),
    Behaviour(
        "Policy variables in condition values and in Resource, with defaults, `${*}` `${?}` `${$}`; none in 2008-10-17",
        "DG",
        "test_policies.py::test_variables_are_filled_from_the_request",
    ),
    Behaviour(
        "Any other operator, `aws:` key or variable: error of the simulator (501), in a world file a message",
        "ours",
        "test_policies.py::test_what_the_simulator_cannot_judge_is_an_error",
    ),
    Behaviour(
        "In policies that AWS manages, an `aws:` key that is not known here is an error of the simulator when it comes "
        "to it",
        "ours",
        "test_managed_policies.py::test_a_key_of_awss_that_is_not_known_is_an_error_when_it_comes_to_it",
    ),
    Behaviour(
        "Service-specific keys that AWS sets and the simulator does not: error of the simulator when it comes to them",
        "ours",
        "test_request_keys.py::test_a_key_that_aws_has_and_no_call_sets_is_an_error",
    ),
    Behaviour(
        "Service-specific keys that no call sets count as absent, as AWS has it for keys that do not exist",
        "DG",
        "test_policies.py::test_conditions_hold_as_documented",
    ),
)
