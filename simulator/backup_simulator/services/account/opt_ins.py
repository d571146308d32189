"""Which Regions an account has opted into.

Source: the API reference of Account Management, as botocore has it (ListRegions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import regions
from ...wire import AwsError, Params, unimplemented
from .. import pages
from ..operation import Operation

if TYPE_CHECKING:
    from ..operation import Scope

PAGE = 50


def listed(scope: Scope, params: Params) -> Params:
    """List every Region with what the caller's account has decided of it."""
    if "AccountId" in params:
        raise unimplemented("AccountId of ListRegions")
    wanted = params.get("RegionOptStatusContains")
    found = [{"RegionName": each, "RegionOptStatus": _status(scope, each)} for each in sorted(regions.known())]
    kept = [each for each in found if not wanted or each["RegionOptStatus"] in wanted]
    try:
        shown, more = pages.by_position(kept, params.get("NextToken"), params.get("MaxResults", PAGE))
    except pages.BadTokenError:
        raise AwsError("ValidationException", "The token is invalid.") from None
    return {"Regions": shown, "NextToken": more}


def _status(scope: Scope, region: str) -> str:
    if region not in regions.OPT_IN:
        return "ENABLED_BY_DEFAULT"
    return "DISABLED" if region in scope.account.disabled_regions else "ENABLED"


OPERATIONS = {"ListRegions": Operation(listed)}


FIDELITY = (
    Behaviour(
        "ListRegions: every Region as ENABLED_BY_DEFAULT, ENABLED or DISABLED, by status and in pages",
        "botocore; that the order is by name: assumed",
        "test_disabled_regions.py::test_which_regions_are_disabled_is_listed",
    ),
    Behaviour("AccountId of ListRegions, ENABLING and DISABLING, other operations of Account Management", "missing"),
)
