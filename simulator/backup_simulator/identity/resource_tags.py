"""The tags of the resource that an ARN names, for `aws:ResourceTag`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import arns
from ..records.events import place_of_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..records.state import Account, Region, State


def of(state: State, arn: str) -> Mapping[str, str]:
    """The tags of whatever has some: vaults, recovery points, plans, resources, keys, queues, rules, buses, identities.

    And of accounts, units, roots and policies of an organization. What is unknown has none.
    """
    service, region, owner, rest = arns.of(arn)
    if service == "iam" and owner in state.accounts:
        return _iam(state.accounts[owner], arn, rest)
    if service == "organizations":
        return _of_organization(state, rest)
    if service == "kms":
        key = state.key(arn)
        found: Mapping[str, str] = getattr(key, "tags", {})
        return found
    if service in {"sqs", "events"}:
        return _of_pipeline(state.accounts[owner].region(region), rest) if owner in state.accounts else {}
    if rest.startswith("backup-vault:"):
        vault = state.vault(arn)
        return vault.tags if vault else {}
    holders = [state.accounts[owner]] if owner in state.accounts else list(state.accounts.values())
    return _point(holders, arn, region)


def _of_organization(state: State, rest: str) -> Mapping[str, str]:
    """The tags of an account, unit, root or policy: `ou/o-…/ou-…`, `policy/o-…/service_control_policy/p-…`."""
    parts = rest.split("/")
    organization = state.organizations.get(parts[1]) if len(parts) > 2 else None
    return organization.tags.get(parts[-1], {}) if organization else {}


def _of_pipeline(here: Region, rest: str) -> Mapping[str, str]:
    """The tags of a queue, a rule or a bus."""
    kind, _, name = rest.partition("/")
    if kind == "event-bus":
        return here.buses[name].tags if name in here.buses else {}
    if kind == "rule":
        place, name = place_of_rule(rest)
        bus = here.buses.get(place)
        rule = bus.rules.get(name) if bus else None
        return rule.tags if rule else {}
    return here.queues[rest].tags if rest in here.queues else {}


def _iam(account: Account, arn: str, rest: str) -> Mapping[str, str]:
    kind, _, path = rest.partition("/")
    if kind == "policy":
        managed = account.policies.get(arn)
        return managed.tags if managed else {}
    names = {"role": account.roles, "user": account.users}.get(kind, {})
    identity = names.get(path.rpartition("/")[2])
    return identity.tags if identity else {}


def _point(holders: list[Account], arn: str, region: str) -> Mapping[str, str]:
    for account in holders:
        if region not in account.regions:
            continue
        here = account.region(region)
        if arn in here.resources:
            return here.resources[arn].tags
        plan = here.plans.get(arn.rpartition(":")[2])
        if plan and plan.arn == arn:
            return plan.tags
        for vault in here.vaults.values():
            if arn in vault.points:
                return vault.points[arn].tags
    return {}
