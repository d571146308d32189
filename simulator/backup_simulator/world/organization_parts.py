"""The parts of a world file that make organizations: members, units, policies."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from .part import AccountId, Part, PolicyDocument

UnitPath = Annotated[str, Field(pattern=r"^/?ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}(/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})*/?$")]


class ControlPolicyPart(Part):
    """A service control policy."""

    id: str = Field(pattern=r"^p-[0-9a-zA-Z_]{8,128}$")
    """Its id, such as `p-keepbackups`."""
    name: str
    """Its name, such as `keep-backups`."""
    document: PolicyDocument
    """The policy document."""
    targets: list[str] = []
    """Where it is attached: `root`, ids of units and accounts."""
    replaces_full_access: bool = False
    """Whether FullAWSAccess is detached there: what this policy does not allow is forbidden then."""


class AttachedPolicyPart(Part):
    """A resource control or tag policy. One switches its type on."""

    id: str = Field(pattern=r"^p-[0-9a-zA-Z_]{8,128}$")
    """Its id, such as `p-perimeter01`."""
    name: str
    """Its name, such as `perimeter`."""
    document: dict[str, Any]
    """The policy document, or what a tag policy asks under `tags`."""
    targets: list[str] = []
    """Where it is attached: `root`, ids of units and accounts."""


class OrganizationPart(Part):
    """An organization, its members and the cross-account toggle."""

    id: str = Field(pattern=r"^o-[a-z0-9]{10,32}$")
    """Its id, such as `o-crossvault1`."""
    root: str = Field(default="r-cv01", pattern=r"^r-[0-9a-z]{4,32}$")
    """The id of its root."""
    management: AccountId
    """The id of its management account."""
    members: list[AccountId]
    """The ids of its other accounts."""
    cross_account_backup: bool
    """Whether copies to other accounts are switched on (UpdateGlobalSettings)."""
    units: dict[AccountId, UnitPath] = {}
    """Where accounts lie that do not lie in the root: `{'111111111111': ou-cv01-workloads1/ou-cv01-databases1}`."""
    empty_units: list[UnitPath] = []
    """Paths of units without accounts."""
    unit_names: dict[str, str] = {}
    """Names of units by their ids: `{ou-cv01-workloads1: Workloads}`."""
    control_policies: list[ControlPolicyPart] = []
    """Service control policies (SCPs)."""
    control_policies_on: bool = True
    """Whether SCPs are switched on."""
    resource_control_policies: list[AttachedPolicyPart] = []
    """Resource control policies (RCPs)."""
    tag_policies: list[AttachedPolicyPart] = []
    """Tag policies."""
    trusted_services: list[str] = ["backup.amazonaws.com"]
    """Services with trusted access, such as `backup.amazonaws.com`."""
    delegated: dict[str, list[AccountId]] = {}
    """Delegated administrators by service: `{backup.amazonaws.com: ['222222222222']}`."""
    suspended: list[AccountId] = []
    """Ids of accounts that are SUSPENDED."""
    tags: dict[str, dict[str, str]] = {}
    """Tags of the root (`root`), of units, accounts and policies by their ids: `{root: {stage: test}}`."""

    @property
    def strangers(self) -> set[str]:
        """Accounts that are given a place or a task without being members."""
        named = {*self.units, *self.suspended, *(one for ones in self.delegated.values() for one in ones)}
        return named - {self.management, *self.members}
