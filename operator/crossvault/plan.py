"""Desired against observed, as data."""

from __future__ import annotations

from .model import Desired, Observed, Plan, Result

__all__ = ["Plan", "diff", "may_go_on", "removes_something", "restrict"]


def diff(desired: Desired, observed: Observed, *, claims: frozenset[tuple[str, str]] = frozenset()) -> Plan:
    """Return what has to be done so that ``observed`` becomes ``desired``."""
    raise NotImplementedError


def restrict(plan: Plan, desired: Desired, *, ordered: bool = True) -> Plan:
    """Take out of a plan what mode, suspension and ownership do not permit."""
    raise NotImplementedError


def removes_something(desired: Desired, *, ordered: bool) -> bool:
    """Tell whether the deletion of this policy has anything to remove in AWS."""
    raise NotImplementedError


def may_go_on(result: Result) -> bool:
    """Tell whether the actions after a failed one may still be carried out."""
    raise NotImplementedError
