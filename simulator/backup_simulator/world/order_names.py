"""Names in orders that AWS does not have: a fault or an outcome that names one would wait for ever."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

import botocore.session

from ..engine import catalogue
from ..services.backup.backups import texts as backup_texts
from ..services.backup.copies import texts as copy_texts
from .fault_parts import FaultPart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .fault_parts import OutcomePart

MODELS = {name: catalogue.MODELS.get(name, name) for name in catalogue.SERVICES}
"""All services by signing name, with botocore's name for them."""
CATEGORIES = tuple(sorted({"SUCCESS", *(row.category for row in (*copy_texts.DOCUMENTED, *backup_texts.DOCUMENTED))}))
FEW = 20
"""So many names are listed at most when none is near."""


def check(part: FaultPart | OutcomePart) -> None:
    """Raise ValueError for a service or an operation that no call can have, or a category that no job can have."""
    if isinstance(part, FaultPart):
        _check_fault(part)
    elif part.category not in CATEGORIES:
        raise ValueError(f"category: {part.category!r} is no category of jobs{_instead(part.category, CATEGORIES)}")


def _check_fault(part: FaultPart) -> None:
    if part.service and part.service not in MODELS:
        raise ValueError(f"service: {part.service!r} is not known here{_instead(part.service, MODELS)}")
    asked = (part.service,) if part.service else tuple(MODELS)
    if part.operation and not any(part.operation in _operations(name) for name in asked):
        known = {name for service in asked for name in _operations(service)}
        of = f" of {part.service}" if part.service else ""
        said = f"{part.operation!r} is no operation{of}{_instead(part.operation, known)}"
        raise ValueError(f"operation: {said}")


def _instead(name: str, known: Iterable[str]) -> str:
    """The name that may have been meant or, of a few, all."""
    names = sorted(known)
    if meant := near(name, names):
        return f"; did you mean {meant!r}?"
    return f"; there are {', '.join(names)}" if len(names) <= FEW else ""


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a given one, if any is."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


@functools.cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.Session().get_service_model(MODELS[service]).operation_names)
