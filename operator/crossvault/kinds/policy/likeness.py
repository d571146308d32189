"""Whether a manifest means what is there already: parsed as any other, and compared as in every pass. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...aspects.schedule.declared import SCHEDULE
from ...aspects.schedule.document import differences, form_of, plan_document, selection_document, selection_form
from ...aspects.schedule.stock import FoundPlan
from ...engine.declared import Desired
from ...manifest import schema
from ..account.grants import AllowedNamespaces
from ..account.parse import AccountDeclaration
from ..rejected import Rejected
from .parse import parse_policy

Accounts = Mapping[str, AccountDeclaration]


def _parsed(body: Mapping[str, Any], accounts: Accounts) -> Desired | tuple[str, ...]:
    """Return what a manifest declares, whoever may; or what is wrong with it."""
    checked = schema.check(body)
    if checked.faults:
        return tuple(map(str, checked.faults))
    open_to_all = {name: replace(each, allowed=AllowedNamespaces(all=True)) for name, each in accounts.items()}
    desired = parse_policy(checked.body, open_to_all, {})
    return tuple(map(str, desired.faults)) if isinstance(desired, Rejected) else desired


def faults(body: Mapping[str, Any], accounts: Accounts) -> tuple[str, ...]:
    """Return what keeps a manifest from being declared, but for whom accounts let in."""
    desired = _parsed(body, accounts)
    return desired if isinstance(desired, tuple) else ()


def otherwise(body: Mapping[str, Any], plan: FoundPlan, accounts: Accounts) -> tuple[str, ...]:
    """Return what adopting a plan by a manifest would change of it, and what is wrong with the manifest."""
    desired = _parsed(body, accounts)
    return desired if isinstance(desired, tuple) else tuple(_changes(desired, plan))


def _changes(desired: Desired, plan: FoundPlan) -> Iterator[str]:
    schedule = desired[SCHEDULE]
    if schedule is None:
        yield "it would have no schedule"
        return
    wanted = plan_document(desired, schedule, plan.name)
    for path, want, has in differences(form_of(wanted), form_of(plan.document)):
        yield f"{path} is {has} and would become {want}"
    forms = Counter(selection_form(each) for each in plan.selections)
    made = Counter(selection_form(selection_document(each)) for each in schedule.selections)
    for form in (forms - made) + (made - forms):
        yield f"selection {form[0]} would be another one"


def ungranted(body: Mapping[str, Any], accounts: Accounts, made: Collection[str]) -> tuple[str, ...]:
    """Return why the accounts do not let a policy do what it declares; those ``made`` with it do."""
    checked = schema.check(body)
    granted = {
        name: replace(each, allowed=AllowedNamespaces(all=True)) if name in made else each
        for name, each in accounts.items()
    }
    desired = parse_policy(checked.body, granted, {})
    return tuple(map(str, desired.faults)) if isinstance(desired, Rejected) else ()
