"""Whom a call reaches, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from tests.kit.stage import COPY_ROLE, TOOLS

from ..steps import Call, Checks, Heard, Scene

Violated = Callable[[str], None]

_OWN = frozenset({"AssumeRole", "GetCallerIdentity"})
"""What is asked with the operator's own identity, which is nobody's account here."""


# --- 4 -------------------------------------------------------------------------------------------------------------


def only_what_is_granted(scene: Scene, violated: Violated) -> Checks:
    """Let a pass enter the accounts, ask about the vaults, and copy with the roles that its namespace was granted."""

    def asks(call: Call) -> None:
        assert scene.passing is not None
        grants = scene.world.granted.get(scene.passing.key.namespace, ())
        accounts = {account for account, _, _ in grants}
        if call.account == TOOLS:
            entered = call.sent.get("RoleArn", "").split(":")[4:5]
            if call.operation not in _OWN or not accounts.issuperset(entered):
                violated(f"{scene.passing.key} sends {call.operation} to {entered} with the operator's identity")
            return
        if not call.account:
            return  # AWS knows no such session, and tells nothing
        if call.account not in accounts:
            violated(f"{scene.passing.key} sends {call.operation} to account {call.account}, which it may not use")
        elif call.vault and not _covers(grants, call.account, None, call.vault):
            violated(f"{scene.passing.key} sends {call.operation} about vault {call.vault}, which it may not use")
        if call.operation == "StartCopyJob":
            _start(call, grants)

    def _start(call: Call, grants: tuple[tuple[str, str, str], ...]) -> None:
        source, target = call.sent["SourceBackupVaultName"], call.sent["DestinationBackupVaultArn"].split(":")
        out = _covers(grants, call.account, "Source", source)
        if not out or not _covers(grants, target[4], "Destination", target[6]) or call.sent["IamRoleArn"] != COPY_ROLE:
            violated(f"a copy from {source} to {':'.join(target)} with {call.sent['IamRoleArn']} is not granted")

    return Checks(asks=asks)


def _covers(grants: tuple[tuple[str, str, str], ...], account: str, direction: str | None, vault: str) -> bool:
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
