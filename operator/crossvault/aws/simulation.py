"""What IAM decides when it is asked to try out what a role might do.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any, Literal, TypeAlias

from botocore.exceptions import ClientError

from ..iam.decisions import Barrier, Decision, Decisions
from .answers import UnexpectedAnswerError
from .entered import Entered
from .errors import code_of

ACTION = "iam:SimulatePrincipalPolicy"
AT_ONCE = 1000
"""The longest page that IAM has."""
PAGES = 20
_BARRIERS = {
    Barrier.ORGANIZATION: ("OrganizationsDecisionDetail", "AllowedByOrganizations"),
    Barrier.BOUNDARY: ("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary"),
}
"""Where an answer tells that something does not allow it; control policies with conditions are not tried out.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html"""

Context: TypeAlias = Mapping[str, tuple[str, ...]]
"""What is said of the request: the values of the keys that conditions may be about."""


_ALLOWED = Decision(True)
"""Nearly all of them, of which a thousand policies keep eight thousand."""


def simulate(
    access: Entered, region: str, who: str, actions: Sequence[str], resources: Sequence[str], context: Context
) -> Decisions | None:
    """Have IAM decide about every action on every resource; None when there is nobody of that ARN.

    Raises:
        CrossvaultError: IAM could not be asked, or refused to tell.
    """
    asked: dict[str, Any] = {
        "PolicySourceArn": who,
        "ActionNames": list(actions),
        "ResourceArns": list(resources),
        "ContextEntries": [
            {
                "ContextKeyName": name,
                "ContextKeyValues": list(values),
                "ContextKeyType": _type_of(values),
            }
            for name, values in context.items()
        ],
        "MaxItems": AT_ONCE,
    }
    with access.asking(f"try out what role {who.rsplit('/', 1)[-1]} may do", ACTION):
        try:
            return {
                (intern(each["EvalActionName"]), intern(each.get("EvalResourceName") or "")): _decision(each)
                for each in _pages(access, region, asked)
            }
        except ClientError as error:
            if _is_nobody(error):
                return None
            raise


def _is_nobody(error: ClientError) -> bool:
    """Tell whether IAM knows nobody of that ARN: it says so in one of two ways, the second where the path is another.

    The words of the second: https://github.com/newrelic/newrelic-lambda-cli/issues/96
    """
    code = code_of(error)
    return code in {"NoSuchEntity", "NoSuchEntityException"} or (
        code in {"InvalidInput", "InvalidInputException"} and "does not clearly define entity" in str(error)
    )


def _type_of(values: tuple[str, ...]) -> Literal["boolean", "string", "stringList"]:
    if values in {("true",), ("false",)}:
        return "boolean"
    return "string" if len(values) == 1 else "stringList"


def _pages(access: Entered, region: str, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    request = dict(asked)
    for _ in range(PAGES):
        answer = access.iam(region).simulate_principal_policy(**request)
        yield from answer["EvaluationResults"]
        if not answer.get("Marker"):  # there exactly where IsTruncated says so
            return
        if answer["Marker"] == request.get("Marker"):
            break
        request["Marker"] = answer["Marker"]
    raise UnexpectedAnswerError("Marker in the answer leads to no end")


def _decision(row: Mapping[str, Any]) -> Decision:
    """Return a decision; a denial for want of a key that nobody gave is none."""
    word, missing = row["EvalDecision"], tuple(sorted(row.get("MissingContextValues") or ()))
    if word == "allowed":
        return _ALLOWED
    before = (each for each, (detail, said) in _BARRIERS.items() if (row.get(detail) or {}).get(said) is False)
    return Decision(None if missing else False, word == "explicitDeny", missing, frozenset(before))
