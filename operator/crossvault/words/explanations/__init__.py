"""What every reason means, who acts, and how: the source of ``docs/reference/reasons.md``."""

from __future__ import annotations

from collections.abc import Mapping

from ..reasons import Reason
from .deeds import DEEDS
from .meaning import Explanation
from .objects import OBJECTS
from .points import POINTS

EXPLANATIONS: Mapping[Reason, Explanation] = {**OBJECTS, **POINTS, **DEEDS}

__all__ = ["EXPLANATIONS", "Explanation"]
