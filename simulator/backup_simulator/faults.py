"""Faults on order: which calls they hit, how often, and what they do.

A fault hits before or after the effect of the call; `after_effect` means that AWS acted and the caller does not learn
it. Dice follow the world's seed and are nobody else's, so that a fault does not change the ids of what comes after.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from . import orders
from .clock import Count
from .fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .world.fault_parts import FaultPart


class Kind(StrEnum):
    """What a fault does."""

    ERROR = "error"
    THROTTLE = "throttle"
    LATENCY = "latency"
    HANG = "hang"
    RESET = "reset"
    TRUNCATE = "truncate"
    OMIT = "omit"
    STALE = "stale"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a kind of fault


@dataclass(slots=True)
class Fault:
    """One ordered fault; empty fields match everything.

    `skip` counts calls that pass untouched first; `times` is how many are hit (None: all). `seconds` is real time for
    latency and hang, virtual time for stale reads. A throttle with `per_second` hits only what comes faster than a
    bucket of `burst` tokens per account refills, in virtual time. `member` is what an omission leaves out of an answer,
    as `Policy` or `CopyJobs[].State`, and `instead` what stands in its place.
    """

    kind: Kind
    account: str = ""
    role: str = ""
    service: str = ""
    operation: str = ""
    resource: str = ""
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    code: str = "InternalFailure"
    status: int = 500
    message: str = ""
    seconds: float = 0.0
    after_effect: bool = False
    per_second: float = 0.0
    burst: int = 1
    member: str = ""
    instead: str = "nothing"
    hits: int = 0
    number: int = field(default=0)


@dataclass(frozen=True, slots=True)
class Target:
    """What a fault is matched against; `now` is virtual time."""

    account: str
    role: str
    service: str
    operation: str
    text: str
    now: float
    mutating: bool = False
    session: bool = False


class Faults:
    """The faults that are ordered, in order."""

    def __init__(self, seed: int = 1, ordered: Iterable[Fault] = ()) -> None:
        self._faults: list[Fault] = []
        self._numbers = Count(1)
        self._dice = random.Random(seed)  # noqa: S311 - reproducible worlds, no secrets worth guarding
        self._buckets: dict[tuple[int, str], tuple[float, float]] = {}
        for fault in ordered:
            self.add(fault)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def name_resources(self) -> bool:
        """Tell whether any hits only the calls that speak of a resource, for which they have to be read."""
        return any(fault.resource for fault in self._faults)

    def add(self, fault: Fault) -> Fault:
        """Order a fault."""
        fault.number = next(self._numbers)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Cancel all faults."""
        self._faults.clear()
        self._buckets.clear()

    def listed(self) -> list[Fault]:
        """All faults, used-up ones included."""
        return list(self._faults)

    def staleness(self) -> float:
        """How far back stale reads may look, in virtual seconds; 0 when none is ordered."""
        return max((fault.seconds for fault in self._faults if fault.kind is Kind.STALE), default=0.0)

    def strike(self, target: Target) -> Fault | None:
        """The first fault that hits a call, counted."""
        for fault in self._faults:
            if fault.times == 0 or not _matches(fault, target):
                continue
            if orders.spares(fault, self._dice) or (fault.per_second and self._has_token(fault, target)):
                continue
            orders.use(fault)
            return fault
        return None

    def _has_token(self, fault: Fault, target: Target) -> bool:
        """Take a token out of the account's bucket, if there is one."""
        key = (fault.number, target.account)
        tokens, since = self._buckets.get(key, (float(fault.burst), target.now))
        tokens = min(float(fault.burst), tokens + (target.now - since) * fault.per_second)
        found = tokens >= 1.0
        self._buckets[key] = (tokens - 1.0 if found else tokens, target.now)
        return found


def _matches(fault: Fault, target: Target) -> bool:
    return (
        fault.account in {"", target.account}
        and fault.role in {"", target.role}
        and fault.service in {"", target.service}
        and fault.operation in {"", target.operation}
        and fault.resource in target.text
        and not (fault.kind is Kind.STALE and target.mutating)
        and not (fault.kind is Kind.EXPIRED_TOKEN and not target.session)
    )


def of(part: FaultPart) -> Fault:
    """The fault a checked part of a world describes."""
    return Fault(**part.model_dump() | {"kind": Kind(part.kind)})


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as JSON."""
    return asdict(fault)


FIDELITY = (
    Behaviour(
        "Throttling on order, with a token bucket per account in virtual time: `Rate exceeded`",
        "DG; real rates are unpublished",
        "test_faults.py::test_a_bucket_throttles_what_comes_too_fast",
    ),
    Behaviour(
        "Errors, latency, hangs, cut connections and bodies on order, before or after the effect, with counts and dice",
        "ours",
        "test_control.py::test_faults_hit_what_they_name",
    ),
    Behaviour(
        "An answer without one of its members, or with null or a value of another kind in its place, on order",
        "ours",
        "test_faults.py::test_an_omission_takes_a_member_out_of_an_answer",
    ),
    Behaviour(
        "A session that expires on order stays expired; the next one of the role works",
        "DG",
        "test_faults.py::test_an_expired_token_stays_expired_and_a_new_session_works",
    ),
    Behaviour(
        "A clock 15 minutes off or more: `Signature expired: … is now earlier than …`, `not yet current`; "
        "the code is InvalidSignatureException, SignatureDoesNotMatch in query services (RequestTimeTooSkewed is S3's)",
        "issue",
        "test_faults.py::test_clocks_that_differ_are_told_in_awss_words",
    ),
    Behaviour(
        "Jobs fail with a given text, get stuck or vanish on order",
        "ours",
        "test_faults.py::test_a_job_vanishes_as_ordered",
    ),
)
