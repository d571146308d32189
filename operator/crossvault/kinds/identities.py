"""The identities that the operator works with, and what each has to be allowed: from what is declared alone. Pure.

Several BackupAccounts may name one role. It is one identity then, with what all of them need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..aspects.copy_role import COPY_ROLE
from ..aspects.organization import KEEPERS
from ..aspects.organization.switch import Keeper
from ..aspects.source_keys import shares
from ..engine.declared import Account, Desired, Destination
from ..engine.parts import Parts
from ..engine.rights import Alone, AsDestination, AsManager, AsSource, Use
from .needs import needs_of, wants_of

Statement: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeyNeed:
    """What the policy of one key, or of the keys behind the recovery points of one vault, has to say.

    Attributes:
        key: As it is declared; empty for keys that no manifest names.
        vault_arn: The vault whose key that is, or in which the recovery points lie.
    """

    key: str
    vault_arn: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """One role, or, without one, the operator's own identity as far as it works in accounts by itself.

    Attributes:
        accounts: The BackupAccounts that name it, by name; one at least.
        statements: What it is allowed.
        keys: What the policies of keys have to say.
        copy_roles: The roles in the same account that AWS Backup copies with.
    """

    accounts: tuple[Account, ...]
    statements: tuple[Statement, ...]
    keys: tuple[KeyNeed, ...]
    copy_roles: tuple[str, ...]

    @property
    def role_arn(self) -> str | None:
        """The role; None for the operator's own identity."""
        return self.accounts[0].role_arn

    @property
    def account_id(self) -> str:
        """The account that it is in."""
        return self.accounts[0].account_id


@dataclass(frozen=True, slots=True)
class Declared:
    """All that says what is needed.

    Attributes:
        accounts: Every BackupAccount.
        policies: Every policy that can be worked with.
        managers: The accounts that BackupOrganizations name.
        keepers: The BackupOrganizations by the id of the management account.
    """

    accounts: Sequence[Account]
    policies: Sequence[Desired] = ()
    managers: Sequence[Account] = ()
    keepers: Mapping[str, Keeper] | None = None

    def uses(self) -> Iterable[Use]:
        """Yield every use of an account, in a lasting order."""
        yield from (Alone(each) for each in self.accounts)
        around = Parts().having(KEEPERS, self.keepers or {})
        yield from (AsManager(each, around) for each in self.managers)
        for desired in sorted(self.policies, key=lambda each: str(each.key)):
            yield AsSource(desired)
            yield from (AsDestination(desired, each) for each in desired.destinations)


def identities(declared: Declared, operator: str) -> tuple[Identity, ...]:
    """Return every identity, by account and role; ``operator`` is the ARN of the operator's own."""
    groups: dict[tuple[str, str | None], list[Account]] = {}
    for account in sorted(declared.accounts, key=lambda each: each.name):
        groups.setdefault((account.account_id, account.role_arn), []).append(account)
    in_order = sorted(groups.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return tuple(_identity(declared, accounts, operator) for _, accounts in in_order)


def _identity(declared: Declared, accounts: Sequence[Account], operator: str) -> Identity:
    names = {each.name for each in accounts}
    uses = [each for each in declared.uses() if each.account.name in names]
    own = accounts[0].role_arn or operator
    sources = [each.desired for each in uses if isinstance(each, AsSource)]
    return Identity(
        tuple(accounts),
        statements_of(uses),
        (*_source_keys(sources, own), *_vault_keys([each for each in uses if isinstance(each, AsDestination)], own)),
        tuple(sorted({each[COPY_ROLE] for each in sources})),
    )


# --- Statements ----------------------------------------------------------------------------------------------------


def statements_of(uses: Iterable[Use]) -> tuple[Statement, ...]:
    """Return one statement for each right and condition, in the order of the rooms; resources of all uses together."""
    return tuple(each.statement for each in wants_of((need, ()) for use in uses for need in needs_of(use)))


# --- Keys ----------------------------------------------------------------------------------------------------------


def _source_keys(policies: Iterable[Desired], own: str) -> Iterable[KeyNeed]:
    by_vault: dict[str, list[Desired]] = {}
    for each in policies:
        by_vault.setdefault(each.source.arn, []).append(each)
    for vault_arn, copying in sorted(by_vault.items()):
        yield KeyNeed("", vault_arn, tuple(shares.of_source(copying, own)))


def _vault_keys(uses: Iterable[AsDestination], own: str) -> Iterable[KeyNeed]:
    by_vault: dict[str, list[tuple[Desired, Destination]]] = {}
    for each in uses:
        by_vault.setdefault(each.destination.vault.arn, []).append((each.desired, each.destination))
    for vault_arn, copying in sorted(by_vault.items()):
        if all(shares.is_on_a_key_of_aws(each) for _, each in copying):
            continue
        key = next((name for _, each in copying if (name := shares.key_name(each))), "")
        yield KeyNeed(key, vault_arn, tuple(shares.of_destination(copying, own)))
