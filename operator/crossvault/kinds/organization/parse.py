"""From the body of a BackupOrganization to what it declares: pure, total, and complete in its complaints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...aspects.organization.switch import Keeper, Wanted
from ...manifest.fields import Fault, Fields
from ...words.reasons import Reason
from ..account.drawer import Accounts
from ..account.parse import AccountDeclaration
from ..rejected import Rejected, rejected

KIND = "BackupOrganization"
REFERENCE = "spec.managementAccountRef.name"


@dataclass(frozen=True, slots=True)
class OrganizationDeclaration:
    """A BackupOrganization: through which account, and what of the switch."""

    keeper: Keeper
    account: str


def parse_organization(body: Mapping[str, Any]) -> OrganizationDeclaration | Rejected:
    """Parse a BackupOrganization."""
    faults: list[Fault] = []
    manifest = Fields(body, "", faults)
    spec = manifest.object("spec", required=True)
    declared = OrganizationDeclaration(
        Keeper(
            manifest.object("metadata", required=True).text("name"),
            spec.choice("crossAccountBackup", Wanted.UNMANAGED),
        ),
        spec.object("managementAccountRef", required=True).text("name"),
    )
    return rejected(Reason.INVALID_SPEC, faults) if faults else declared


def resolved(declared: OrganizationDeclaration, accounts: Accounts) -> AccountDeclaration | Rejected:
    """Return the account that is named. It needs no grant: both objects are of cluster administrators."""
    found = accounts.get(declared.account)
    if found is None:
        message = f"there is no BackupAccount {declared.account}, or it cannot be used as it stands"
        return Rejected(Reason.ACCOUNT_NOT_FOUND, (Fault(REFERENCE, message),))
    return found
