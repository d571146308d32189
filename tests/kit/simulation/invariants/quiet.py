"""What is written although nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crossvault.status.outcome import Outcome

from ..steps import Call, Checks, Heard, Scene
from ..world import Json

Violated = Callable[[str], None]

_STAMPS = frozenset({"lastChanged", "lastTransitionTime", "lastObserved"})
"""What dates a change, and is none by itself."""


def nothing_without_need(_: Scene, violated: Violated) -> Checks:
    """Let no policy of a vault be written as it was just seen, and no status that says what it said before."""
    shown: dict[tuple[int, str, str], Any] = {}

    def asks(call: Call) -> None:
        if call.operation != "PutBackupVaultAccessPolicy":
            return
        if shown.get((call.life, call.account, call.vault)) == json.loads(call.sent["Policy"]):
            violated(f"the policy of {call.vault} is written as it stands there")

    def hears(call: Call, heard: Heard) -> None:
        key, reads = (call.life, call.account, call.vault), call.operation == "GetBackupVaultAccessPolicy"
        if reads or call.mutating:
            shown.pop(key, None)
        if reads and heard.whole:
            shown[key] = json.loads(json.loads(heard.body)["Policy"])

    def says(before: Json, after: Json, _: Outcome) -> None:
        if before != after and lasting(before) == lasting(after):
            violated(f"a status is written that says nothing new: {_changed(before, after)}")

    return Checks(asks=asks, hears=hears, says=says)


def lasting(value: Any) -> Any:
    """Return a status, or a part of one, without what dates a change."""
    match value:
        case dict():
            # That figures are of before, and no longer of now, is news; of when they are is none.
            old = {"lastObserved": True} if "lastObserved" in value else {}
            return {name: lasting(each) for name, each in value.items() if name not in _STAMPS} | old
        case list():
            return [lasting(each) for each in value]
        case _:
            return value


def _changed(before: Json, after: Json) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
