"""SigV4, verified with botocore's own signer over the bytes that arrived.

The date is judged by wall time (clients sign with it); the session's expiry by the virtual clock.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import math
import re
import time
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..fidelity import Behaviour
from ..wire import CommonError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.compat import HTTPHeaders

    from ..records.state import Credential
    from ..wire import Request
    from .claims import Claim

_AMZ_DATE = re.compile(r"\d{8}T\d{6}Z")
SKEW = 900.0


class _Signer(SigV4Auth):
    """botocore's signer over all headers that are said to be signed, and a digest of the body made before."""

    def __init__(self, credentials: Credentials, service: str, region: str, digest: str) -> None:
        super().__init__(credentials, service, region)
        self._of = (credentials.secret_key, region, service)
        self._digest = digest

    def payload(self, _request: AWSRequest) -> str:
        return self._digest

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        key = _signing_key(request.context["timestamp"][:8], *self._of)
        return hmac.new(key, string_to_sign.encode(), hashlib.sha256).hexdigest()


@functools.lru_cache(maxsize=1024)
def _signing_key(date: str, secret: str, region: str, service: str) -> bytes:
    """The key of a day, derived once; botocore derives it for every request."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def verify(
    request: Request, claimed: Claim, credentials: Mapping[str, Credential], *, now: float, wall: float
) -> Credential:
    """Return the credential that signed the request, or raise what AWS answers."""
    credential = credentials.get(claimed.key_id)
    if credential is None or credential.token != claimed.token:
        raise CommonError("UnknownKey", "The security token included in the request is invalid.")
    _check_date(claimed, wall)
    wanted = _signature(request, claimed, credential).encode()
    if "host" not in claimed.headers or not hmac.compare_digest(wanted, claimed.signature.encode("utf-8", "replace")):
        raise CommonError(
            "BadSignature",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )
    if (credential.expiry or math.inf) <= now or (credential.wall_expiry or math.inf) <= wall:
        raise CommonError("ExpiredToken", "The security token included in the request is expired")
    return credential


def _check_date(claimed: Claim, wall: float) -> None:
    stamp = claimed.stamp
    if not _AMZ_DATE.fullmatch(stamp) or not stamp.startswith(claimed.date):
        raise CommonError("IncompleteSignature", "Authorization header requires a matching 'X-Amz-Date' header.")
    signed = _epoch(stamp)
    if signed + SKEW < wall:
        edge = _stamp(wall - SKEW)
        text = f"Signature expired: {stamp} is now earlier than {edge} ({_stamp(wall)} - 15 min.)"
        raise CommonError("BadSignature", text)
    if signed - SKEW > wall:
        edge = _stamp(wall + SKEW)
        text = f"Signature not yet current: {stamp} is still later than {edge} ({_stamp(wall)} + 15 min.)"
        raise CommonError("BadSignature", text)


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
    if request.headers.get("x-amz-content-sha256", digest) != digest:
        return ""
    url = f"http://{request.headers.get('host', '')}{request.path}"
    rebuilt = AWSRequest(method=request.method, url=f"{url}?{request.query}" if request.query else url)
    for name in claimed.headers:
        rebuilt.headers[name] = request.headers.get(name, "").encode("utf-8", "replace").decode()
    rebuilt.context["timestamp"] = claimed.stamp
    signer = _Signer(Credentials(credential.key_id, credential.secret), claimed.service, claimed.region, digest)
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
        "A body that is not signed (`UNSIGNED-PAYLOAD`) is a wrong signature",
        "issue (opendal-reqsign)",
        "test_signatures.py::test_a_body_has_to_be_signed",
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
)
