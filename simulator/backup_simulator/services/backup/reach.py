"""Whose jobs a caller may see: its own account's; the management account those of the whole organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour

if TYPE_CHECKING:
    from ..operation import Scope

EVERY = "*"


def accounts(scope: Scope, asked: str | None) -> list[str]:
    """The accounts whose jobs are meant by a filter: an account id, `*` for all, None for the caller's."""
    own = scope.account.account_id
    if asked is None:
        return [own]
    if asked == EVERY:
        return members(scope) or [own]
    return [asked] if asked == own or asked in members(scope) else []


def members(scope: Scope) -> list[str]:
    """All accounts of the organization if the caller's is its management account, else none."""
    organization = scope.state.organization_of(scope.account.account_id)
    if organization is None or organization.management != scope.account.account_id:
        return []
    return sorted(set(organization.members) & set(scope.state.accounts))


FIDELITY = (
    Behaviour(
        "Jobs: a member sees its own only, the management account those of its organization by id, all with `*`",
        "botocore",
        "test_copy_jobs.py::test_the_jobs_of_an_organization_are_listed_in_pages",
    ),
    Behaviour(
        "Cross-account monitoring counts as switched on; a foreign account id yields an empty list",
        "assumed",
        "test_copy_jobs.py::test_the_management_account_sees_the_jobs_of_its_members",
    ),
)
