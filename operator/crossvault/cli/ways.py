"""Ways into accounts that go by several names: told by commands on files as the status of each account tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from ..kinds.account.drawer import AccountDrawer
from ..words.explanations import EXPLANATIONS
from ..words.reasons import Reason
from .wrongs import WIDTH


def shared(accounts: AccountDrawer) -> list[dict[str, Any]]:
    """Return a row for every way in that several BackupAccounts share, with their names."""
    return [
        {
            "accounts": list(names),
            "reason": str(Reason.ROLE_SHARED),
            "message": message(names),
            "remedy": EXPLANATIONS[Reason.ROLE_SHARED].remedy,
        }
        for names in accounts.shared()
    ]


def message(names: Iterable[str]) -> str:
    """Say which accounts are one."""
    return f"BackupAccounts {', '.join(names)} enter one account with the same role and External ID."


def lines(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return each in lines for a person."""
    sign = click.style("!", fg="red")
    return [
        line
        for each in rows
        for line in (f"{sign} {'account':<{WIDTH}} {each['message']}", f"    do: {each['remedy']}")
    ]
