"""Regions as manifests name them."""

from __future__ import annotations

from ..engine.declared import is_region
from ..manifest.fields import Fields, show


def check_region(fields: Fields, name: str, region: str) -> bool:
    """A Region becomes part of the names of hosts, and of ARNs."""
    good = is_region(region)
    if region and not good:
        fields.fault(name, f"must be an AWS Region, such as eu-west-1; is {show(region)}")
    return good
