"""The parts of a world file that order trouble: faults of calls, ends of jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .part import Part
from .units import Seconds


class FaultPart(Part):
    """A fault that waits for calls; empty matches everything (see faults.py)."""

    kind: Literal["error", "throttle", "latency", "hang", "reset", "truncate", "stale", "expired_token"]
    account: str = ""
    role: str = ""
    service: str = ""
    operation: str = ""
    resource: str = ""
    times: int | None = Field(default=None, ge=0)
    skip: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    code: str = "InternalFailure"
    status: int = Field(default=500, ge=400, le=599)
    message: str = ""
    seconds: Seconds = 0.0
    after_effect: bool = False
    per_second: float = Field(default=0.0, ge=0)
    burst: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _sensible(self) -> FaultPart:
        if self.per_second and self.kind != "throttle":
            raise ValueError("per_second belongs to a throttle")
        if self.kind == "stale" and not self.seconds:
            raise ValueError("a stale read needs seconds: how old is what it shows")
        if self.after_effect and self.kind in {"stale", "expired_token"}:
            raise ValueError(f"{self.kind} knows no after_effect")
        return self


class EventsPart(Part):
    """How events of AWS services travel: virtual seconds, and probabilities per event (see services/events/feed.py)."""

    batch: Seconds = 300.0
    delay: Seconds = 0.0
    loss: float = Field(default=0.0, ge=0, le=1)
    duplication: float = Field(default=0.0, ge=0, le=1)
    reordering: float = Field(default=0.0, ge=0, le=1)


class OutcomePart(Part):
    """How copy jobs, or backup jobs, end that match; empty matches everything."""

    state: Literal["FAILED", "COMPLETED", "STUCK_CREATED", "STUCK_RUNNING", "VANISHED"]
    kind: Literal["copy", "backup"] = "copy"
    account: str = ""
    role: str = ""
    job: str = ""
    resource: str = ""
    recovery_point: str = ""
    destination: str = ""
    message: str = ""
    category: str = "MISCELLANEOUS"
    times: int | None = Field(default=None, ge=0)
    skip: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
