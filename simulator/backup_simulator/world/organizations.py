"""Organizations of a world, with their trees and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import clock
from ..policies import policy, tag_policies
from ..records import organization
from ..wire import SimulatorError
from .files import WorldError

if TYPE_CHECKING:
    from ..records import state
    from .organization_parts import AttachedPolicyPart, ControlPolicyPart, OrganizationPart


def build(living: state.State, part: OrganizationPart, start: float) -> None:
    """Make one organization; members were there long before the world starts."""
    # Long ago, so that a world with the toggle off refuses at once.
    joined = start - 365 * clock.DAY
    on = {organization.SERVICE_CONTROL: part.control_policies_on}
    on[organization.RESOURCE_CONTROL] = bool(part.resource_control_policies)
    on[organization.TAG] = bool(part.tag_policies)
    enabled = {kind for kind, switched in on.items() if switched}
    made = organization.Organization(
        part.id, part.management, part.root, part.cross_account_backup, joined, enabled=enabled
    )
    for account in (part.management, *part.members):
        made.enter(account, joined)
    for account, path in part.units.items():
        made.members[account].parent = _unit(made, path, part)
    for path in part.empty_units:
        _unit(made, path, part)
    _policies(made, part)
    _tags(made, part)
    made.trusted = dict.fromkeys(part.trusted_services, joined)
    made.delegated = {(account, service): joined for service, names in part.delegated.items() for account in names}
    living.organizations[part.id] = made


def _policies(made: organization.Organization, part: OrganizationPart) -> None:
    for control in part.control_policies:
        targets = _control_policy(made, control, organization.SERVICE_CONTROL)
        replaced = targets if control.replaces_full_access else []
        for target in replaced:
            if organization.FULL_ACCESS in made.attached[target]:
                made.attached[target].remove(organization.FULL_ACCESS)
    for resource_control in part.resource_control_policies:
        _control_policy(made, resource_control, organization.RESOURCE_CONTROL)
    for tag_policy in part.tag_policies:
        _control_policy(made, tag_policy, organization.TAG)


def _tags(made: organization.Organization, part: OrganizationPart) -> None:
    for target, tags in part.tags.items():
        known = made.root_id if target == "root" else target
        if known not in made.attached and known not in made.policies:
            raise WorldError(f"organization {part.id}, tags: {target} is no root, unit, member or control policy")
        made.tags[known] = dict(tags)


def _unit(made: organization.Organization, path: str, part: OrganizationPart) -> str:
    """The unit at the end of a path of unit ids; whatever is missing on the way is made."""
    parent = made.root_id
    for unit_id in path.strip("/").split("/"):
        found = made.units.get(unit_id)
        if found is not None and found.parent != parent:
            raise WorldError(f"organization {part.id}, units: {unit_id} lies below both {found.parent} and {parent}")
        if found is None:
            made.add_unit(organization.Unit(unit_id, part.unit_names.get(unit_id, unit_id), parent))
        parent = unit_id
    return parent


def _tag_policy(document: policy.Document) -> policy.Policy:
    return policy.Policy(tag_policies.checked(document), ())


_COMPILED = {
    organization.SERVICE_CONTROL: policy.compiled,
    organization.RESOURCE_CONTROL: policy.resource_control,
    organization.TAG: _tag_policy,
}


def _control_policy(
    made: organization.Organization, part: ControlPolicyPart | AttachedPolicyPart, kind: str
) -> list[str]:
    """Make a policy and attach it; returns the ids of its targets."""
    where = f"organization {made.organization_id}, control policy {part.name}"
    try:
        compiled = _COMPILED[kind](part.document)
    except (policy.MalformedPolicyError, SimulatorError) as error:
        raise WorldError(f"{where}: {error}") from None
    made.policies[part.id] = organization.ControlPolicy(part.id, part.name, "", compiled, kind=kind)
    targets = [made.root_id if target == "root" else target for target in part.targets]
    for given, target in zip(part.targets, targets, strict=True):
        if target not in made.attached:
            raise WorldError(f"{where}: target {given} is no root, unit or member")
        made.attached[target].append(part.id)
    return targets
