"""Which Regions there are, as far as the installed botocore knows."""

from __future__ import annotations

import difflib
import functools

from botocore import loaders

from ..model import partition_of

_FIRST = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@functools.cache
def known() -> frozenset[str]:
    """Return the Regions of all partitions; new ones appear with a newer botocore."""
    partitions = loaders.create_loader().load_data("partitions")["partitions"]
    return frozenset(name for each in partitions for name in each["regions"])


def known_like(region: str) -> str:
    """Return the Region itself if it is known, else one of its partition, for what is the same in all of them."""
    return region if region in known() else _FIRST[partition_of(region)]


def doubt(region: str) -> str:
    """Return a sentence about a Region that nobody knows, with the one that may be meant; empty for all others."""
    if not region or region in known():
        return ""
    near = difflib.get_close_matches(region, sorted(known()), n=1)
    meant = f": is {near[0]} meant" if near else ", is it spelt right"
    return f"This release knows no Region {region}{meant}?"
