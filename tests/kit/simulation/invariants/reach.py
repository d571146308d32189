"""Whom a call reaches, and as whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, cast

from tests.kit.stage import CADENCE, COPY_ROLE, TOOLS

from crossvault.kinds import ACCOUNT
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.status.outcome import Outcome
from crossvault.work.desk import desk_of

from ..steps import Call, Checks, Heard, Passing, Scene
from ..world import Grant, Json, World
from .quiet import lasting

Violated = Callable[[str], None]

_OWN = frozenset({"AssumeRole", "GetCallerIdentity"})
"""What is asked with the operator's own identity, which is nobody's account here."""
_ANY = "*"
NOWHERE = cast("Any", None)
"""What stands for AWS where it must not be asked."""


# --- 4 -------------------------------------------------------------------------------------------------------------


def only_what_is_granted(scene: Scene, violated: Violated) -> Checks:
    """Let a namespace reach what it was granted, and be told of the rest as of what does not exist."""
    granted = _Granted(scene, violated)
    return Checks(asks=granted.asks, says=granted.says)


class _Granted:
    def __init__(self, scene: Scene, violated: Violated) -> None:
        self._scene, self._violated = scene, violated
        self._roles = {each["spec"]["accountId"]: each["spec"]["roleArn"] for each in scene.world.accounts}

    def asks(self, call: Call) -> None:
        """See which account a call enters and as whom, about which vault, in which direction, and with which role."""
        passing = self._scene.passing
        assert passing is not None
        grants = self._scene.world.granted.get(passing.key.namespace, ())
        accounts = {account for account, _, _ in grants}
        if call.account == TOOLS:
            role = call.sent.get("RoleArn")
            if call.operation not in _OWN or (role and role not in {self._roles.get(each) for each in accounts}):
                self._violated(f"{passing.key} sends {call.operation} with role {role} with the operator's identity")
            return
        if not call.account:
            return  # AWS knows no such session, and tells nothing
        way = ("Destination" if call.vault else "Source") if call.mutating else None
        if call.account not in accounts:
            self._violated(f"{passing.key} sends {call.operation} to account {call.account}, which it may not use")
        elif call.vault and not _covers(grants, call.account, way, call.vault):
            self._violated(f"{passing.key} sends {call.operation} about vault {call.vault}, which it may not use")
        elif call.mutating and call.plan and not _covers(grants, call.account, way, _ANY):
            self._violated(f"{passing.key} sends {call.operation}, and may have no plans")
        if call.operation == "StartCopyJob":
            self._start(call, grants)

    def _start(self, call: Call, grants: tuple[Grant, ...]) -> None:
        source, target = call.sent["SourceBackupVaultName"], call.sent["DestinationBackupVaultArn"].split(":")
        out = _covers(grants, call.account, "Source", source)
        if not out or not _covers(grants, target[4], "Destination", target[6]) or call.sent["IamRoleArn"] != COPY_ROLE:
            self._violated(f"a copy from {source} to {':'.join(target)} with {call.sent['IamRoleArn']} is not granted")

    def says(self, before: Json, after: Json, outcome: Outcome) -> None:
        """See whether a status tells of an account what only those are told who may use it."""
        passing = self._scene.passing
        assert passing is not None
        grants = self._scene.world.granted.get(passing.key.namespace, ())
        others = sorted(self._roles.keys() - {account for account, _, _ in grants})
        told = json.dumps([after, [each.message for each in outcome.events]])
        if named := [each for each in others if each in told]:
            self._violated(f"{passing.key} is told of {named}, which it may not use")
        if passing.key.policy in self._scene.world.refused and not passing.ending:
            self._absent(passing, before, outcome)

    def _absent(self, passing: Passing, before: Json, outcome: Outcome) -> None:
        """Compare what is said of accounts that are not granted with what is said where they do not exist."""
        world = self._scene.world
        refused = set(_refused(world.granted.get(passing.key.namespace, ()), world, passing.body["spec"]))
        left = {_account(each): each for each in world.accounts if each["metadata"]["name"] not in refused}
        body = {**passing.body, "status": before}
        now = datetime.fromtimestamp(self._scene.cloud.moment, UTC)
        request = desk_of({**left, passing.key: body}).request(passing.key, body, Occasion(now))
        absent = request.reconcile(NOWHERE, clock=lambda: now, cadence=CADENCE, stopping=lambda: False)
        said = [(lasting(each.status), [event.message for event in each.events]) for each in (outcome, absent)]
        if said[0] != said[1]:
            self._violated(f"{passing.key} names {sorted(refused)}, and is told {said[0]}; without them {said[1]}")


def _account(body: Json) -> ObjectKey:
    return ObjectKey(ACCOUNT.name, "", body["metadata"]["name"])


def _refused(grants: tuple[Grant, ...], world: World, spec: Json) -> Iterator[str]:
    """Yield the accounts that a policy names for what its namespace was not granted."""
    ids = {each["metadata"]["name"]: each["spec"]["accountId"] for each in world.accounts}
    for way, part in (("Source", spec["source"]), *(("Destination", each) for each in spec["destinations"])):
        name = part["accountRef"]["name"]
        if not _covers(grants, ids[name], way, part["vault"]["name"]):
            yield name


def _covers(grants: tuple[Grant, ...], account: str, direction: str | None, vault: str) -> bool:
    return any(
        one == account and direction in {None, way} and fnmatchcase(vault, pattern) for one, way, pattern in grants
    )


# --- 5 -------------------------------------------------------------------------------------------------------------


def verified_before(_: Scene, violated: Violated) -> Checks:
    """Let nothing be asked in a session of which GetCallerIdentity has not said whose account it is in."""
    verified: set[tuple[int, str]] = set()

    def asks(call: Call) -> None:
        if call.service != "sts" and (call.life, call.account) not in verified:
            violated(f"{call.operation} is sent to account {call.account}, whose identity was not verified")

    def hears(call: Call, heard: Heard) -> None:
        if call.operation == "GetCallerIdentity" and heard.whole and call.account.encode() in heard.body:
            verified.add((call.life, call.account))

    return Checks(asks=asks, hears=hears)
