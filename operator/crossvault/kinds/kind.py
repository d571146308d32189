"""What the hosts know of a kind of object."""

from __future__ import annotations

from dataclasses import dataclass

from ..status.unseen import Face


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: As in manifests.
        face: What is said of an object that a pass could not look at.
    """

    name: str
    face: Face
