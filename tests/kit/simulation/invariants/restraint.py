"""Who may change anything at all."""

from __future__ import annotations

from collections.abc import Callable

from crossvault.status.outcome import Outcome

from ..steps import Call, Checks, Passing, Scene
from ..wanted import is_wanted
from ..world import Json, arn_of

Violated = Callable[[str], None]

REMOVALS = frozenset(
    {
        "PutBackupVaultAccessPolicy",
        "DeleteBackupVaultAccessPolicy",
        "DeleteBackupSelection",
        "DeleteBackupPlan",
    }
)
"""What the end of a policy may call: with what is left of a policy of others, it is put, not deleted."""


def _acts(body: Json) -> bool:
    return body["spec"].get("mode") != "Observe" and not body["spec"].get("suspend")


def observers_only_look(scene: Scene, violated: Violated) -> Checks:
    """Let no call change anything in a pass over a policy that observes or is suspended, by what it declares now.

    What was begun before it was edited may end: a pass asks before every action.
    """
    since: list[Json] = []

    def asks(call: Call) -> None:
        if not call.mutating or scene.passing is None:
            return
        now = scene.bodies.get(scene.passing.key, scene.passing.body)
        begun = now is not scene.passing.body and _acts(scene.passing.body) and not any(each is now for each in since)
        since[:] = [now]
        if not _acts(now) and not begun:
            violated(f"{scene.passing.key} may change nothing, and calls {call.operation}")

    return Checks(asks=asks)


def endings_remove_what_is_ordered(scene: Scene, violated: Violated) -> Checks:
    """Let the end of a policy remove what is its own where somebody ordered it, say what stays, and come."""
    endings = _Endings(scene, violated)
    return Checks(asks=endings.asks, says=endings.says, ends=endings.ends)


class _Endings:
    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated

    def asks(self, call: Call) -> None:
        passing = self._scene.passing
        if passing is None or not call.mutating or not passing.ending or not _acts(passing.body):
            return
        if not _removes(passing) or call.operation not in REMOVALS:
            self._violated(f"the end of {passing.key} calls {call.operation}, which nobody ordered")

    def says(self, _: Json, __: Json, outcome: Outcome) -> None:
        """See whether a policy that goes says what it leaves, unless it was shown what was there before."""
        scene, passing = self._scene, self._scene.passing
        if passing is None or not passing.ending or passing.key in scene.bodies or scene.cloud.trouble.stale:
            return
        if not _removes(passing):
            return
        told = " ".join(each.message for each in outcome.events)
        arns = {arn_of(scene.world, each) for each in passing.body["spec"]["destinations"]}
        for place in scene.world.targets:
            left = place.arn in arns and scene.cloud.let_into(place) and not is_wanted(scene, place)
            if left and place.name not in told and "Left in AWS" not in told:
                self._violated(f"{passing.key} is gone, and does not say what it leaves in {place.name}: {told}")

    def ends(self) -> None:
        stuck = [key for key, body in self._scene.bodies.items() if "deletionTimestamp" in body["metadata"]]
        if stuck:
            self._violated(f"deleted, and not gone: {', '.join(map(str, stuck))}")


def _removes(passing: Passing) -> bool:
    return passing.ordered and passing.body["spec"].get("deletionPolicy") == "RemoveOwned"
