"""What the hosts know of a kind of object."""

from __future__ import annotations

from dataclasses import dataclass

from ..status.unseen import Face


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: As in manifests.
        plural: As in the paths of the API server.
        face: What is said of an object that a pass could not look at.
    """

    name: str
    plural: str
    face: Face
    namespaced: bool = False
