"""From a manifest's body to :class:`Desired`: pure, total, and complete in its complaints.

Everything wrong with a body is reported at once, each fault with its field path. The CRD schemas refuse most faults
before they get here; what they cannot say is found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .model import Account, Desired
from .reasons import Reason


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a manifest: ``path`` as in ``spec.destinations[1].lifecycle.deleteAfterDays``."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that cannot be worked with until somebody changes it (or the account it names)."""

    reason: Reason
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class AllowedNamespaces:
    """Who may name an account; nobody by default. ``match_labels`` None means no selector."""

    all: bool = False
    names: tuple[str, ...] = ()
    match_labels: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class AccountDeclaration:
    """A BackupAccount: the account, and which namespaces may use it."""

    account: Account
    allowed: AllowedNamespaces


def parse_account(body: Mapping[str, Any]) -> AccountDeclaration | Rejected:
    """Parse a BackupAccount."""
    raise NotImplementedError


def parse_policy(
    body: Mapping[str, Any], accounts: Mapping[str, AccountDeclaration], namespace_labels: Mapping[str, str]
) -> Desired | Rejected:
    """Parse a CrossAccountBackupPolicy and resolve the accounts it names.

    An account that is missing, malformed, or does not list the policy's namespace gives the same Rejected.
    """
    raise NotImplementedError
