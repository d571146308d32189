"""What an account does about copies already, whoever set it up: its backup plans, and where it copies to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..engine.declared import Account, account_of
from .copies.seen import CopyJob
from .schedule.stock import FoundPlan


@dataclass(frozen=True, slots=True)
class Route:
    """Copies from one vault into one of another account that AWS remembers, with the role of the last of them."""

    source: str
    destination: str
    role: str


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is in one account and Region."""

    account: Account
    region: str
    plans: tuple[FoundPlan, ...] = ()
    routes: tuple[Route, ...] = ()


def routes_of(account_id: str, jobs: Iterable[CopyJob]) -> tuple[Route, ...]:
    """Return between which vaults jobs have brought copies into other accounts."""
    last: dict[tuple[str, str], CopyJob] = {}
    for each in jobs:
        ends = (each.source_vault_arn, each.destination_vault_arn)
        if not each.ended_well or account_of(ends[0]) != account_id or account_of(ends[1]) == account_id:
            continue
        if ends not in last or last[ends].created < each.created:
            last[ends] = each
    return tuple(Route(*ends, each.role_arn or "") for ends, each in sorted(last.items()))
