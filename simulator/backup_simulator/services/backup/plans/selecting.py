"""Which resources a selection means (DG: Assigning resources to a backup plan).

`Resources` are ARNs or patterns; `Conditions` narrow them (all must hold), `ListOfTags` adds to them (any suffices),
`NotResources` takes away. What only a wildcard over all types or a tag finds has to be opted in.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....policies import conditions
from ....records import resources
from .. import regional

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from ....records.resources import Resource
    from ....records.state import State
    from ....wire import Params

FIND = "tag:GetResources"
TAG = "aws:ResourceTag/"


def resources_of(state: State, account: str, region: str, document: Params) -> list[Resource]:
    """The resources of an account in a Region that a selection means now."""
    return [
        resource
        for resource in resources.listed(state, account, region)
        if means(document, resource.arn, resource.tags)
        and (named(document, resource.arn) or regional.opted_in(state, account, region, resource.resource_type))
    ]


def by_tag(document: Params) -> bool:
    """Whether a selection looks at tags."""
    return bool(document.get("ListOfTags")) or any(document.get("Conditions", {}).values())


def means(document: Params, arn: str, tags: Mapping[str, str]) -> bool:
    """Whether a selection means a resource with these tags."""
    if _any_matches(document.get("NotResources", ()), arn):
        return False
    listed = any(
        tags.get(condition["ConditionKey"].removeprefix(TAG)) == condition["ConditionValue"]
        for condition in document.get("ListOfTags", ())
    )
    return listed or (_any_matches(document.get("Resources", ()), arn) and _conditions_hold(document, tags))


def named(document: Params, arn: str) -> bool:
    """Whether a selection names the resource or its type, so that opt-ins do not matter."""
    patterns = [pattern for pattern in document.get("Resources", ()) if pattern != "*"]
    return _any_matches(patterns, arn)


def _any_matches(patterns: Iterable[str], arn: str) -> bool:
    exact, wild = _compiled(tuple(patterns))
    return arn in exact or any(pattern.fullmatch(arn) is not None for pattern in wild)


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    return frozenset(patterns), tuple(conditions.glob(pattern) for pattern in patterns if "*" in pattern)


_OPERATORS: dict[str, Callable[[str, str | None], bool]] = {
    "StringEquals": lambda want, have: have == want,
    "StringNotEquals": lambda want, have: have != want,
    "StringLike": lambda want, have: have is not None and _like(want, have),
    "StringNotLike": lambda want, have: have is None or not _like(want, have),
}


def _like(pattern: str, value: str) -> bool:
    return conditions.glob(pattern.replace("?", "\0")).fullmatch(value.replace("?", "\0")) is not None


def _conditions_hold(document: Params, tags: Mapping[str, str]) -> bool:
    return all(
        _OPERATORS[operator](test["ConditionValue"], tags.get(test["ConditionKey"].removeprefix(TAG)))
        for operator, tests in document.get("Conditions", {}).items()
        for test in tests or ()
    )


FIDELITY = (
    Behaviour(
        "Resources or ListOfTags select (any suffices), Conditions narrow Resources (all hold), NotResources take away",
        "DG, botocore, issue",
        "test_selections.py::test_a_selection_means_what_it_says",
    ),
    Behaviour(
        "Negated conditions hold for resources without the tag; ListOfTags takes keys also with aws:ResourceTag/",
        "assumed",
        "test_selections.py::test_a_selection_means_what_it_says",
    ),
    Behaviour(
        "Opt-ins matter to resources found by tags or by *, not to those named by ARN or type",
        "botocore",
        "test_plans_run.py::test_opt_ins_matter_to_what_is_not_named",
    ),
)
