"""The role that is declared for copies."""

from __future__ import annotations

from ...engine.parts import Part

COPY_ROLE: Part[str] = Part("copy role", "")
"""The ARN of the declared role."""
