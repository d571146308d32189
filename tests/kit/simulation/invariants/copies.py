"""How often something is copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..steps import Call, Checks, Heard, Scene
from ..world import Place

Violated = Callable[[str], None]


def one_copy_each(scene: Scene, violated: Violated) -> Checks:
    """Let no backup have two copies in a vault, made or under way."""

    def hears(call: Call, _: Heard) -> None:
        if call.operation == "StartCopyJob":
            look(call.sent["DestinationBackupVaultArn"])

    def look(only: str = "") -> None:
        for place in scene.world.targets:
            if only in {"", place.arn}:
                _counted(place)

    def _counted(place: Place) -> None:
        counted = Counter((each.resource_arn, each.created) for each in scene.cloud.points(place))
        counted.update(scene.cloud.under_way(place))
        if double := sorted(each for each, count in counted.items() if count > 1):
            violated(f"copied more than once into {place.name}: {double}")

    return Checks(hears=hears, happens=look, says=lambda *_: look())
