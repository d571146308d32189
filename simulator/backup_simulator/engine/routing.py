"""Which operation a request means, decided on the raw path.

ARNs and vault names hold slashes and colons; decoding before matching would split a label in two.
"""

from __future__ import annotations

import functools
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from . import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel

    from ..wire import Request


@dataclass(frozen=True, slots=True)
class Route:
    """A found operation and the decoded labels of its path."""

    operation: OperationModel
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Template:
    operation: OperationModel
    segments: tuple[str, ...]

    @property
    def literals(self) -> int:
        return sum(not segment.startswith("{") for segment in self.segments)


def route(service: catalogue.Service, request: Request) -> Route | None:
    """Find the operation of a request, or None when the model has no such route."""
    match service.protocol:
        case "rest-json":
            return _by_path(service, request.method, request.path)
        case "json":
            return _by_target(service, request.headers.get("x-amz-target", ""))
        case _:
            return _by_action(service, request)


def _by_target(service: catalogue.Service, target: str) -> Route | None:
    prefix, _, name = target.rpartition(".")
    operation = service.operations.get(name) if prefix == service.target_prefix else None
    return Route(operation, {}) if operation else None


def _by_action(service: catalogue.Service, request: Request) -> Route | None:
    operation = service.operations.get(form(request).get("Action", [""])[0])
    return Route(operation, {}) if operation else None


def _by_path(service: catalogue.Service, method: str, path: str) -> Route | None:
    segments = tuple(path.split("/"))
    toggled = segments[:-1] if segments[-1] == "" else (*segments, "")
    return _match(service.name, method, segments) or _match(service.name, method, toggled)


def _match(service: str, method: str, segments: tuple[str, ...]) -> Route | None:
    for template in _templates(service).get((method, len(segments), segments[1] if len(segments) > 1 else ""), ()):
        labels = _labels(template.segments, segments)
        if labels is not None:
            return Route(template.operation, labels)
    return None


def _labels(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    for expected, found in zip(template, segments, strict=True):
        if expected.startswith("{"):
            if not found:
                return None
            labels[expected.strip("{}+")] = urllib.parse.unquote(found)
        elif expected != found:
            return None
    return labels


def spoken(service: catalogue.Service, request: Request) -> catalogue.Service:
    """The service in the protocol of a request: some that speak JSON take the query protocol too."""
    if not service.query_compatible or "x-amz-target" in request.headers:
        return service
    return catalogue.in_query().get(service.name, service) if "Action" in form(request) else service


def form(request: Request) -> dict[str, list[str]]:
    """The fields of a query, in the body or behind the path."""
    return urllib.parse.parse_qs(request.body.decode("utf-8", "replace") or request.query)


@functools.cache
def _templates(service: str) -> Mapping[tuple[str, int, str], list[_Template]]:
    table: dict[tuple[str, int, str], list[_Template]] = {}
    for operation in catalogue.load()[service].operations.values():
        uri = str(operation.http["requestUri"]).partition("?")[0]
        template = _Template(operation, tuple(uri.split("/")))
        key = (str(operation.http["method"]), len(template.segments), template.segments[1])
        table.setdefault(key, []).append(template)
    for templates in table.values():
        templates.sort(key=lambda template: -template.literals)
    return table


FIDELITY = (
    Behaviour(
        "All operations of `backup` route to themselves on the raw path, ARNs encoded in labels",
        "botocore",
        "test_engine.py::test_every_backup_operation_routes_to_itself",
    ),
    Behaviour(
        "A slash too few or too many at the end of a path is forgiven",
        "assumed",
        "test_engine.py::test_a_missing_trailing_slash_is_forgiven",
    ),
)
