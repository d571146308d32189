"""Ciphertexts of the simulator: opaque, bound to key and encryption context, and no real cryptography. Pure.

A blob hides its content from the eye and notices every change; whoever reads this module opens it without a key. It
names the account and the key id, so that related multi-Region keys open each other's blobs, as AWS's do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, NamedTuple

from ...fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"\x01\x02\x02\x00"
NONCE, TAG, ACCOUNT = 16, 32, 12


class Sealed(NamedTuple):
    """A blob taken apart; whether it is whole is seen when it is opened."""

    account: str
    key_id: str
    nonce: bytes
    content: bytes
    tag: bytes


def sealed(account: str, key_id: str, context: Mapping[str, str], nonce: bytes, content: bytes) -> bytes:
    """Hide a content under a key and a context; `nonce` has 16 bytes, another one for each blob."""
    name = key_id.encode()
    masked = _masked(account, key_id, nonce, content)
    head = MAGIC + bytes([len(name)]) + account.encode() + name + nonce
    return head + _tag(account, key_id, context, nonce, masked) + masked


def taken_apart(blob: bytes) -> Sealed | None:
    """The parts of a blob; None for bytes that are none of ours."""
    if len(blob) <= len(MAGIC) or blob[: len(MAGIC)] != MAGIC:
        return None
    size, rest = blob[len(MAGIC)], blob[len(MAGIC) + 1 :]
    if len(rest) < ACCOUNT + size + NONCE + TAG:
        return None
    parts, position = [], 0
    for length in (ACCOUNT, size, NONCE, TAG):
        parts.append(rest[position : position + length])
        position += length
    try:
        account, key_id = parts[0].decode(), parts[1].decode()
    except UnicodeDecodeError:
        return None
    return Sealed(account, key_id, parts[2], rest[position:], parts[3])


def opened(found: Sealed, context: Mapping[str, str]) -> bytes | None:
    """What a blob hides; None when it was changed or the context is another one."""
    wanted = _tag(found.account, found.key_id, context, found.nonce, found.content)
    if not hmac.compare_digest(wanted, found.tag):
        return None
    return _masked(found.account, found.key_id, found.nonce, found.content)


def _material(account: str, key_id: str) -> bytes:
    return hashlib.sha256(f"simulated key material of {account} {key_id}".encode()).digest()


def _masked(account: str, key_id: str, nonce: bytes, content: bytes) -> bytes:
    mask = hashlib.shake_256(_material(account, key_id) + nonce).digest(len(content))
    return bytes(one ^ other for one, other in zip(content, mask, strict=True))


def _tag(account: str, key_id: str, context: Mapping[str, str], nonce: bytes, masked: bytes) -> bytes:
    bound = json.dumps(sorted(context.items())).encode()
    return hmac.digest(_material(account, key_id), len(bound).to_bytes(4, "big") + bound + nonce + masked, "sha256")


FIDELITY = (
    Behaviour(
        "Ciphertexts are opaque and bound to key and encryption context, but no real cryptography: everybody who knows "
        "the simulator's code can open them",
        "ours",
        "test_kms_use.py::test_a_changed_ciphertext_is_noticed",
    ),
)
