"""Pages of lists, with tokens bound to the caller, the operation and the filters."""

from __future__ import annotations

import base64
import bisect
import hashlib
import itertools
import json
from typing import TYPE_CHECKING, TypeVar

from ...fidelity import Behaviour
from ...wire import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...wire import Params
    from ..operation import Scope

Item = TypeVar("Item")

DEFAULT_PAGE = 100
"""Undocumented; assumed."""


def page(
    scope: Scope,
    operation: str,
    params: Params,
    items: Sequence[Item],
    *,
    position: Callable[[Item], int | str],
) -> tuple[list[Item], str | None]:
    """Cut one page out of items that are ordered by position; returns it with the next token."""
    bound = _binding(scope, operation, params)
    start = 0
    if token := params.get("NextToken"):
        start = bisect.bisect_right(items, _read(token, bound), key=position)
    size = params.get("MaxResults", DEFAULT_PAGE)
    found = list(items[start : start + size])
    more = found and start + size < len(items)
    return found, _write(position(found[-1]), bound) if more else None


def page_on(
    scope: Scope,
    operation: str,
    params: Params,
    since: Callable[[int], Iterator[Item]],
    *,
    position: Callable[[Item], int],
) -> tuple[list[Item], str | None]:
    """Cut one page out of a stream that can be entered behind any position; looks at no more than the page needs."""
    bound = _binding(scope, operation, params)
    token = params.get("NextToken")
    start = _read(token, bound) if token else -1
    if not isinstance(start, int):
        raise _invalid()
    size = params.get("MaxResults", DEFAULT_PAGE)
    found = list(itertools.islice(since(start), size + 1))
    more = len(found) > size > 0
    return found[:size], _write(position(found[size - 1]), bound) if more else None


def _binding(scope: Scope, operation: str, params: Params) -> str:
    filters = {name: value for name, value in params.items() if name not in {"NextToken", "MaxResults"}}
    text = json.dumps([scope.principal.account, scope.region_name, operation, filters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(position: int | str, bound: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([bound, position]).encode()).decode()


def _read(token: str, bound: str) -> int | str:
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode()))
        if isinstance(found, list) and len(found) == 2 and found[0] == bound and isinstance(found[1], int | str):
            return found[1]
    except (ValueError, RecursionError):
        pass
    raise _invalid()


def _invalid() -> AwsError:
    return AwsError("InvalidParameterValueException", "Invalid NextToken")


FIDELITY = (
    Behaviour(
        "Page size without MaxResults is 100; lists are in order of arrival, vaults by name",
        "assumed",
        "test_recovery_points.py::test_pages_cover_the_list_once",
    ),
    Behaviour(
        "A page token serves the same caller, operation and filters only",
        "assumed",
        "test_recovery_points.py::test_a_token_serves_its_own_list_only",
    ),
)
