"""Organizations of a world, with their trees and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import clock
from ..identity import policy
from ..records import organization
from ..wire import SimulatorError
from .files import WorldError

if TYPE_CHECKING:
    from ..records import state
    from . import schema


def build(living: state.State, part: schema.OrganizationPart, start: float) -> None:
    """Make one organization; members were there long before the world starts."""
    # Long ago, so that a world with the toggle off refuses at once.
    joined = start - 365 * clock.DAY
    made = organization.Organization(
        part.id, part.management, part.root, part.cross_account_backup, joined, control_enabled=part.control_policies_on
    )
    for account in (part.management, *part.members):
        made.enter(account, joined)
    for account, path in part.units.items():
        made.members[account].parent = _unit(made, path, part)
    for path in part.empty_units:
        _unit(made, path, part)
    for name in part.control_policies:
        _control_policy(made, name)
    for target, tags in part.tags.items():
        known = made.root_id if target == "root" else target
        if known not in made.attached and known not in made.policies:
            raise WorldError(f"organization {part.id}, tags: {target} is no root, unit, member or control policy")
        made.tags[known] = dict(tags)
    made.trusted = dict.fromkeys(part.trusted_services, joined)
    made.delegated = {(account, service): joined for service, names in part.delegated.items() for account in names}
    living.organizations[part.id] = made


def _unit(made: organization.Organization, path: str, part: schema.OrganizationPart) -> str:
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


def _control_policy(made: organization.Organization, part: schema.ControlPolicyPart) -> None:
    where = f"organization {made.organization_id}, control policy {part.name}"
    try:
        compiled = policy.compiled(part.document)
    except (policy.MalformedPolicyError, SimulatorError) as error:
        raise WorldError(f"{where}: {error}") from None
    made.policies[part.id] = organization.ControlPolicy(part.id, part.name, "", compiled)
    for target in part.targets:
        known = made.root_id if target == "root" else target
        if known not in made.attached:
            raise WorldError(f"{where}: target {target} is no root, unit or member")
        made.attached[known].append(part.id)
        if part.replaces_full_access and organization.FULL_ACCESS in made.attached[known]:
            made.attached[known].remove(organization.FULL_ACCESS)
