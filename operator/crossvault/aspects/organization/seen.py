"""What an account shows of its organization; some of it only the management account may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part

LAG = timedelta(minutes=15)
"""How long copies may start and go on after the switch was turned off.

https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

CLOSING = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED"})
"""States of accounts that are listed as members and end as such."""


@dataclass(frozen=True, slots=True)
class Organization:
    """What DescribeOrganization says."""

    id: str
    management_account_id: str
    feature_set: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the global settings of AWS Backup say.

    Attributes:
        on: Whether the organization lets backups cross accounts.
        changed: When any of the settings was last changed; None where AWS does not tell.
    """

    on: bool
    changed: datetime | None = None

    @property
    def going_on_until(self) -> datetime | None:
        """Until when copies may go on although the switch is off, at the latest: another setting may have moved it."""
        return None if self.on or self.changed is None else self.changed + LAG


@dataclass(frozen=True, slots=True)
class Administrator:
    """A delegated administrator of AWS Backup."""

    account_id: str
    since: datetime | None = None


ORGANIZATION: Part[Look[Organization | None]] = Part("organization", UNASKED)
"""The organization of an account; None when it is in none."""

SWITCH: Part[Look[bool]] = Part("switch", UNASKED)
"""The organization's isCrossAccountBackupEnabled, which is asked of sources: their answer is about the organization."""

SETTINGS: Part[Look[Settings]] = Part("settings", UNASKED)
"""The same with its time, asked of the account that is said to be the management account."""

MEMBERS: Part[Look[dict[str, str]]] = Part("members", UNASKED)
"""The states of all accounts of the organization, by id, as ListAccounts shows them."""

DEPARTURES: Part[Look[dict[str, datetime]]] = Part("departures", UNASKED)
"""When accounts left the organization, by id, for the ninety days that CloudTrail's event history has; asked only where
somebody has left of whom that is not known."""

ADMINISTRATORS: Part[Look[tuple[Administrator, ...]]] = Part("administrators", UNASKED)
"""The accounts that administer AWS Backup besides the management account."""
