"""Where requests may go: to HTTPS, and to plain HTTP on this machine only, as for a simulator.

A signed request on plain HTTP can be read, changed and, for some minutes, repeated by whoever stands between; the
answer to AssumeRole is a key.
"""

from __future__ import annotations

import ipaddress
import os
import re
from functools import lru_cache
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ..engine.declared import is_region
from ..manifest.fields import show
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason

VARIABLE = "AWS_ENDPOINT_URL"


_PLAIN = re.compile(r"[!-~]+", re.ASCII)
"""Visible ASCII: readers of URLs do not agree on blanks, control characters and other alphabets."""


def is_safe(url: str) -> bool:
    r"""Tell whether requests to a URL are private: HTTPS, or a loopback address.

    botocore connects to the host that urllib3 reads in it, other code looks at the one that the standard library
    reads. ``http://a.example\@127.0.0.1`` is two different ones to them; what is not the same to both is not safe.
    """
    if not _PLAIN.fullmatch(url) or "\\" in url:
        return False
    return _is_private(_before_path(url))


@lru_cache(maxsize=1024)
def _is_private(url: str) -> bool:
    """Tell it of a URL without a path: there is one for each service and Region, and every request asks."""
    try:
        read, connected = urlsplit(url), parse_url(url)
        same = (read.scheme, (read.hostname or "").lower(), read.port) == (
            connected.scheme,
            (connected.host or "").lower().removeprefix("[").removesuffix("]"),
            connected.port,
        )
    except (ValueError, LocationParseError):
        return False
    host = read.hostname or ""
    if not same or not host or "@" in read.netloc or connected.auth is not None:
        return False
    return read.scheme == "https" or (read.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its name or address, without asking anybody for either."""
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
            return f"{name} is {shown(url)}: {_WORDS}"
    return ""


def check(url: str) -> None:
    """Refuse to send a request to a URL that is not private.

    Raises:
        CrossvaultError: It is plain HTTP to another machine, no URL, or one that is read in more than one way.
    """
    if not is_safe(url):
        words = f"Nothing is sent to the AWS endpoint that is set: {_WORDS}"
        detail = f"The endpoint is {shown(url)}."
        raise CrossvaultError(Problem(Reason.INSECURE_ENDPOINT, words, ErrorClass.STUCK, detail=detail))


_OWN = re.compile(r"\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$")


def told(url: str, service: str) -> str:
    """Say which endpoint was asked in vain, and from where it is: a sentence for whoever keeps the operator.

    Args:
        url: What a request went to.
        service: The endpoint prefix of the service, as in ``backup``.
    """
    place = _before_path(url).rstrip("/")
    names = (f"{VARIABLE}_{service.upper().replace('-', '_')}", VARIABLE)
    named = next((name for name in names if _before_path(os.environ.get(name, "")).rstrip("/") == place), None)
    if named is not None:
        return f"The endpoint is {shown(url)}, from {named}."
    own = _OWN.search(urlsplit(place).hostname or "") is not None
    return f"The endpoint is {shown(url)}, {'which is one of AWS' if own else 'from a configuration file'}."


_HOST_END = re.compile("[/?#]")


def _before_path(url: str) -> str:
    """Return a URL up to where everybody lets its authority end, once there is no backslash in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{_HOST_END.split(rest, maxsplit=1)[0]}" if rest else url


def shown(url: str) -> str:
    """Return scheme and host: a path, or a name before the host, may be somebody's secret."""
    scheme, apart, rest = _before_path(url).partition("://")
    return show(f"{scheme}{apart}{rest.rpartition('@')[2]}")


_WORDS = (
    "requests to AWS and their answers hold credentials, so plain http is for loopback addresses only, and no endpoint"
    " has a user, a blank or a backslash. Use https://HOST, or leave the endpoint out for AWS's own."
)
