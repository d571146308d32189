"""Which Regions there are, as far as the installed botocore knows, and in which of them nothing is sent."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Collection

from botocore import loaders

from ..engine.declared import is_region, partition_of

_FIRST = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@functools.cache
def known() -> frozenset[str]:
    """Return the Regions of the partitions that accounts can be in; new ones appear with a newer botocore."""
    partitions = loaders.create_loader().load_data("partitions")["partitions"]
    return frozenset(name for each in partitions if each["id"] in _FIRST for name in each["regions"] if is_region(name))


def first(partition: str) -> str:
    """Return the Region of a partition that every account in it has."""
    return _FIRST[partition]


def known_like(region: str) -> str:
    """Return the Region itself if it is known, else one of its partition, for what is the same in all of them."""
    return region if region in known() else first(partition_of(region))


def doubt(region: str) -> str:
    """Return a sentence about a Region that nobody knows, with the one that may be meant; empty for all others."""
    if not region or region in known():
        return ""
    near = difflib.get_close_matches(region, sorted(known()), n=1)
    meant = f": is {near[0]} meant" if near else ", is it spelt right"
    return f"This release knows no Region {region}{meant}?"


def refusal(region: str, listed: Collection[str]) -> str:
    """Say why nothing is sent to a Region whose name a policy gives; empty where requests may go there.

    botocore makes a host name of any name. What no administrator has ``listed``, and botocore has not heard of, is a
    host that AWS may not have.
    """
    if not is_region(region):
        return "That is no name of an AWS Region."
    return "" if region in listed else doubt(region)
