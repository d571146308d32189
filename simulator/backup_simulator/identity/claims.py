"""Who a request says it is from: the signature in the Authorization header.

Source: IAM User Guide, Signature Version 4, adding the signature to the header.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..wire import CommonError, unimplemented

if TYPE_CHECKING:
    from ..wire import Request

_SCOPE = r"(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request"
_ANYWHERE = re.compile(rf"Credential={_SCOPE}")
_AUTHORIZATION = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={_SCOPE},\s*SignedHeaders=(?P<headers>[^,]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says, not yet believed."""

    key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None


def service(request: Request) -> str | None:
    """The service a request says it is for, if it says so legibly: it decides how errors about the rest are written."""
    texts = (request.headers.get("authorization", ""), urllib.parse.unquote(request.query))
    found = next(filter(None, map(_ANYWHERE.search, texts)), None)
    return found["service"] if found else None


def read(request: Request) -> Claim:
    """Read what is claimed; what is signed in another way is not implemented."""
    text = request.headers.get("authorization", "").strip()
    if not text and "X-Amz-Signature" in urllib.parse.parse_qs(request.query):
        raise unimplemented("presigned requests")
    if not text:
        raise CommonError("MissingToken", "Missing Authentication Token")
    if text.startswith(ASYMMETRIC):
        raise unimplemented(f"SigV4A ({ASYMMETRIC})")
    found = _AUTHORIZATION.fullmatch(text)
    if not found:
        raise CommonError("IncompleteSignature", "Authorization header is not a complete AWS4-HMAC-SHA256 signature")
    return Claim(
        key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=tuple(found["headers"].lower().split(";")),
        signature=found["signature"],
        stamp=request.headers.get("x-amz-date", ""),
        token=request.headers.get("x-amz-security-token"),
    )


FIDELITY = (
    Behaviour(
        "Presigned requests, whose signature is in the query, and SigV4A: 501",
        "missing",
        "test_signatures.py::test_other_ways_to_sign_are_not_implemented",
    ),
)
