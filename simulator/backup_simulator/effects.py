"""What a fault makes of a call: an answer instead of AWS's, or AWS's answer that arrives late, cut or never."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .faults import Fault, Kind
from .wire import Arrival, AwsError, CommonError, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    Failed = Callable[[AwsError], tuple[Response, str]]

HANG = 3600.0
EXPIRED = "The security token included in the request is expired"


def instead(fault: Fault | None, failed: Failed) -> tuple[Response, str] | None:
    """What a fault answers instead of the operation, with the outcome for the call log; None lets AWS act.

    `failed` writes an error in the protocol of the call.
    """
    return None if fault is None or fault.after_effect else _answered(fault, failed)


def _answered(fault: Fault, failed: Failed) -> tuple[Response, str] | None:
    """The answer of a fault that has one of its own."""
    match fault.kind:
        case Kind.ERROR:
            return failed(AwsError(fault.code, fault.message, status=fault.status))
        case Kind.THROTTLE:
            return failed(CommonError("Throttling", fault.message or "Rate exceeded"))
        case Kind.EXPIRED_TOKEN:
            return failed(CommonError("ExpiredToken", fault.message or EXPIRED))
        case Kind.HANG:
            return Response(500, (), b"", fault.seconds or HANG, Arrival.DROPPED), "hang"
        case Kind.RESET:
            return Response(500, (), b"", fault.seconds, Arrival.DROPPED), "reset"
        case _:
            return None


def delivered(answer: Response, fault: Fault | None, failed: Failed) -> tuple[Response, str]:
    """What a fault does to an answer that AWS has already acted on, with the outcome for the call log."""
    if fault is None:
        return answer, "OK"
    match fault.kind:
        case Kind.LATENCY:
            return replace(answer, delay=fault.seconds), "OK"
        case Kind.TRUNCATE:
            return replace(answer, delay=fault.seconds, arrival=Arrival.TRUNCATED), "truncate"
        case Kind.RESET:
            return replace(answer, delay=fault.seconds, arrival=Arrival.DROPPED), "reset after effect"
        case Kind.HANG:
            return replace(answer, delay=fault.seconds or HANG, arrival=Arrival.DROPPED), "hang after effect"
        case _:
            return _answered(fault, failed) or (answer, "OK")
