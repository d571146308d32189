"""DescribeRegionSettings: one call for each account and Region, seldom."""

from __future__ import annotations

from datetime import timedelta

from ...aws.entered import Entered
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED
from ...engine.looks import Look, Unseen
from ...engine.parts import Parts
from .seen import REGION_SETTINGS, RegionSettings

KEY = "region settings"


class _Looks:
    """How Region settings are looked at: they decide what is backed up from now on, and stop no copy."""

    def __init__(self, reach: Reach) -> None:
        self._settled = reach.settled

    def look(self, scene: Scene) -> Looking:
        """See the settings of the source's account."""
        if scene.desired.deleting:
            return Looked()
        place = scene.source
        access, region = place.access, place.region
        pending = place.slowly((KEY, access.fingerprint, region), lambda: region_settings(access, region), self._lasts)
        yield
        return Looked(Parts().having(REGION_SETTINGS, pending()))

    def _lasts(self, look: Look[RegionSettings]) -> timedelta:
        if isinstance(look, Unseen):
            return DENIED
        return self._settled if look.value.advanced_dynamodb is not False else timedelta(0)


def region_settings(access: Entered, region: str) -> RegionSettings:
    """Read what is opted in to, and what is managed in full."""
    with access.asking("read the Region settings of AWS Backup", "backup:DescribeRegionSettings", region):
        answer = access.backup(region).describe_region_settings()
    return RegionSettings(
        answer.get("ResourceTypeOptInPreference") or {}, answer.get("ResourceTypeManagementPreference") or {}
    )


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(_Looks(reach).look)
