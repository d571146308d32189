"""Names in orders that AWS does not have: a fault or an outcome that names one would wait for ever."""

from __future__ import annotations

import difflib
import functools
import inspect
from typing import TYPE_CHECKING

import botocore.session

from .engine import catalogue
from .moto_adapter import mount
from .services.backup.backups import texts as backup_texts
from .services.backup.copies import texts as copy_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from .world.fault_parts import FaultPart, OutcomePart

MODELS = {name: catalogue.MODELS.get(name, name) for name in catalogue.SERVICES} | dict(mount.SERVICES)
"""All services by signing name, with botocore's name for them."""
CATEGORIES = tuple(sorted({"SUCCESS", *(row.category for row in (*copy_texts.DOCUMENTED, *backup_texts.DOCUMENTED))}))
FEW = 20
"""So many names are listed at most when none is near."""


def check_fault(part: FaultPart) -> None:
    """Raise ValueError for a service or an operation that no call can have."""
    if part.service and part.service not in MODELS:
        raise ValueError(f"no fault: service: {part.service!r} is not known here{_instead(part.service, MODELS)}")
    asked = (part.service,) if part.service else tuple(MODELS)
    if part.operation and not any(part.operation in _operations(name) for name in asked):
        known = {name for service in asked for name in _operations(service)}
        of = f" of {part.service}" if part.service else ""
        said = f"{part.operation!r} is no operation{of}{_instead(part.operation, known)}"
        raise ValueError(f"no fault: operation: {said}")


def check_outcome(part: OutcomePart) -> None:
    """Raise ValueError for a category that jobs do not have."""
    if part.category not in CATEGORIES:
        said = f"{part.category!r} is no category of jobs{_instead(part.category, CATEGORIES)}"
        raise ValueError(f"no outcome: category: {said}")


def check_fields(function: Callable[..., object], given: Collection[str], what: str) -> None:
    """Raise ValueError for names that a function does not take, or for those that it lacks."""
    parameters = inspect.signature(function).parameters
    for name in given:
        if name not in parameters:
            near = _near(name, parameters)
            meant = f", did you mean {near!r}?" if near else ";"
            raise ValueError(f"{name!r} is no {what}{meant} there are {', '.join(parameters)}")
    missing = [name for name, each in parameters.items() if each.default is each.empty and name not in given]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")


def _instead(name: str, known: Iterable[str]) -> str:
    """The name that may have been meant or, of a few, all."""
    names = sorted(known)
    if near := _near(name, names):
        return f"; did you mean {near!r}?"
    return f"; there are {', '.join(names)}" if len(names) <= FEW else ""


def _near(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


@functools.cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.Session().get_service_model(MODELS[service]).operation_names)
