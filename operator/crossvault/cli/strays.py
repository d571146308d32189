"""Backup plans that policies of files may have left: files remember no policy that is taken out of them.

Known from the lists that are read anyway, where another policy of the same account and Region has a schedule; whose a
plan is by its tags is not read for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..aspects.schedule.document import plan_name
from ..aspects.schedule.seen import PLANS
from ..engine import fixes
from ..engine.declared import Account, Desired, PolicyKey
from ..engine.fixes import Fix
from ..engine.looks import Unseen
from ..engine.observed import Observed
from .wrongs import WIDTH


def found(looked: Iterable[tuple[Desired, Observed]]) -> list[dict[str, Any]]:
    """Return the plans with names such as ours that no policy with a schedule means, with the policy that has the name.

    Args:
        looked: All policies of the files, as they were seen.
    """
    others, known, meant = dict[str, dict[str, Any]](), dict[str, PolicyKey](), set[str]()
    for desired, observed in looked:
        look, source = observed.source[PLANS], desired.source
        known[plan_name(desired.key, source.arn)] = desired.key
        if isinstance(look, Unseen):
            continue
        meant.update(each.id for each in look.value.found)
        where = {"account": source.account.name, "region": source.region}
        others |= {
            each: {
                "planId": each,
                "planName": name,
                **where,
                "fix": list(removing(source.account, source.region, each)),
            }
            for each, name in look.value.others.items()
        }
    return [
        {**each, **({"policy": str(policy)} if (policy := known.get(each["planName"])) is not None else {})}
        for name, each in sorted(others.items())
        if name not in meant
    ]


def lines(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say of each that it runs, and what may be done about it."""
    return [line for each in rows for line in _of_one(each)]


def _of_one(each: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{each['planName']} ({each['planId']}) in {each['account']}/{each['region']}"
    whose = (
        "no policy of these files keeps it; another folder, or a cluster, may: its tag crossvault.io/policy says whose"
    )
    if "policy" in each:
        whose = f"policy {each['policy']} of these files has its name, and declares no schedule"
    left = "declare it again, or delete its selections, and then it"
    return (
        f"  # {'backup plan':<{WIDTH}} {name}: {whose}.",
        f"      where nobody does: {left}. Backups and copies stay.",
        *(f"      {line}" for line in each["fix"]),
    )


def removing(account: Account, region: str, plan_id: str) -> Fix:
    """Return the commands that remove a plan: AWS takes it away when it selects nothing any more."""
    of_plan = {"region": region, "backup_plan_id": plan_id}
    listed = fixes.aws("backup", "list-backup-selections", **of_plan)
    every = f"$({listed} --query 'BackupSelectionsList[].SelectionId' --output text)"
    each = f'{fixes.aws("backup", "delete-backup-selection", **of_plan)} --selection-id "$s"'
    selections = f"for s in {every}; do {each}; done"
    return fixes.within(account, selections, fixes.aws("backup", "delete-backup-plan", **of_plan))
