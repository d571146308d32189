"""Whose turn it is with moto, which keeps one state per process: that of other simulators is put away meanwhile.

moto is pinned to one version, because this reaches into its registry of backends.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = threading.RLock()


@dataclass(slots=True)
class Share:
    """What moto keeps for one simulator, as long as it is another one's turn."""

    backends: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    buckets: dict[str, tuple[str, str]] = field(default_factory=dict)
    tracked: list[tuple[Any, list[Any]]] = field(default_factory=list)


_present: list[Share] = []
"""Whose state moto has now; none or one."""


@contextlib.contextmanager
def turn(share: Share) -> Iterator[None]:
    """Have moto to oneself, with what it kept for this share."""
    with _LOCK:
        if not _present or _present[0] is not share:
            if _present:
                _put_away(_present.pop())
            _bring_back(share)
            _present.append(share)
        yield


def _put_away(share: Share) -> None:
    registry, buckets, models = _places()
    share.backends = [(backend, dict(backend.items())) for backend in registry]
    share.buckets = dict(buckets)
    share.tracked = [(model, model.instances_tracked) for model in models if model.instances_tracked]
    for backend, _ in share.backends:
        backend.clear()
    registry.clear()
    buckets.clear()
    for model, _ in share.tracked:
        model.instances_tracked = []


def _bring_back(share: Share) -> None:
    registry, buckets, _ = _places()
    for backend, kept in share.backends:
        for account, found in kept.items():
            backend[account] = found
        registry.append(backend)
    buckets.update(share.buckets)
    for model, instances in share.tracked:
        model.instances_tracked = instances


def _places() -> tuple[list[Any], dict[str, tuple[str, str]], list[Any]]:
    """Where moto keeps things: backends in use, whose every bucket is, and classes that remember their instances."""
    from moto.core.base_backend import BackendDict  # noqa: PLC0415 - may be absent, and takes a while
    from moto.core.model_instances import model_data  # noqa: PLC0415 - the same
    from moto.s3.models import s3_backends  # noqa: PLC0415 - the same

    registry: list[Any] = vars(BackendDict)["_instances"]  # moto has no other list of what is in use
    models = [model for of_service in model_data.values() for model in of_service.values()]
    return registry, s3_backends.bucket_accounts, models
