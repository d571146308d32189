"""What is shown to Prometheus: metrics, and their samples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

PREFIX = "crossvault_"


class Type(StrEnum):
    """Prometheus' types."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; ``name`` carries neither the prefix nor a counter's ``_total``."""

    name: str
    type: Type
    labels: tuple[str, ...]
    help: str

    @property
    def full_name(self) -> str:
        """The name as it is scraped."""
        return f"{PREFIX}{self.name}{'_total' if self.type is Type.COUNTER else ''}"


Sample: TypeAlias = tuple[Metric, tuple[str, ...], float]
"""A metric, the values of its labels, and its own."""
