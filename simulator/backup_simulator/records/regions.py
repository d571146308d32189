"""The Regions there are, and those that an account has to opt into before it can use them (AWS General Reference)."""

from __future__ import annotations

import functools

from botocore import loaders

OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)


@functools.cache
def known() -> frozenset[str]:
    """The Regions of the partition `aws`, as the installed botocore knows them."""
    partitions = loaders.create_loader().load_data("partitions")["partitions"]
    return frozenset(next(each["regions"] for each in partitions if each["id"] == "aws")) - {"aws-global"}
