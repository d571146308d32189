"""Where requests may go: to HTTPS, and to plain HTTP on this machine only, as for a simulator.

A signed request on plain HTTP can be read, changed and, for some minutes, repeated by whoever stands between; the
answer to AssumeRole is a key.
"""

from __future__ import annotations

import ipaddress
import os
import re
from urllib.parse import urlsplit

from ..errors import CrossvaultError, ErrorClass, Problem
from ..fields import show
from ..model import is_region
from ..reasons import Reason

VARIABLE = "AWS_ENDPOINT_URL"


def is_safe(url: str) -> bool:
    """Tell whether requests to a URL are private: HTTPS, or a loopback address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def fault(declared: str | None) -> str:
    """Say what is wrong with Region and endpoints that are declared or in the environment; empty where nothing is.

    Endpoints of a configuration file are met by :func:`check`, before anything is sent.
    """
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        region = os.environ.get(name)
        if region and not is_region(region):
            return f"{name} is {show(region)}: it must be an AWS Region, such as eu-west-1."
    named = {name: url for name, url in os.environ.items() if name == VARIABLE or name.startswith(f"{VARIABLE}_")}
    for name, url in [("endpoint_url", declared or ""), *sorted(named.items())]:
        if url and not is_safe(url):
            return f"{name} is {_shown(url)}: {_WORDS}"
    return ""


def check(url: str) -> None:
    """Refuse to send a request to a URL that is not private.

    Raises:
        CrossvaultError: It is plain HTTP to another machine, or no URL.
    """
    if not is_safe(url):
        words = f"Nothing is sent to the AWS endpoint that is set: {_WORDS}"
        detail = f"The endpoint is {_shown(url)}."
        raise CrossvaultError(Problem(Reason.INSECURE_ENDPOINT, words, ErrorClass.STUCK, detail=detail))


_HOST_END = re.compile("[/?#]")


def _shown(url: str) -> str:
    """Return scheme and host: a path, or a name before the host, may be somebody's secret."""
    scheme, _, rest = url.partition("://")
    return show(f"{scheme}://{_HOST_END.split(rest, maxsplit=1)[0].rpartition('@')[2]}" if rest else url)


_WORDS = (
    "requests to AWS and their answers hold credentials, so plain http is for loopback addresses only. Use https, or"
    " leave the endpoint out for AWS's own."
)
