"""What it takes to see whether Regions are enabled: asked only where one has to be opted into."""

from __future__ import annotations

from ...engine.declared import partition_of
from ...engine.rights import ANY, Alone, AsDestination, AsSource, Right

ALWAYS = frozenset(
    (
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    )
)
"""The Regions that every account has and none can disable: those from before 20 March 2019; no other will be one.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html"""


def is_opted_into(region: str) -> bool:
    """Tell whether an account has to enable a Region before it can use it."""
    return partition_of(region) == "aws" and region not in ALWAYS


def _declared(use: Alone) -> tuple[str, ...]:
    return ANY if any(map(is_opted_into, use.account.regions)) else ()


def _used(use: AsSource | AsDestination) -> tuple[str, ...]:
    return ANY if is_opted_into(use.region) else ()


SID, WHY, ACTIONS = (
    "ReadRegions",
    "see whether Regions are enabled that have to be opted into",
    ("account:ListRegions",),
)
WITHOUT = "Whether they are enabled is unknown."

RIGHTS = (
    Right(SID, WHY, Alone, ACTIONS, _declared, without=WITHOUT),
    Right(SID, WHY, AsSource, ACTIONS, _used, without=WITHOUT),
    Right(SID, WHY, AsDestination, ACTIONS, _used, without=WITHOUT),
)
