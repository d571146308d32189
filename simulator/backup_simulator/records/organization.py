"""Organizations: roots, organizational units, members, service and resource control policies, tag policies.

Mutable and plain; whoever touches it holds the simulator's lock. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..policies import policy, tag_policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..policies.policy import Policy
    from ..policies.tag_policies import TagRule
    from .state import State

SERVICE_CONTROL, RESOURCE_CONTROL, TAG = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"
FULL_ACCESS, FULL_RESOURCE_ACCESS = "p-FullAWSAccess", "p-RCPFullAWSAccess"
_EVERYBODY: policy.Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


@dataclass(slots=True)
class Unit:
    """An organizational unit."""

    unit_id: str
    name: str
    parent: str


@dataclass(slots=True)
class Member:
    """An account's place in an organization; `parent` is the root or a unit, `method` INVITED or CREATED."""

    account_id: str
    parent: str
    joined: float
    method: str = "CREATED"


@dataclass(frozen=True, slots=True)
class Departure:
    """An account that is no member any more; `method` is LEFT, REMOVED or CLEANED."""

    account_id: str
    when: float
    method: str


@dataclass(slots=True)
class ControlPolicy:
    """A service or resource control policy, or a tag policy, which is a document without statements."""

    policy_id: str
    name: str
    description: str
    policy: Policy
    aws_managed: bool = False
    kind: str = SERVICE_CONTROL


@dataclass(slots=True)
class AccountRequest:
    """An account that is being made, was made or could not be; `state` is IN_PROGRESS, SUCCEEDED or FAILED."""

    request_id: str
    name: str
    email: str
    role: str
    tags: dict[str, str]
    requested: float
    state: str = "IN_PROGRESS"
    completed: float | None = None
    account: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Organization:
    """An organization with its tree, its policies and the cross-account backup toggle."""

    organization_id: str
    management: str
    root_id: str
    cross_account: bool
    cross_account_changed: float
    members: dict[str, Member] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    policies: dict[str, ControlPolicy] = field(default_factory=dict)
    attached: dict[str, list[str]] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=lambda: {SERVICE_CONTROL})
    """The types of policies that are switched on."""
    trusted: dict[str, float] = field(default_factory=dict)
    delegated: dict[tuple[str, str], float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    settings_changed: float = 0.0
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Tags of the root, of units, accounts and policies, by their ids."""
    requests: dict[str, AccountRequest] = field(default_factory=dict)
    departures: list[Departure] = field(default_factory=list)
    """What CloudTrail keeps of who has left, oldest first."""

    def __post_init__(self) -> None:
        words = "Allows access to every operation"
        for kind, policy_id, document in (
            (SERVICE_CONTROL, FULL_ACCESS, policy.FULL),
            (RESOURCE_CONTROL, FULL_RESOURCE_ACCESS, _EVERYBODY),
        ):
            name = policy_id.removeprefix("p-")
            full = ControlPolicy(policy_id, name, words, policy.compiled(document), True, kind)
            self.policies.setdefault(policy_id, full)
        self.attached.setdefault(self.root_id, self._at_first())

    def _at_first(self) -> list[str]:
        """What is attached to whatever is new."""
        return [FULL_ACCESS, *([FULL_RESOURCE_ACCESS] if RESOURCE_CONTROL in self.enabled else [])]

    def enter(self, account: str, now: float, *, method: str = "CREATED") -> None:
        """Take an account in, under the root."""
        self.members[account] = Member(account, self.root_id, now, method)
        self.attached[account] = self._at_first()

    def leave(self, account: str, now: float, method: str) -> None:
        """Let an account go, with all that was attached to it or delegated to it."""
        self.departures.append(Departure(account, now, method))
        del self.members[account]
        self.attached.pop(account, None)
        self.tags.pop(account, None)
        self.delegated = {key: when for key, when in self.delegated.items() if key[0] != account}

    def switch_on(self, kind: str) -> None:
        """Let a type of policies count; full access is attached everywhere."""
        self.enabled.add(kind)
        if kind == TAG:
            return
        full = FULL_RESOURCE_ACCESS if kind == RESOURCE_CONTROL else FULL_ACCESS
        for ids in self.attached.values():
            ids.extend([full] if full not in ids else [])

    def switch_off(self, kind: str) -> None:
        """Let a type of policies count no longer; what was attached is forgotten, but for full access of SCPs."""
        self.enabled.discard(kind)
        for target, ids in self.attached.items():
            others = [one for one in ids if self.policies[one].kind != kind]
            self.attached[target] = [*([FULL_ACCESS] if kind == SERVICE_CONTROL else []), *others]

    def attached_of(self, target: str, kind: str) -> list[str]:
        """The policies of a type that are attached to a root, unit or account itself."""
        return [one for one in self.attached.get(target, ()) if self.policies[one].kind == kind]

    def add_unit(self, unit: Unit) -> None:
        """Add a unit; it starts with full access, as AWS has it."""
        self.units[unit.unit_id] = unit
        self.attached[unit.unit_id] = self._at_first()

    def line(self, child: str) -> list[str]:
        """The ids from the root down to a root, unit or account, that one included."""
        found = [child]
        while found[-1] != self.root_id:
            last = found[-1]
            found.append(self.units[last].parent if last in self.units else self.members[last].parent)
        return found[::-1]

    def path(self, account: str) -> str:
        """The `aws:PrincipalOrgPaths` value of a member: `o-…/r-…/ou-…/`."""
        return "/".join([self.organization_id, *self.line(self.members[account].parent), ""])

    def shown(self) -> dict[str, object]:
        """What the control API tells about it."""
        return {
            "management": self.management,
            "cross_account_backup": self.cross_account,
            "members": {account: self.line(account)[1:-1] for account in self.members},
        }

    def control(self, account: str) -> tuple[tuple[Policy, ...], ...]:
        """The SCPs over a member by level, root first; none over the management account."""
        return self._levels(account, SERVICE_CONTROL)

    def resource_control(self, account: str) -> tuple[tuple[Policy, ...], ...]:
        """The RCPs over what a member has, by level, root first; none over what the management account has."""
        return self._levels(account, RESOURCE_CONTROL)

    def tag_rules(self, account: str) -> dict[str, TagRule]:
        """What tag policies ask of a member's tags, by key in lower case; they hold the management account, too."""
        if TAG not in self.enabled or account not in self.members:
            return {}
        levels = [self.attached_of(target, TAG) for target in self.line(account)]
        return tag_policies.effective([[self.policies[one].policy.document for one in level] for level in levels])

    def _levels(self, account: str, kind: str) -> tuple[tuple[Policy, ...], ...]:
        if kind not in self.enabled or account == self.management:
            return ()
        return tuple(
            tuple(self.policies[policy_id].policy for policy_id in self.attached_of(target, kind))
            for target in self.line(account)
        )


def tag_forbidden(state: State, account: str, kind: str, tags: Mapping[str, str]) -> str | None:
    """The first key of tags that the tag policies over an account refuse on a resource type."""
    found = state.organization_of(account)
    return next(tag_policies.refused(found.tag_rules(account), kind, tags), None) if found else None


@dataclass(slots=True)
class Handshake:
    """An invitation to an organization; `state` is REQUESTED, OPEN, CANCELED, ACCEPTED, DECLINED or EXPIRED."""

    handshake_id: str
    organization_id: str
    management: str
    account: str
    requested: float
    expires: float
    state: str = "OPEN"
    notes: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
