"""How an error looks on the wire, by protocol.

Backup sends the exception's name in `x-amzn-ErrorType` and an internal code in the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import AwsError, CommonError, Params, Response
from . import answers, json_bodies, query_names

if TYPE_CHECKING:
    from .catalogue import Service

# symbolic name -> (code and status for rest-json and json, code and status for query)
COMMON = {
    "AccessDenied": (("AccessDeniedException", 403), ("AccessDenied", 403)),
    "UnknownKey": (("UnrecognizedClientException", 403), ("InvalidClientTokenId", 403)),
    "BadSignature": (("InvalidSignatureException", 403), ("SignatureDoesNotMatch", 403)),
    "ExpiredToken": (("ExpiredTokenException", 403), ("ExpiredToken", 403)),
    "MissingToken": (("MissingAuthenticationTokenException", 403), ("MissingAuthenticationToken", 403)),
    "IncompleteSignature": (("IncompleteSignatureException", 403), ("IncompleteSignature", 400)),
    "Throttling": (("ThrottlingException", 400), ("Throttling", 400)),
    "UnknownOperation": (("UnknownOperationException", 404), ("InvalidAction", 400)),
    "InternalFailure": (("InternalFailure", 500), ("InternalFailure", 500)),
    "NotImplemented": (("NotImplemented", 501), ("NotImplemented", 501)),
}

OLD_CODES = {**{code: old for (code, _), (old, _) in COMMON.values()}, **query_names.CODES}


def settle(error: AwsError, protocol: str, service: Service | None = None) -> tuple[str, int]:
    """Code and HTTP status of an error in a protocol; a service that speaks JSON too has old codes in query."""
    if not isinstance(error, CommonError):
        if protocol == "query" and service and service.query_compatible:
            return OLD_CODES.get(error.code, error.code), query_names.STATUSES.get(error.code, error.status)
        return error.code, error.status
    code, status = COMMON[error.code][protocol == "query"]
    # AWS's json 1.1 services answer a refused action with 400; assumed from KMS, see FIDELITY.md.
    return code, 400 if protocol == "json" and error.code == "AccessDenied" else status


def write(error: AwsError, protocol: str, request_id: str, service: Service | None = None) -> Response:
    """Serialise an error as the protocol wants it; `service` is None where the request did not say."""
    code, status = settle(error, protocol, service)
    if protocol == "query":
        return _xml(error, code=code, status=status, request_id=request_id, service=service)
    body: Params
    if protocol == "json":
        body = {"__type": code, "message": error.message, "Message": error.message} | error.members
    else:
        body = {"Code": code, "Message": error.message, "Type": None, "Context": None} | error.members
    headers = [("Content-Type", _content_type(service, protocol)), ("x-amzn-ErrorType", code)]
    if service and service.query_compatible:
        headers.append(("x-amzn-query-error", f"{OLD_CODES.get(code, code)};{_blame(status)}"))
    headers.append(("x-amzn-RequestId", request_id))
    return Response(status, tuple(headers), json_bodies.plain(body))


def _content_type(service: Service | None, protocol: str) -> str:
    if service:
        return answers.content_type(service)
    return "application/x-amz-json-1.1" if protocol == "json" else "application/json"


def _blame(status: int) -> str:
    return "Sender" if status < 500 else "Receiver"


def _xml(error: AwsError, *, code: str, status: int, request_id: str, service: Service | None) -> Response:
    told = f"<Code>{answers.xml_text(code)}</Code><Message>{answers.xml_text(error.message)}</Message>"
    space = f' xmlns="{service.namespace}"' if service and service.namespace else ""
    inner = f"<Error><Type>{_blame(status)}</Type>{told}</Error><RequestId>{request_id}</RequestId>"
    body = f"<ErrorResponse{space}>{inner}</ErrorResponse>"
    return Response(status, (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)), body.encode())


FIDELITY = (
    Behaviour(
        "Error type in `x-amzn-ErrorType`; body `Code`, `Message`, `Type`, `Context`; statuses 400, 403, 404, 500",
        "botocore, DG",
        "test_engine.py::test_error_bodies_have_awss_members",
    ),
    Behaviour(
        "The body's `Code` is an internal one where it is known (ERROR_2106, 2603, 3015, 3018, 9101, 9601), else the "
        "type",
        "issue; that the others equal the type assumed",
        "test_recovery_points.py::test_impossible_lifecycles_are_refused",
    ),
    Behaviour(
        "AccessDenied of json 1.1 services is 400; unknown key and expired token are 403 in rest-json and json",
        "assumed",
        "test_signatures.py::test_an_unknown_key_is_refused",
    ),
    Behaviour(
        "Services that once spoke the query protocol name their old code in `x-amzn-query-error`",
        "botocore",
        "test_protocols.py::test_errors_of_a_query_compatible_service_carry_the_old_code",
    ),
    Behaviour(
        "What is not implemented answers 501 with the operation's name",
        "ours",
        "test_protocols.py::test_every_operation_that_is_not_implemented_answers_501_by_name",
    ),
)
