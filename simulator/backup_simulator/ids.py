"""Identifiers in AWS's forms, the same ones for the same seed."""

from __future__ import annotations

import random
import string

UPPER = string.ascii_uppercase + "234567"
# Version and variant of a random uuid (RFC 9562).
_RESERVED, _VERSION_4 = 0xF000 << 64 | 0xC000 << 48, 0x4000 << 64 | 0x8000 << 48
SECRET = string.ascii_letters + string.digits + "/+"


class Ids:
    """A seeded source of identifiers."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311 - reproducible worlds, no secrets worth guarding

    def uuid(self) -> str:
        """A lower-case uuid."""
        bits = self._random.getrandbits(128) & ~_RESERVED | _VERSION_4
        digits = f"{bits:032x}"  # several times faster than the uuid module, and worlds make many
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def job(self) -> str:
        """An upper-case uuid, as copy jobs have."""
        return self.uuid().upper()

    def hex(self, length: int = 17) -> str:
        """Hexadecimal digits, as in `snap-0123456789abcdef0`."""
        return f"{self._random.getrandbits(4 * length):0{length}x}"

    def digits(self, length: int) -> str:
        """Decimal digits, as account ids have; the first is none of zero."""
        return str(self._random.randrange(10 ** (length - 1), 10**length))

    def upper(self, prefix: str, length: int = 17) -> str:
        """A key or unique id such as `AROA…` or `ASIA…`."""
        return prefix + "".join(self._random.choices(UPPER, k=length))

    def secret(self, length: int = 40) -> str:
        """A secret access key or a session token."""
        return "".join(self._random.choices(SECRET, k=length))
