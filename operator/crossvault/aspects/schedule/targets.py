"""The logically air-gapped vaults that rules back up into first: whether AWS Backup can, and will. Pure.

What it manages in full goes straight into such a vault, other types by way of a temporary snapshot in the source vault,
and what the vault cannot take stays there. https://docs.aws.amazon.com/aws-backup/latest/devguide/lag-vault-primary-backup.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.looks import UNASKED, Unseen
from ...engine.plan import Base
from ...engine.rows import Prerequisite, unknown, unmet
from ...words.reasons import Reason
from ..resource_types.matrix import AS_OF, TYPES
from ..vault.seen import Vault
from . import selected
from .actions import HAZARDS_ROW
from .declared import Rule, Schedule
from .seen import TARGETS

FIELD = "airGappedVault"


def hazards(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    """Judge the air-gapped vaults of rules.

    | vault | row |
    |---|---|
    | not seen | Unknown |
    | absent, or no air-gapped one | Unmet |
    | its bounds do not allow how long backups of the rule live | Unmet: backup jobs, or the copies into it, fail |
    | nothing that is selected is of a type that goes into one | Unmet: all stays in the source vault |
    | anything else | nothing |
    """
    for rule in schedule.rules:
        if rule.air_gapped_vault:
            yield from _of(base, rule)
    if schedule.air_gapped_vaults:
        yield from _taking_nothing(base, schedule)


def told(schedule: Schedule) -> str:
    """Say what a policy does not see of what its plan makes; empty where it sees all of it."""
    names = ", ".join(schedule.air_gapped_vaults)
    return f" What goes straight into {names} the plan copies, and no policy of this vault compares." if names else ""


def _of(base: Base, rule: Rule) -> Iterator[Prerequisite]:
    name, where = rule.air_gapped_vault, base.desired.source
    look = base.sight[TARGETS].get(name, UNASKED)
    if isinstance(look, Unseen):
        yield unknown(HAZARDS_ROW, "", look.problem)
        return
    vault, remedy = look.value, f"Correct {FIELD} in spec.schedule.rules of {rule.name}, or create the vault by hand."
    if vault is None or not vault.air_gapped:
        what = f"Account {where.account.name} has no vault {name} in {where.region}"
        what = what if vault is None else f"Vault {name} is not logically air-gapped"
        message = f"{what}: backups of rule {rule.name} cannot go into it."
        yield unmet(HAZARDS_ROW, "", Reason.AIR_GAPPED_TARGET_UNUSABLE, message, remedy, blocks=False)
    elif (problem := _bounds(rule, vault)) is not None:
        yield problem


def _bounds(rule: Rule, vault: Vault) -> Prerequisite | None:
    days, bounds = rule.lifecycle.delete_after_days or 0, vault.bounds
    if bounds is None or bounds[0] <= days <= bounds[1]:
        return None
    message = (
        f"Rule {rule.name} keeps backups {days} days; the air-gapped vault {vault.name} allows {bounds[0]} to"
        f" {bounds[1]} days, so AWS fails its jobs."
    )
    remedy = f"Set deleteAfterDays within {bounds[0]} to {bounds[1]} in spec.schedule.rules of {rule.name}."
    return unmet(HAZARDS_ROW, "", Reason.RETENTION_OUT_OF_BOUNDS, message, remedy, blocks=False)


def _taking_nothing(base: Base, schedule: Schedule) -> Iterator[Prerequisite]:
    types = selected.types_meant_by(base.case.observed, schedule)
    able = {name for name, row in TYPES.items() if row.air_gapped}
    if not types or any(name in able or name not in TYPES for name in types):
        return
    message = (
        f"Nothing that is selected goes into {', '.join(schedule.air_gapped_vaults)}: no logically air-gapped vault"
        f" takes {', '.join(sorted(types))} (as of {AS_OF}). All backups stay in the source vault."
    )
    remedy = f"Take {FIELD} out of spec.schedule.rules, or select other types."
    yield unmet(HAZARDS_ROW, "", Reason.SCHEDULE_WITHOUT_EFFECT, message, remedy, blocks=False)
