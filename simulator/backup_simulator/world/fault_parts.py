"""The parts of a world file that order trouble: faults of calls, ends of jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .part import Part
from .units import Seconds


class FaultPart(Part):
    """A fault that waits for calls; empty matches everything (see faults.py)."""

    kind: Literal["error", "throttle", "latency", "hang", "reset", "truncate", "omit", "stale", "expired_token"]
    """What happens to the call."""
    account: str = ""
    """Id of the account that calls; empty: any."""
    role: str = ""
    """Name of the role or user that calls; empty: any."""
    service: str = ""
    """The service that is called, such as `backup`; empty: any."""
    operation: str = ""
    """The operation, such as `StartCopyJob`; empty: any."""
    resource: str = ""
    """A part of path, query or body: an ARN, a vault's name, a job's id; empty: any."""
    times: int | None = Field(default=None, ge=0)
    """How many calls it hits; left out: all."""
    skip: int = Field(default=0, ge=0)
    """How many calls that match it lets through first."""
    probability: float = Field(default=1.0, ge=0, le=1)
    """With which probability it hits a call that matches: 0.5."""
    code: str = "InternalFailure"
    """Of an `error`: its code, such as `InvalidRequestException`."""
    status: int = Field(default=500, ge=400, le=599)
    """Of an `error`: its HTTP status."""
    message: str = ""
    """Of an `error`, `throttle` or `expired_token`: its text; empty: AWS's own."""
    seconds: Seconds = 0.0
    """How long: real time of `latency` and `hang`, virtual time of `stale`."""
    after_effect: bool = False
    """Whether AWS acts before an `error`, `throttle`, `hang` or `reset`."""
    per_second: float = Field(default=0.0, ge=0)
    """Of a `throttle`: calls per virtual second that an account may make; 0: none pass."""
    burst: int = Field(default=1, ge=1)
    """Of a `throttle` with `per_second`: calls that an account may make at once."""
    member: str = ""
    """Of an `omit`: the member of the answer that is missing, such as `Policy` or `CopyJobs[].State` (of every row)."""
    instead: Literal["nothing", "null", "other"] = "nothing"
    """Of an `omit`: what stands in its place; `other` is a value of another kind."""

    @model_validator(mode="after")
    def _sensible(self) -> FaultPart:
        if self.per_second and self.kind != "throttle":
            raise ValueError("per_second belongs to a throttle")
        if self.kind == "stale" and not self.seconds:
            raise ValueError("a stale read needs seconds: how old is what it shows")
        if (self.kind == "omit") != bool(self.member):
            raise ValueError("an omit needs a member, and nothing else has one")
        if self.after_effect and self.kind in {"stale", "expired_token"}:
            raise ValueError(f"{self.kind} knows no after_effect")
        return self


class EventsPart(Part):
    """How events of AWS services travel: virtual seconds, and probabilities per event (see services/events/feed.py)."""

    batch: Seconds = 300.0
    """Virtual time between two batches of events: `5m`."""
    delay: Seconds = 0.0
    """Virtual time by which each event comes later than its batch: `10s`."""
    loss: float = Field(default=0.0, ge=0, le=1)
    """With which probability an event is lost: 0.1."""
    duplication: float = Field(default=0.0, ge=0, le=1)
    """With which probability an event comes twice."""
    reordering: float = Field(default=0.0, ge=0, le=1)
    """With which probability an event changes its place in the batch."""


class OutcomePart(Part):
    """How copy jobs, or backup jobs, end that match; empty matches everything."""

    state: Literal["FAILED", "COMPLETED", "STUCK_CREATED", "STUCK_RUNNING", "VANISHED"]
    """How the job ends: FAILED, COMPLETED, stuck for ever, or neither listed nor described any more."""
    kind: Literal["copy", "backup"] = "copy"
    """Whether copy jobs or backup jobs are meant."""
    account: str = ""
    """Id of the account whose job it is; empty: any."""
    role: str = ""
    """Name of the job's role; empty: any."""
    job: str = ""
    """Id of the job; empty: any."""
    resource: str = ""
    """A part of the resource's ARN, such as `vol-1`; empty: any."""
    recovery_point: str = ""
    """A part of the source recovery point's ARN, such as `snap-`; empty: any."""
    destination: str = ""
    """A part of the destination vault's ARN, such as `copies`; empty: any."""
    message: str = ""
    """The job's StatusMessage."""
    category: str = "MISCELLANEOUS"
    """The job's MessageCategory, such as `ACCESS_DENIED`."""
    times: int | None = Field(default=None, ge=0)
    """How many jobs end so; left out: all."""
    skip: int = Field(default=0, ge=0)
    """How many jobs that match end as they would, first."""
    probability: float = Field(default=1.0, ge=0, le=1)
    """With which probability a job that matches ends so: 0.5."""
