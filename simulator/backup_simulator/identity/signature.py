"""SigV4, verified with botocore's own signer over the bytes that arrived.

The date is judged by wall time (clients sign with it); the session's expiry by the virtual clock.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import math
import re
import time
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..fidelity import Behaviour
from ..wire import CommonError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..records.state import Credential
    from ..wire import Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)"
    r"/aws4_request,\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_PRESIGNED = frozenset({"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"})
_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")
SKEW = 900.0

STREAMED = (
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
)
"""How S3's clients sign bodies in pieces; here the first signature is checked, which covers everything but the body."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the Authorization header says, not yet believed."""

    key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def claim(request: Request) -> Claim:
    """Read the Authorization header; what is signed in another way is not implemented."""
    text = request.headers.get("authorization")
    if not text and not _PRESIGNED.isdisjoint(urllib.parse.parse_qs(request.query, keep_blank_values=True)):
        raise CommonError("NotImplemented", "The simulator does not implement presigned URLs")
    if not text:
        raise CommonError("MissingToken", "Missing Authentication Token")
    if text.strip().startswith("AWS4-ECDSA-P256-SHA256"):
        raise CommonError("NotImplemented", "The simulator does not implement SigV4A (AWS4-ECDSA-P256-SHA256)")
    found = _AUTHORIZATION.fullmatch(text.strip())
    if not found:
        raise CommonError("IncompleteSignature", "Authorization header is not a complete AWS4-HMAC-SHA256 signature")
    return Claim(
        key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=tuple(found["headers"].lower().split(";")),
        signature=found["signature"],
    )


def verify(
    request: Request, claimed: Claim, credentials: Mapping[str, Credential], *, now: float, wall: float
) -> Credential:
    """Return the credential that signed the request, or raise what AWS answers."""
    credential = credentials.get(claimed.key_id)
    token = request.headers.get("x-amz-security-token")
    if credential is None or credential.token != token:
        raise CommonError("UnknownKey", "The security token included in the request is invalid.")
    _check_date(request, claimed, wall)
    if not {"host"} <= set(claimed.headers) or not hmac.compare_digest(
        _signature(request, claimed, credential), claimed.signature
    ):
        raise CommonError(
            "BadSignature",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )
    if (credential.expiry or math.inf) <= now or (credential.wall_expiry or math.inf) <= wall:
        raise CommonError("ExpiredToken", "The security token included in the request is expired")
    return credential


def _check_date(request: Request, claimed: Claim, wall: float) -> None:
    stamp = request.headers.get("x-amz-date", "")
    if not _AMZ_DATE.fullmatch(stamp) or not stamp.startswith(claimed.date):
        raise CommonError("IncompleteSignature", "Authorization header requires a matching 'X-Amz-Date' header.")
    signed = _epoch(stamp)
    if abs(wall - signed) > SKEW:
        word, edge, sign = (
            ("expired", f"is now earlier than {_stamp(wall - SKEW)}", "-")
            if signed < wall
            else ("not yet current", f"is still later than {_stamp(wall + SKEW)}", "+")
        )
        raise CommonError("BadSignature", f"Signature {word}: {stamp} {edge} ({_stamp(wall)} {sign} 15 min.)")


def _stamp(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def _epoch(stamp: str) -> float:
    parts = (stamp[:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15])
    try:
        return dt.datetime(*map(int, parts), tzinfo=dt.UTC).timestamp()  # type: ignore[arg-type, misc] # six numbers
    except ValueError:
        raise CommonError("IncompleteSignature", f"Date {stamp} is no date") from None


def _signature(request: Request, claimed: Claim, credential: Credential) -> str:
    digest = _digest(request.body)
    streamed = STREAMED if claimed.service == "s3" else ()
    if request.headers.get("x-amz-content-sha256", digest) not in {digest, "UNSIGNED-PAYLOAD", *streamed}:
        return ""
    url = f"http://{request.headers.get('host', '')}{request.path}"
    if request.query:
        url += "?" + request.query
    rebuilt = AWSRequest(method=request.method, url=url, data=request.body)
    for name in claimed.headers:
        rebuilt.headers[name] = request.headers.get(name, "")
    rebuilt.context["timestamp"] = request.headers["x-amz-date"]
    kind = S3SigV4Auth if claimed.service == "s3" else SigV4Auth  # S3's keys are not encoded twice
    signer = kind(Credentials(credential.key_id, credential.secret), claimed.service, claimed.region)
    try:
        text = signer.string_to_sign(rebuilt, signer.canonical_request(rebuilt))
    except ValueError:  # a Host that is none cannot have been signed
        return ""
    return str(signer.signature(text, rebuilt))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


FIDELITY = (
    Behaviour(
        "SigV4 over header, path, query and body",
        "DG; botocore's signer",
        "test_signatures.py::test_a_body_changed_on_the_way_is_refused",
    ),
    Behaviour(
        "S3: keys are signed as they are; bodies in signed or unsigned pieces, whose own signatures are not checked",
        "DG; signatures of pieces: missing",
        "test_moto_s3.py::test_a_body_may_come_in_pieces",
    ),
    Behaviour(
        "15 minutes of clock skew",
        "DG",
        "test_signatures.py::test_a_date_far_from_wall_time_is_refused",
    ),
    Behaviour(
        "Unknown key: `UnrecognizedClientException`, `InvalidClientTokenId` in query services",
        "DG",
        "test_signatures.py::test_an_unknown_key_is_refused",
    ),
    Behaviour(
        "Presigned URLs (the signature in the query) and SigV4A: 501",
        "missing",
        "test_signatures.py::test_other_ways_to_sign_are_not_implemented",
    ),
)
