"""Who a request says it is from: the signature in the Authorization header, or, presigned, in the query.

Source: IAM User Guide, Signature Version 4, adding the signature to the header and to the query string; S3 says what is
wrong with a query in words of its own (S3 API reference, authenticating requests: query parameters).
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import AwsError, CommonError, unimplemented

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..wire import Request

_SCOPE = r"(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request"
_CREDENTIAL = re.compile(_SCOPE)
_ANYWHERE = re.compile(rf"Credential={_SCOPE}")
_AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={_SCOPE},\s*SignedHeaders=(?P<headers>[^,]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
ALGORITHM, ASYMMETRIC = "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"
SIGNATURE = "X-Amz-Signature"
_MARKS = frozenset({"X-Amz-Algorithm", "X-Amz-Credential", SIGNATURE})
_BESIDE_A_HEADER = frozenset({"X-Amz-Algorithm", "Signature"})
_NEEDED = ("X-Amz-Algorithm", "X-Amz-Credential", SIGNATURE, "X-Amz-SignedHeaders", "X-Amz-Date")
WEEK = 604_800
_OF_S3 = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
_TWICE = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
    "the Authorization header should be specified"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says, not yet believed; `expires` is how many seconds a presigned one lasts, if it says so."""

    key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None
    presigned: bool = False
    expires: int | None = None


def service(request: Request) -> str | None:
    """The service a request says it is for, if it says so legibly: it decides how errors about the rest are written."""
    texts = (request.headers.get("authorization", ""), urllib.parse.unquote(request.query))
    found = next(filter(None, map(_ANYWHERE.search, texts)), None)
    return found["service"] if found else None


def read(request: Request) -> Claim:
    """Read what is claimed; what is signed in another way is not implemented."""
    text = request.headers.get("authorization", "").strip()
    query = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
    if not text:
        return _presigned(query)
    if service(request) == "s3" and not _BESIDE_A_HEADER.isdisjoint(query):
        raise AwsError("InvalidArgument", _TWICE, ArgumentName="Authorization", ArgumentValue=text)
    if text.startswith(ASYMMETRIC):
        raise _asymmetric()
    found = _AUTHORIZATION.fullmatch(text)
    if not found:
        raise CommonError("IncompleteSignature", "Authorization header is not a complete AWS4-HMAC-SHA256 signature")
    return Claim(
        key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=_names(found["headers"]),
        signature=found["signature"],
        stamp=request.headers.get("x-amz-date", ""),
        token=request.headers.get("x-amz-security-token"),
    )


def _presigned(query: Mapping[str, str]) -> Claim:
    if _MARKS.isdisjoint(query):
        raise CommonError("MissingToken", "Missing Authentication Token")
    if query.get("X-Amz-Algorithm", "") == ASYMMETRIC:
        raise _asymmetric()
    found = _CREDENTIAL.fullmatch(query.get("X-Amz-Credential", ""))
    of_s3 = found is not None and found["service"] == "s3"
    lacking = [name for name in _NEEDED if not query.get(name)]
    if of_s3 and (lacking or "X-Amz-Expires" not in query):
        raise AwsError("AuthorizationQueryParametersError", _OF_S3)
    if lacking:
        text = " ".join(f"AWS query-string parameters must include '{name}'." for name in lacking)
        raise CommonError("IncompleteSignature", f"{text} Re-examine the query-string parameters.")
    if not found or query["X-Amz-Algorithm"] != ALGORITHM:
        raise CommonError("IncompleteSignature", "The query string is not a complete AWS4-HMAC-SHA256 signature")
    expires = _seconds(query["X-Amz-Expires"], found["service"]) if "X-Amz-Expires" in query else None
    return Claim(
        key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=_names(query["X-Amz-SignedHeaders"]),
        signature=query[SIGNATURE],
        stamp=query["X-Amz-Date"],
        token=query.get("X-Amz-Security-Token"),
        presigned=True,
        expires=expires,
    )


def _names(headers: str) -> tuple[str, ...]:
    return tuple(headers.lower().split(";"))


def _seconds(text: str, service: str) -> int | None:
    """How long a URL lasts. STS takes no notice of it: its URLs last as long as any signature."""
    if service == "sts":
        return None
    number = int(text) if re.fullmatch(r"-?\d{1,18}", text) else None
    if number is None:
        flaw = "X-Amz-Expires should be a number"
    elif number < 1:
        flaw = "X-Amz-Expires must be non-negative"
    elif number > WEEK:
        flaw = (
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {WEEK} seconds"
        )
    else:
        return number
    if service == "s3":
        raise AwsError("AuthorizationQueryParametersError", flaw)
    raise CommonError("IncompleteSignature", flaw)


def _asymmetric() -> CommonError:
    return unimplemented(f"SigV4A ({ASYMMETRIC})")


FIDELITY = (
    Behaviour(
        "Presigned URLs: the signature in the query, over method, path, query, signed headers and body (S3: no body)",
        "DG; botocore's signer",
        "test_presigned.py::test_a_presigned_url_is_a_call",
    ),
    Behaviour(
        "A URL lasts 1 to 604800 s, as X-Amz-Expires says; those of STS 15 minutes whatever it says, as do those that "
        "do not say",
        "DG; STS: issue (aws-iam-authenticator); the texts of S3: issue, of other services: assumed",
        "test_presigned.py::test_a_url_lasts_as_long_as_it_says",
    ),
    Behaviour(
        "A query that lacks a part of the signature is told which: IncompleteSignature, in S3 "
        "AuthorizationQueryParametersError",
        "issue",
        "test_presigned.py::test_half_a_signature_in_the_query_is_refused",
    ),
    Behaviour(
        "S3 refuses a request that is signed in header and query: `InvalidArgument`; other services take the header",
        "issue; other services: assumed",
        "test_signatures.py::test_s3_takes_one_signature_only",
    ),
    Behaviour(
        "SigV4A, in header and query: 501",
        "missing",
        "test_signatures.py::test_other_ways_to_sign_are_not_implemented",
    ),
)
