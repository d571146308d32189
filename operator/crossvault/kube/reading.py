"""What a person's kubeconfig lets them read of objects of ours, once: for commands that look at a cluster and go."""

from __future__ import annotations

from typing import Any

from ..kinds import KINDS
from ..work.vitals import Vitals
from . import objects
from .access import Access
from .client import Api, ApiError
from .settings import OperatorSettings

__all__ = ["ApiError", "objects_of"]


async def objects_of(
    kind: str, settings: OperatorSettings, namespace: str, name: str = ""
) -> tuple[dict[str, Any], ...]:
    """Return the objects of a kind in a namespace, in all of them where it is empty, or the one of a name.

    Raises:
        ApiError: The API server cannot be asked, or does not answer.
    """
    resource = objects.resource_of(KINDS[kind])
    api = Api(Access(settings.kubeconfig, settings.context).read, settings, Vitals())
    try:
        if name:
            found = await api.look(resource, namespace, name)
            return (found,) if found is not None else ()
        return (await api.list(resource, namespace)).items
    finally:
        await api.close()
