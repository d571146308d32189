"""What other backup plans do beside one that is imported. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...aspects.schedule.stock import FoundPlan, copies_of, read
from ...aspects.stock import Stock


def beside(stock: Stock, plan: FoundPlan, vault: str) -> Iterator[str]:
    """Yield what else is backed up into the vault of a plan and not copied alike: a policy copies all of a vault."""
    declared = read(plan).copies
    for other in sorted(stock.plans, key=lambda each: (each.name, each.id)):
        into = [each for each in other.rules if each.get("TargetBackupVaultName") == vault]
        if other.id == plan.id or not into:
            continue
        missing = {arn for rule in into for arn in plan.copies - copies_of(rule)}
        if missing:
            arns = ", ".join(sorted(missing))
            yield f"Besides it, {other} backs up into vault {vault} and does not copy into {arns}; a policy would."
        copies = read(replace(other, document={**other.document, "Rules": into})).copies
        odd = [arn for arn in sorted(copies.keys() & declared.keys()) if copies[arn] != declared[arn]]
        if odd:
            yield (
                f"Besides it, {other} copies from vault {vault} into {', '.join(odd)} for another time; policies want"
                " the copies of all of a vault to live alike."
            )
