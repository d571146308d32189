"""One way to the API server, ready for use, and the error that says why there is none."""

from __future__ import annotations

import re
import ssl
import tempfile
from dataclasses import dataclass


class AccessError(Exception):
    """There is no usable way to the API server; the message says what was looked at, and holds no secret."""


_VISIBLE = re.compile(r"[!-~]+")


def is_token(text: str) -> bool:
    """Tell whether a text can be a bearer token, which is one word of visible ASCII (RFC 6750, section 2.1).

    A header with a line end in it would be refused when it is sent, in words that repeat it.
    """
    return _VISIBLE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One way to the API server. Has no repr: it holds secrets.

    Attributes:
        ca, certificate, key: PEM.
        compressed: Whether the server may compress its answers.

    Raises:
        AccessError: The token is none.
    """

    server: str
    ca: str | None = None
    token: str | None = None
    certificate: str | None = None
    key: str | None = None
    insecure: bool = False
    proxy: str | None = None
    compressed: bool = True

    def __post_init__(self) -> None:
        if self.token and not is_token(self.token):
            raise AccessError(
                "The token for the API server cannot be used: it has a blank, a line end or the like in it."
            )

    def headers(self) -> dict[str, str]:
        """Return the headers that say who we are, when a token does, and what answers may look like."""
        identity = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return identity if self.compressed else {**identity, "Accept-Encoding": "identity"}

    def transport(self) -> tuple[object, ...]:
        """Return what a connection is made with; while it stays the same, connections may be kept."""
        return (self.server, self.ca, self.certificate, self.key, self.insecure, self.proxy)

    def ssl_context(self) -> ssl.SSLContext:
        """Return how the server is verified and how we prove who we are.

        Raises:
            AccessError: What should be certificates and keys cannot be used as such.
        """
        try:
            context = ssl.create_default_context(cadata=self.ca)
            if self.certificate and self.key:
                with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle:  # ssl loads client keys from files only
                    bundle.write(f"{self.certificate}\n{self.key}\n")
                    bundle.flush()
                    context.load_cert_chain(bundle.name, password="")  # without one, OpenSSL would ask the terminal
        except (OSError, ValueError):  # of OpenSSL; its words tell nobody anything
            words = (
                "A certificate or key for the API server cannot be used: it is no PEM, is encrypted, or does not fit."
            )
            raise AccessError(words) from None
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
