"""What AWS holds: of backups, of protection, and of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.kit.stage import PERMITTED

from ..steps import Call, Checks, Heard, Scene
from ..wanted import Fact, protection, wanted
from ..world import Json, Place, foreign

Violated = Callable[[str], None]


# --- 1 -------------------------------------------------------------------------------------------------------------


def nothing_is_deleted(scene: Scene, violated: Violated) -> Checks:
    """Let no recovery point or vault be gone but by somebody else, and nothing be called that may do it."""
    known: dict[Place, set[str]] = {place: _held(scene, place) for place in scene.world.places}

    def look() -> None:
        for place, before in known.items():
            now = _held(scene, place)
            if gone := before - now - scene.cloud.gone:
                violated(f"gone from {place.name}: {sorted(gone)}")
            known[place] = now

    def asks(call: Call) -> None:
        if call.mutating and call.operation not in PERMITTED:
            violated(f"the operator calls {call.operation}")

    def hears(call: Call, _: Heard) -> None:
        if call.mutating:
            look()

    return Checks(asks=asks, hears=hears, happens=look)


def _held(scene: Scene, place: Place) -> set[str]:
    found = {each.arn for each in scene.cloud.points(place)}
    return found | {place.arn} if scene.cloud.is_there(place) else found


# --- 2 -------------------------------------------------------------------------------------------------------------


def nothing_wanted_is_lost(scene: Scene, violated: Violated) -> Checks:
    """Let no call take away what a policy that is declared wants: who is let in, what is backed up and copied."""
    before: set[Fact] = set()

    def asks(call: Call) -> None:
        if call.mutating:
            before.clear()
            before.update(protection(scene))

    def hears(call: Call, _: Heard) -> None:
        if not call.mutating:
            return
        if lost := (before - protection(scene)) & wanted(scene):
            violated(f"{call.operation} takes away what is declared: {sorted(map(str, lost))}")

    return Checks(asks=asks, hears=hears)


# --- 3 -------------------------------------------------------------------------------------------------------------


def others_survive(scene: Scene, violated: Violated) -> Checks:
    """Let statements of others be sent back byte for byte, and stand; and plans of others be left alone."""
    others = _Others(scene, violated)
    return Checks(asks=others.asks, hears=others.hears, happens=others.look)


class _Others:
    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated
        self._shown: dict[tuple[str, str], str] = {}
        self._plans = scene.cloud.plans_of_others()

    def asks(self, call: Call) -> None:
        if call.operation != "PutBackupVaultAccessPolicy":
            return
        sent, shown = str(call.sent.get("Policy")), self._shown.get((call.account, call.vault), "")
        if missing := [each for each in _others(shown) if each not in sent]:
            self._violated(f"statements of others are not sent back to {call.vault} as they were: {missing}")

    def hears(self, call: Call, heard: Heard) -> None:
        if call.operation == "GetBackupVaultAccessPolicy":
            self._shown[call.account, call.vault] = json.loads(heard.body)["Policy"] if heard.whole else ""
        elif call.mutating:
            self.look()

    def look(self) -> None:
        for place, theirs in self._scene.world.targets.items():
            if theirs and not self._scene.cloud.has_statement(place, foreign(place.account)):
                self._violated(f"a statement of somebody else's is gone from vault {place.name}")
        if self._scene.cloud.plans_of_others() != self._plans:
            self._violated("a backup plan of somebody else's is not as it was")


def _others(policy: str) -> Iterator[str]:
    """Yield the statements of a policy that are not ours, as they are written."""
    start = policy.find('"Statement"')
    at = policy.find("[", start) + 1
    while start >= 0 and 0 < at < len(policy):
        while policy[at] in " \t\r\n,":
            at += 1
        if policy[at] == "]":
            return
        found, end = json.JSONDecoder().raw_decode(policy, at)
        if not _is_ours(found):
            yield policy[at:end]
        at = end


def _is_ours(statement: Json | Any) -> bool:
    return str(statement.get("Sid", "")).startswith("CrossvaultCopyIn")
