"""Resource types: what AWS Backup copies of them at all (:mod:`.matrix`), and what the Region's settings take away."""

from __future__ import annotations

from ...engine import fixes
from ...engine.declared import VaultRef
from ...engine.looks import Unseen
from ...engine.plan import Base, Finding, Room
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.reasons import Reason
from ..identity import IDENTITY
from . import matrix, rights
from .seen import REGION_SETTINGS, RegionSettings

NAME = "ResourceTypes"
_DYNAMODB = "DynamoDB"


def source(base: Base) -> Finding:
    """Judge the settings of the source's Region.

    | Region settings | DynamoDB | row |
    |---|---|---|
    | not seen, nor the account | | Unknown |
    | not seen | declared | Unknown; copies are tried |
    | not seen | not declared | Met: nothing that is declared depends on them |
    | DynamoDB without advanced features | declared | Unmet; what has them is copied |
    | the same | not declared | Met, and says so |
    | declared types not opted in to | | Met, and says so: what plans name is backed up all the same |
    | all others | | Met |
    """
    return Finding((_row(base),))


def _row(base: Base) -> Prerequisite:
    vault, look = base.desired.source, base.sight[REGION_SETTINGS]
    types = base.desired.scope.resource_types
    if isinstance(look, Unseen):
        if _DYNAMODB in types or isinstance(base.sight[IDENTITY], Unseen):
            return unknown(NAME, "", look.problem)
        return met(NAME, "", "Nothing that is declared depends on the Region settings, which could not be read.")
    where = f"{vault.region} of account {vault.account.name}"
    if look.value.advanced_dynamodb is False and _DYNAMODB in types:
        return _basic(where, vault)
    return met(NAME, "", _noted(look.value, types, where))


def _basic(where: str, vault: VaultRef) -> Prerequisite:
    message = (
        f"DynamoDB is backed up without advanced features in {where}: basic backups cannot be copied. What has them is"
        " copied."
    )
    on = f"{_DYNAMODB}=true"
    command = fixes.aws(
        "backup",
        "update-region-settings",
        region=vault.region,
        resource_type_opt_in_preference=on,
        resource_type_management_preference=on,
    )
    remedy, fix = f"Turn them on, from the next backup on: {command}", fixes.within(vault.account, command)
    return unmet(NAME, "", Reason.BASIC_DYNAMODB, message, remedy, blocks=False, fix=fix)


def _noted(settings: RegionSettings, types: tuple[str, ...], where: str) -> str:
    """Say what the settings take away of what is meant, though it may be meant so."""
    out = sorted(each for each in types or matrix.COPIED if settings.opted_in.get(each) is False)
    if out:
        return f"Plans that find resources by tags skip {', '.join(out)} in {where}, which are not opted in to."
    return f"All types that are meant are opted in to in {where}."


ROOM = Room("resource_types", source=source, rights=rights.RIGHTS, rows=(NAME,))
