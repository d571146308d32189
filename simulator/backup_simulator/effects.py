"""What a fault makes of a call: an answer instead of AWS's, or AWS's answer that arrives late, cut, less or never."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

from .faults import Fault, Kind
from .wire import Arrival, AwsError, CommonError, Response, Value

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
        case Kind.OMIT:
            return _without(answer, fault), "omit"
        case Kind.RESET:
            return replace(answer, delay=fault.seconds, arrival=Arrival.DROPPED), "reset after effect"
        case Kind.HANG:
            return replace(answer, delay=fault.seconds or HANG, arrival=Arrival.DROPPED), "hang after effect"
        case _:
            return _answered(fault, failed) or (answer, "OK")


# --- Members left out ----------------------------------------------------------------------------------------------


def _without(answer: Response, fault: Fault) -> Response:
    """An answer without a member, in JSON or XML; one that has no such member stays as it is."""
    if answer.status >= 300 or not answer.body:
        return answer
    path = fault.member.replace("[]", ".[]").split(".")
    if answer.body.lstrip().startswith(b"<"):
        root = ET.fromstring(answer.body)  # noqa: S314 - our own answer
        for result in list(root):
            _leave_out_of_xml(result, path, fault.instead)
        return replace(answer, body=ET.tostring(root, encoding="utf-8"))
    shown = json.loads(answer.body)
    _leave_out(shown, path, fault.instead)
    return replace(answer, body=json.dumps(shown).encode())


def _leave_out(value: Value, path: list[str], instead: str) -> None:
    name, *rest = path
    if name == "[]" and isinstance(value, list):
        for row in value:
            _leave_out(row, rest, instead)
    elif not isinstance(value, dict) or name not in value:
        return
    elif rest:
        _leave_out(value[name], rest, instead)
    elif instead == "nothing":
        del value[name]
    else:
        value[name] = None if instead == "null" else _other(value[name])


def _other(value: Value) -> Value:
    """A value of another kind."""
    return "another kind" if isinstance(value, list | dict | bool | int | float) else {"of": "another kind"}


def _leave_out_of_xml(element: ET.Element, path: list[str], instead: str) -> None:
    name, *rest = path
    for child in [each for each in element if each.tag.rpartition("}")[2] == name]:
        if rest:
            _leave_out_of_xml(child, rest, instead)
        elif instead == "nothing":
            element.remove(child)
        else:
            for below in list(child):
                child.remove(below)
            child.text = ""
            if instead == "other":
                ET.SubElement(child, "Of").text = "another kind"
