"""A desk with policies and accounts on it, as tests have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossvault.engine.declared import PolicyKey
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.work.desk import Desk


def desk_of(
    policies: Mapping[PolicyKey, Mapping[str, Any]],
    accounts: Mapping[str, AccountDeclaration],
    labels: Mapping[str, Mapping[str, str]] | None = None,
) -> Desk:
    """Return a desk with all of this on it, settled."""
    desk = Desk()
    for namespace, each in (labels or {}).items():
        desk.put_labels(namespace, each)
    for name, declared in accounts.items():
        desk[ACCOUNT].declare(name, declared)
    for key, body in policies.items():
        desk.put(POLICY.key(key), body)
    while desk.settle():
        pass
    return desk


def account_of(body: Mapping[str, Any]) -> AccountDeclaration:
    """Return what a BackupAccount declares, which has to be well-formed."""
    declared = parse_account(body)
    assert isinstance(declared, AccountDeclaration), declared
    return declared
