"""The one switch that only the management account has: kept as declared, and nothing else of the global settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from ...engine import fixes
from ...engine.declared import Account
from ...engine.fixes import Fix
from ...engine.kept import KeptWrite
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.plan import Change
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.instants import instant
from ...words.reasons import Reason
from .seen import ORGANIZATION, SETTINGS, Organization, Settings

MANAGEMENT_ROW, SWITCH_ROW = "ManagementAccount", "OrganizationToggle"


class Wanted(StrEnum):
    """What is declared of the switch."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    UNMANAGED = "Unmanaged"


@dataclass(frozen=True, slots=True)
class Keeper:
    """A BackupOrganization, as far as it concerns the switch; ``account`` is the one that it names."""

    name: str
    wanted: Wanted
    account: Account | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.wanted})"


@dataclass(frozen=True, slots=True)
class SetSwitch(KeptWrite):
    """Turn the switch of an organization."""

    mends: ClassVar[str] = SWITCH_ROW

    account: Account
    organization_id: str
    on: bool

    @property
    def destination(self) -> str:
        """It is about no destination."""
        return ""

    @property
    def key(self) -> WriteKey:
        """What makes it the same write as another one."""
        return ("switch", self.organization_id, self.on)

    def after(self, sight: Sight) -> Sight:
        """Return the account as it looks when this is done."""
        return sight.having(SETTINGS, Seen(Settings(self.on)))

    def told(self) -> Change:
        """Return how a plan lists it."""
        before, after = (Wanted.DISABLED, Wanted.ENABLED) if self.on else (Wanted.ENABLED, Wanted.DISABLED)
        what = f"isCrossAccountBackupEnabled: {before} → {after}"
        return Change("change", "global settings", f"organization {self.organization_id}", what)

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        words = f"Switched cross-account backup {_word(on=self.on)} in organization {self.organization_id}"
        if repaired:
            return Reason.DRIFT_CORRECTED, f"{words}: somebody had changed it."
        if self.on:
            return Reason.SWITCHED_ON, f"{words}."
        return Reason.SWITCHED_OFF, f"{words}. Copies may still start and go on for up to 15 minutes."


@dataclass(frozen=True, slots=True)
class Kept:
    """What is judged of the switch."""

    rows: tuple[Prerequisite, ...]
    actions: tuple[SetSwitch, ...] = ()


def judge(own: Keeper, rivals: Sequence[Keeper], sight: Sight) -> Kept:
    """Judge the switch as the account shows it.

    | organization | switch | declared | others over the same organization | rows, action |
    |---|---|---|---|---|
    | unseen | | | | ManagementAccount Unknown |
    | none, or another account manages it | | | | ManagementAccount Unmet |
    | managed by the account | unseen | | | OrganizationToggle Unknown |
    | | seen | Unmanaged | | Met; it is shown |
    | | seen | on or off | one declares the opposite | Unmet, and neither writes |
    | | as declared | on or off | agree | Met |
    | | otherwise | on or off | agree | Unmet; it is turned |
    """
    management, organization = _management(sight)
    if organization is None:
        return Kept((management,))
    look = sight[SETTINGS]
    if isinstance(look, Unseen):
        return Kept((management, unknown(SWITCH_ROW, "", look.problem)))
    row = _switch(own, rivals, look.value, organization)
    if not row.ours:
        return Kept((management, row))
    return Kept((management, row), (SetSwitch(sight.account, organization.id, own.wanted is Wanted.ENABLED),))


def _management(sight: Sight) -> tuple[Prerequisite, Organization | None]:
    """Judge whether the account is what managementAccountRef says; only then is its organization returned."""
    look, account = sight[ORGANIZATION], sight.account
    who = f"Account {account.name} ({account.account_id})"
    if isinstance(look, Unseen):
        return unknown(MANAGEMENT_ROW, "", look.problem), None
    if look.value is None:
        remedy = "Name the BackupAccount of an organization's management account in spec.managementAccountRef."
        return unmet(MANAGEMENT_ROW, "", Reason.NO_ORGANIZATION, f"{who} is in no organization.", remedy), None
    found = look.value
    if found.management_account_id != account.account_id:
        return (
            unmet(
                MANAGEMENT_ROW,
                "",
                Reason.NOT_MANAGEMENT_ACCOUNT,
                f"spec.managementAccountRef: {who} is not the management account of organization {found.id}, which is"
                f" {found.management_account_id}.",
                f"Name a BackupAccount of account {found.management_account_id} there; until then nothing is written.",
            ),
            None,
        )
    return met(MANAGEMENT_ROW, "", f"{who} manages organization {found.id}."), found


def _switch(own: Keeper, rivals: Sequence[Keeper], seen: Settings, organization: Organization) -> Prerequisite:
    state = f"Cross-account backup is {_word(on=seen.on)} in organization {organization.id}"
    until = instant(seen.going_on_until)
    lag = f" Copies may go on until {until} at the latest." if until else ""
    if own.wanted is Wanted.UNMANAGED:
        row = met(SWITCH_ROW, "", f"{state}; it is only looked at (spec.crossAccountBackup: Unmanaged).{lag}")
        return replace(row, reason=Reason.NOT_MANAGED)
    against = [each for each in rivals if each.wanted not in {own.wanted, Wanted.UNMANAGED}]
    if against:
        names = " and ".join(str(each) for each in sorted((own, *against), key=lambda each: each.name)[:5])
        return unmet(
            SWITCH_ROW,
            "",
            Reason.DECLARATIONS_DISAGREE,
            f"BackupOrganizations {names} disagree about organization {organization.id}; none of them writes."
            f" {state}.{lag}",
            "Declare the same in all of them, or delete what is too many.",
        )
    if seen.on is (own.wanted is Wanted.ENABLED):
        return replace(met(SWITCH_ROW, "", f"{state}, as declared.{lag}"), reason=Reason.IN_SYNC)
    return unmet(
        SWITCH_ROW,
        "",
        Reason.DRIFTED,
        f"{state}, and declared {own.wanted}.",
        f"Nothing: the operator switches it {_word(on=not seen.on)}.",
        ours=True,
    )


def switched(organization: Organization, *, on: bool, region: str) -> Fix:
    """Return the command that turns the switch: it is the organization's, whatever Region is asked."""
    settings = f"isCrossAccountBackupEnabled={'true' if on else 'false'}"
    command = fixes.aws("backup", "update-global-settings", region=region, global_settings=settings)
    return fixes.in_account(f"{organization.management_account_id}, which manages {organization.id}", command)


def _word(*, on: bool) -> str:
    return "on" if on else "off"
