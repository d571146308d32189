"""What AWS Account Management says of the Regions of an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ...aws import pages, regions
from ...aws.entered import Entered
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Place
from ...engine.looks import Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Parts
from ...engine.wants import WANTED
from . import OPT_INS, is_settled, judge, regions_of

GOOD = timedelta(hours=1)
"""How long it is believed that a Region is enabled: it takes minutes to hours to disable one."""
FIFTY: Any = {"PageSize": 50}
"""The longest pages that AWS has for this."""
_NAMES = {"ENABLED_BY_DEFAULT": "ENABLED"}


def look(scene: Scene) -> Looking:
    """See nothing for a policy: Regions are told of the account."""
    del scene
    yield
    return Looked()


def account(place: Place) -> Callable[[], Parts]:
    """See which Regions are enabled, where the account is used in one to opt into."""
    wants = place.around[WANTED]
    if not regions_of(place.account, wants):
        return Parts
    access, home = place.access, regions.first(place.account.partition)

    def lasts(seen: Look[Mapping[str, str]]) -> timedelta:
        if isinstance(seen, Unseen):
            return DENIED
        found = judge(Sight(place.account, Parts().having(OPT_INS, seen)), wants)
        return GOOD if is_settled(found) else timedelta()

    key = ("opt-ins", access.fingerprint)
    pending = place.slowly(key, lambda: opt_ins(access, home), lasts, regional=False)
    return lambda: Parts().having(OPT_INS, pending())


def opt_ins(access: Entered, region: str) -> dict[str, str]:
    """List the Regions of an account with what it has decided of them; a few dozen, in one page.

    https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
    """
    with access.asking("list the Regions of the account", "account:ListRegions"):
        asked = access.account_management(region).get_paginator("list_regions").paginate(PaginationConfig=FIFTY)
        rows = pages.walked(asked, "Regions", _name)
        return {_name(each): _NAMES.get(each["RegionOptStatus"], each["RegionOptStatus"]) for each in rows}


def _name(row: Any) -> str:  # noqa: ANN401 - a row of the listing
    return str(row["RegionName"])


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look, account)
