"""What is posted as a Kubernetes event."""

from __future__ import annotations

from dataclasses import dataclass

from ..words.reasons import Reason


@dataclass(frozen=True, slots=True)
class Event:
    """An event to post; ``type`` is Normal or Warning."""

    type: str
    reason: Reason
    message: str
