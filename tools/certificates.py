"""Throw-away P-256 keys and certificates for servers on loopback and their clients, without any library.

A user of the API server is whoever a client certificate names, and the standard library can read certificates but
not make them. The arithmetic is not constant-time: never use these keys beyond a test on one machine.
"""

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Self

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OID, _BOOLEAN, _UTF8, _TIME = 48, 49, 2, 3, 4, 6, 1, 12, 23
_PRIME256V1 = bytes.fromhex("2a8648ce3d030107")
_EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
_ECDSA_SHA256 = bytes.fromhex("2a8648ce3d040302")
_COMMON_NAME, _ORGANIZATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
_BASIC_CONSTRAINTS, _KEY_USAGE, _EXTENDED_USAGE = (bytes.fromhex(oid) for oid in ("551d13", "551d0f", "551d25"))
_SERVER_AUTH, _CLIENT_AUTH = (bytes.fromhex("2b060105050703" + last) for last in ("01", "02"))
_ALTERNATIVE_NAMES, _IP_ADDRESS = bytes.fromhex("551d11"), 0x87

_Point = tuple[int, int]


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _pem(kind: str, der: bytes) -> str:
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def _add(left: _Point | None, right: _Point | None) -> _Point | None:
    """Add two points of the curve; None is the point at infinity."""
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    rise, run = (3 * x1 * x1 - 3, 2 * y1) if left == right else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, _P) % _P
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


def _multiply(scalar: int) -> _Point:
    """Multiply the curve's base point."""
    result: _Point | None = None
    addend: _Point | None = _G
    while scalar:
        if scalar & 1:
            result = _add(result, addend)
        addend = _add(addend, addend)
        scalar >>= 1
    if result is None:
        raise ValueError("The scalar is a multiple of the curve's order")
    return result


@dataclass(frozen=True, slots=True)
class Key:
    """A private key on the curve P-256."""

    secret: int

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(secrets.randbelow(_N - 1) + 1)

    def pem(self) -> str:
        """The key as kube-apiserver and ``ssl`` read it (SEC 1)."""
        curve = _der(0xA0, _der(_OID, _PRIME256V1))
        return _pem(
            "EC PRIVATE KEY", _der(_SEQUENCE, _integer(1), _der(_OCTETS, self.secret.to_bytes(32, "big")), curve)
        )

    def public(self) -> bytes:
        """The public key as a SubjectPublicKeyInfo."""
        x, y = _multiply(self.secret)
        point = b"\x00\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
        return _der(_SEQUENCE, _der(_SEQUENCE, _der(_OID, _EC_PUBLIC_KEY), _der(_OID, _PRIME256V1)), _der(_BITS, point))

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA and SHA-256."""
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        while True:
            nonce = secrets.randbelow(_N - 1) + 1
            r = _multiply(nonce)[0] % _N
            s = pow(nonce, -1, _N) * (digest + r * self.secret) % _N
            if r and s:
                return _der(_SEQUENCE, _integer(r), _integer(s))


def _subject(name: str, groups: Sequence[str]) -> bytes:
    """A name as Kubernetes reads it: the common name is the user, each organization a group."""
    pairs = [*((_ORGANIZATION, group) for group in groups), (_COMMON_NAME, name)]
    return _der(
        _SEQUENCE,
        *(_der(_SET, _der(_SEQUENCE, _der(_OID, oid), _der(_UTF8, value.encode()))) for oid, value in pairs),
    )


def _extension(oid: bytes, value: bytes) -> bytes:
    """A critical extension."""
    return _der(_SEQUENCE, _der(_OID, oid), _der(_BOOLEAN, b"\xff"), _der(_OCTETS, value))


def _usage(purpose: bytes) -> bytes:
    return _der(_SEQUENCE, _der(_OID, purpose))


def _certificate(*, issuer: bytes, issuer_key: Key, subject: bytes, subject_key: Key, extensions: bytes) -> str:
    now = dt.datetime.now(dt.UTC)
    moments = (now - dt.timedelta(hours=1), now + dt.timedelta(days=7))
    algorithm = _der(_SEQUENCE, _der(_OID, _ECDSA_SHA256))
    to_be_signed = _der(
        _SEQUENCE,
        _der(0xA0, _integer(2)),
        _integer(secrets.randbits(120)),
        algorithm,
        issuer,
        _der(_SEQUENCE, *(_der(_TIME, moment.strftime("%y%m%d%H%M%SZ").encode()) for moment in moments)),
        subject,
        subject_key.public(),
        _der(0xA3, _der(_SEQUENCE, extensions)),
    )
    signature = _der(_BITS, b"\x00", issuer_key.sign(to_be_signed))
    return _pem("CERTIFICATE", _der(_SEQUENCE, to_be_signed, algorithm, signature))


@dataclass(frozen=True, slots=True)
class Authority:
    """Who vouches for the users of one control plane, or for a server of a test."""

    key: Key
    name: bytes
    certificate: str

    @classmethod
    def create(cls, name: str) -> Self:
        """Make a new authority with a certificate signed by itself."""
        key, subject = Key.generate(), _subject(name, ())
        extensions = _extension(_BASIC_CONSTRAINTS, _der(_SEQUENCE, _der(_BOOLEAN, b"\xff"))) + _extension(
            _KEY_USAGE, _der(_BITS, b"\x02\x04")
        )
        certificate = _certificate(
            issuer=subject, issuer_key=key, subject=subject, subject_key=key, extensions=extensions
        )
        return cls(key, subject, certificate)

    def client(self, user: str, groups: Sequence[str]) -> tuple[str, str]:
        """Issue a client certificate; returns certificate and key as PEM."""
        return self._issue(_subject(user, groups), _extension(_EXTENDED_USAGE, _usage(_CLIENT_AUTH)))

    def server(self, address: IPv4Address) -> tuple[str, str]:
        """Issue the certificate of a server at an address; returns certificate and key as PEM."""
        names = _extension(_ALTERNATIVE_NAMES, _der(_SEQUENCE, _der(_IP_ADDRESS, address.packed)))
        return self._issue(_subject(str(address), ()), names + _extension(_EXTENDED_USAGE, _usage(_SERVER_AUTH)))

    def _issue(self, subject: bytes, extensions: bytes) -> tuple[str, str]:
        key = Key.generate()
        certificate = _certificate(
            issuer=self.name, issuer_key=self.key, subject=subject, subject_key=key, extensions=extensions
        )
        return certificate, key.pem()
