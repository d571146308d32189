"""Both accounts are of one organization, which lets backups cross accounts.

https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from __future__ import annotations

from ...engine import fixes
from ...engine.fixes import Fix
from ...engine.looks import Unseen
from ...engine.plan import Finding, Room, Side
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.reasons import Reason
from . import former, rights
from .keepers import KEEPERS, MANAGERS
from .seen import ORGANIZATION, SWITCH, Organization
from .switch import MANAGEMENT_ROW, SWITCH_ROW, Keeper, Wanted, switched

__all__ = ["KEEPERS", "MANAGERS", "ORGANIZATION", "ROOM", "SWITCH", "Organization"]

SAME = "SameOrganization"


def judge(side: Side) -> Finding:
    """Judge whether copies may go from the source's account to a destination's."""
    return Finding((_same(side), _switch(side)))


def _same(side: Side) -> Prerequisite:
    """Judge whether both accounts are members of one organization.

    | both organizations | row |
    |---|---|
    | the same | Met |
    | one account in none, or different ones | Unmet |
    | one that could not be looked at | Unknown; nothing is written, copies are tried |
    """
    name = side.destination.name
    seen: list[Organization] = []
    for sight in (side.source, side.sight):
        look, account = sight[ORGANIZATION], sight.account
        if isinstance(look, Unseen):
            return unknown(SAME, name, look.problem, proves=True)
        if look.value is None:
            return unmet(
                SAME,
                name,
                Reason.NO_ORGANIZATION,
                f"Account {account.name} ({account.account_id}) is in no organization.",
                "Let the account join the organization of the other one; AWS copies between members only.",
                proves=True,
            )
        seen.append(look.value)
    ours, theirs = seen
    if ours.id != theirs.id:
        return unmet(
            SAME,
            name,
            Reason.DIFFERENT_ORGANIZATION,
            f"Accounts {side.source.account.name} and {side.sight.account.name} are in different organizations.",
            "Move one of the accounts; AWS copies between members of one organization only.",
            proves=True,
        )
    words = f"Both accounts are members of {ours.id}."
    return met(SAME, name, words, proves=True, clears=[Reason.NOT_SAME_ORGANIZATION])


def _switch(side: Side) -> Prerequisite:
    name, look = side.destination.name, side.source[SWITCH]
    if isinstance(look, Unseen):
        return unknown(SWITCH_ROW, name, look.problem)
    if not look.value:
        return unmet(
            SWITCH_ROW,
            name,
            Reason.CROSS_ACCOUNT_BACKUP_OFF,
            "Cross-account backup is off in the organization.",
            _remedy(side),
            fix=_fix(side),
        )
    words = "Cross-account backup is on in the organization."
    return met(SWITCH_ROW, name, words, clears=[Reason.FEATURE_NOT_ENABLED])


def _remedy(side: Side) -> str:
    """Say who turns the switch: the BackupOrganization that is there for it, or somebody in the management account."""
    by_hand = (
        "n the management account run: aws backup update-global-settings"
        " --global-settings isCrossAccountBackupEnabled=true (takes up to 15 minutes)."
    )
    keeper = _keeper(side)
    if keeper is None:
        return f"I{by_hand}"
    if keeper.wanted is Wanted.ENABLED:
        return f"BackupOrganization {keeper.name} switches it on; see there what keeps it from that."
    there = f"Set spec.crossAccountBackup: Enabled on BackupOrganization {keeper.name}"
    if keeper.wanted is Wanted.DISABLED:
        return f"{there}, which keeps it off."
    return f"{there}, or i{by_hand}"


def _keeper(side: Side) -> Keeper | None:
    known = _organization(side)
    return side.case.around[KEEPERS].get(known.management_account_id) if known is not None else None


def _organization(side: Side) -> Organization | None:
    look = side.source[ORGANIZATION]
    return None if isinstance(look, Unseen) else look.value


def _fix(side: Side) -> Fix:
    """Return the command that turns the switch; none where a BackupOrganization turns it on, or would turn it back."""
    known, keeper = _organization(side), _keeper(side)
    if known is None or (keeper is not None and keeper.wanted is not Wanted.UNMANAGED):
        return fixes.NONE
    return switched(known, on=True, region=side.desired.source.region)


ROOM = Room("organization", judge=judge, rights=rights.RIGHTS, rows=(MANAGEMENT_ROW, SAME, SWITCH_ROW, former.ROW))
