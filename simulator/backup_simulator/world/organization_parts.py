"""The parts of a world file that make organizations: members, units, policies."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from .part import AccountId, Part, PolicyDocument

UnitPath = Annotated[str, Field(pattern=r"^/?ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}(/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})*/?$")]


class ControlPolicyPart(Part):
    """A service control policy and where it is attached: `root`, unit ids, account ids.

    `replaces_full_access` detaches FullAWSAccess there, which makes the policy a list of what is allowed.
    """

    id: str = Field(pattern=r"^p-[0-9a-zA-Z_]{8,128}$")
    name: str
    document: PolicyDocument
    targets: list[str] = []
    replaces_full_access: bool = False


class AttachedPolicyPart(Part):
    """A resource control or tag policy and its targets: `root`, unit ids, account ids. One switches its type on."""

    id: str = Field(pattern=r"^p-[0-9a-zA-Z_]{8,128}$")
    name: str
    document: dict[str, Any]
    targets: list[str] = []


class OrganizationPart(Part):
    """An organization, its members and the cross-account toggle.

    `units` gives the path of unit ids below the root for accounts that do not lie in the root itself, `tags` those of
    the root (`root`), of units, accounts and control policies by their ids.
    """

    id: str = Field(pattern=r"^o-[a-z0-9]{10,32}$")
    root: str = Field(default="r-cv01", pattern=r"^r-[0-9a-z]{4,32}$")
    management: AccountId
    members: list[AccountId]
    cross_account_backup: bool
    units: dict[AccountId, UnitPath] = {}
    empty_units: list[UnitPath] = []
    unit_names: dict[str, str] = {}
    control_policies: list[ControlPolicyPart] = []
    control_policies_on: bool = True
    resource_control_policies: list[AttachedPolicyPart] = []
    tag_policies: list[AttachedPolicyPart] = []
    trusted_services: list[str] = ["backup.amazonaws.com"]
    delegated: dict[str, list[AccountId]] = {}
    suspended: list[AccountId] = []
    tags: dict[str, dict[str, str]] = {}

    @property
    def strangers(self) -> set[str]:
        """Accounts that are given a place or a task without being members."""
        named = {*self.units, *self.suspended, *(one for ones in self.delegated.values() for one in ones)}
        return named - {self.management, *self.members}
