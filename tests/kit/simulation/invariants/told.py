"""What a status says, against what the operator was shown and what AWS holds."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

from tests.kit.stage import PRODUCTION, condition

from crossvault.status.outcome import Outcome

from ..steps import Call, Checks, Heard, Passing, Scene
from ..world import Json

Violated = Callable[[str], None]

_LISTING = "ListRecoveryPointsByBackupVault"
_HEALTH = ("Ready", "CopiesHealthy")
_LOSSES = frozenset({"CopyVanished", "DestinationVaultLost"})
_STATES = ("copied", "inProgress", "waiting", "missing", "failed", "ineligible")


def _rows(scene: Scene, status: Json) -> list[tuple[str, Json]]:
    """Return the figures of each destination, with what to call them."""
    assert scene.passing is not None
    name = scene.passing.body["metadata"]["name"]
    return [(f"{name} at {row['name']}", row) for row in status.get("destinations", ())]


# --- 7 -------------------------------------------------------------------------------------------------------------


def unseen_is_unknown(scene: Scene, violated: Violated) -> Checks:
    """Let what could not be listed not be told as if it had been: as of when, or not at all."""
    sight = _Sight(scene, violated)
    return Checks(asks=sight.asks, hears=sight.hears, says=sight.says)


class _Sight:
    """What was listed in the pass that is under way: by account, whether the last answer was a good one."""

    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated
        self._last: dict[str, bool] = {}
        self._passing: Passing | None = None

    def asks(self, _: Call) -> None:
        if self._passing is not self._scene.passing:
            self._passing = self._scene.passing
            self._last.clear()

    def hears(self, call: Call, heard: Heard) -> None:
        if call.operation == _LISTING:
            self._last[call.account] = heard.whole
        elif call.operation == "ListCopyJobs" and heard.whole:
            # Copy jobs tell that nothing has arrived since the last listing, which need not be made anew then.
            for account in self._last.keys() - {PRODUCTION}:
                del self._last[account]

    def says(self, _: Json, after: Json, __: Outcome) -> None:
        passing = self._scene.passing
        if passing is None or passing is not self._passing or passing.ending or self._is_stale(after):
            return
        unseen = {account for account, whole in self._last.items() if not whole}
        for name, row in _rows(self._scene, after):
            if unseen & {row["vaultArn"].split(":")[4], PRODUCTION}:
                self._judge(name, row, after)

    def _is_stale(self, status: Json) -> bool:
        """Tell whether the last look was shown a world without the vault, in which there is nothing to list."""
        missing = condition({"status": status}, "PrerequisitesMet")[1] == "DestinationVaultMissing"
        return bool(self._scene.cloud.trouble.stale) and missing

    def _judge(self, name: str, row: Json, status: Json) -> None:
        if "inScope" in row and "lastObserved" not in row:
            self._violated(f"{name} tells figures as if it had seen them: {row}")
        if condition({"status": status})[0] == "True":
            self._violated(f"{name} is Ready, and could not look")


# --- 10 ------------------------------------------------------------------------------------------------------------


def observed_not_assumed(scene: Scene, violated: Violated) -> Checks:
    """Let figures add up, and tell of no copy, statement or loss that was not there to be seen."""
    shown = _Shown(scene, violated)
    return Checks(hears=shown.hears, says=shown.says)


class _Shown:
    """What the operator was shown of the destinations, whenever that was."""

    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated
        self._arns = {(place.account, place.name): place.arn for place in scene.world.targets}
        self._copies: dict[str, set[tuple[str, str]]] = {arn: set() for arn in self._arns.values()}
        self._ours: set[str] = set()

    def hears(self, call: Call, heard: Heard) -> None:
        vault = self._arns.get((call.account, call.vault))
        if vault is None or not heard.whole:
            return
        match call.operation:
            case "GetBackupVaultAccessPolicy" if b"CrossvaultCopyIn" in heard.body:
                self._ours.add(vault)
            case "ListRecoveryPointsByBackupVault":
                self._copies[vault].update(map(_backup, json.loads(heard.body)["RecoveryPoints"]))
            case "DescribeRecoveryPoint":
                self._copies[vault].add(_backup(json.loads(heard.body)))
            case _:
                pass

    def says(self, _: Json, after: Json, __: Outcome) -> None:
        for name, row in _rows(self._scene, after):
            vault = row.get("vaultArn", "")
            if vault not in self._copies:
                continue
            if "statementWritten" in row and vault not in self._ours:
                self._violated(f"{name} says that it wrote its statement, which it never saw there")
            if "inScope" in row:
                self._figures(name, row, self._copies[vault])
        self._losses(after)

    def _figures(self, name: str, row: Json, shown: set[tuple[str, str]]) -> None:
        if sum(row[each] for each in _STATES) != row["inScope"]:
            self._violated(f"the counts of {name} do not add up: {row}")
        if row["copied"] > len(shown):
            self._violated(f"{name} says that {row['copied']} are copied, and saw {len(shown)}")

    def _losses(self, status: Json) -> None:
        if self._scene.cloud.trouble.stale or "conditions" not in status:
            return  # a look that shows less than the one before shows a loss, as far as anybody can tell
        told = {reason for _, reason in map(functools.partial(condition, {"status": status}), _HEALTH)} & _LOSSES
        if told and not self._scene.cloud.gone.intersection(self._copies):
            self._violated(f"says {sorted(told)}, and no destination has lost anything")


def _backup(row: Json) -> tuple[str, str]:
    return row["ResourceArn"], str(row["CreationDate"])


# --- 14 ------------------------------------------------------------------------------------------------------------


def figures_stay(scene: Scene, violated: Violated) -> Checks:
    """Let figures of a destination that were told once be told on, whatever can be looked at."""

    def says(before: Json, after: Json, _: Outcome) -> None:
        known = {(row["name"], row.get("vaultArn")) for _, row in _rows(scene, before) if "inScope" in row}
        lacking = {(row["name"], row.get("vaultArn")) for _, row in _rows(scene, after) if "inScope" not in row}
        if lost := sorted(map(str, known & lacking)):
            violated(f"the figures of {', '.join(lost)} are told no more")

    return Checks(says=says)
