"""OpenID Connect tokens: minted for tests, verified for AssumeRoleWithWebIdentity.

The simulator signs its own tokens with HS256 and a secret of the provider, in virtual time. Tokens of others, such as
a Kubernetes API server's, are RS256 under a key (JWK) that the world gives to the provider, in real time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..wire import AwsError

if TYPE_CHECKING:
    from ..records.access import OidcProvider

Json = dict[str, Any]
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "  # two blanks, as AWS has them
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
NO_TOKEN = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Token:
    """A token, read but not believed."""

    header: Json
    claims: Json
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        """Who issued it."""
        return str(self.claims.get("iss", ""))

    @property
    def audiences(self) -> list[str]:
        """For whom it is."""
        found = self.claims.get("aud", [])
        return [str(one) for one in found] if isinstance(found, list) else [str(found)]


def invalid(message: str) -> AwsError:
    """A token that is not accepted."""
    return AwsError("InvalidIdentityToken", message)


def read(text: str) -> Token:
    """Take a token apart."""
    try:
        signed, _, signature = text.rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        token = Token(dict(header), dict(claims), signed.encode(), _decoded(signature))
    except (ValueError, TypeError, RecursionError):
        raise invalid(NO_TOKEN) from None
    return token


def verify(token: Token, provider: OidcProvider, *, virtual: float, wall: float) -> None:
    """Raise what STS answers unless signature, audience and expiry are right."""
    own = token.header.get("alg") == "HS256"
    if not (_own_signature(token, provider) if own else any(_rsa_signature(token, key) for key in provider.keys)):
        raise invalid(NO_KEY)
    if not token.audiences:
        raise invalid("Missing a required claim: aud")
    if not set(token.audiences) & set(provider.audiences):
        raise invalid("Incorrect token audience")
    now, expiry = int(virtual if own else wall), token.claims.get("exp")
    if not isinstance(expiry, int | float):
        raise invalid("Missing a required claim: exp")
    if now >= expiry:
        message = f"Token expired: current date/time {now} must be before the expiration date/time {int(expiry)}"
        raise AwsError("ExpiredTokenException", message)


def mint(provider: OidcProvider, subject: str, *, audience: str, issued: float, expires: float) -> str:
    """Issue a token in the name of a provider."""
    claims = {"iss": provider.issuer, "sub": subject, "aud": [audience], "iat": int(issued), "exp": int(expires)}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_encoded(hmac.digest(provider.secret.encode(), signed.encode(), 'sha256'))}"


def _own_signature(token: Token, provider: OidcProvider) -> bool:
    return hmac.compare_digest(hmac.digest(provider.secret.encode(), token.signed, "sha256"), token.signature)


def _rsa_signature(token: Token, key: Json) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2.2): compare the whole encoded message."""
    if (
        token.header.get("alg") != "RS256"
        or key.get("kty") != "RSA"
        or token.header.get("kid", "") != key.get("kid", "")
    ):
        return False
    modulus, exponent = (int.from_bytes(_decoded(str(key[name])), "big") for name in ("n", "e"))
    length = (modulus.bit_length() + 7) // 8
    digest = _SHA256 + hashlib.sha256(token.signed).digest()
    wanted = b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
    found = pow(int.from_bytes(token.signature, "big"), exponent, modulus).to_bytes(length, "big")
    return len(token.signature) == length and hmac.compare_digest(found, wanted)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
