"""The declared BackupAccounts, and which of them are one way in under several names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ...engine.declared import SecretKey
from ...engine.hints import Hint
from ...engine.rights import Alone
from ...engine.wants import Want
from ..kind import Body, ObjectKey, Occasion, Others
from ..needs import Need, Needs, needs_of
from .parse import KIND, AccountDeclaration, parse_account
from .reconcile import AccountRequest

Accounts: TypeAlias = Mapping[str, AccountDeclaration]
WayIn: TypeAlias = tuple[str, str | None, str | SecretKey | None]


class AccountDrawer:
    """A :class:`~crossvault.kinds.kind.Drawer`."""

    def __init__(self, _others: Others | None = None) -> None:
        self._accounts: Accounts = {}
        self._entered_by: dict[WayIn, set[str]] = {}
        self._needs = Needs()

    # --- sight

    def accounts(self) -> Accounts:
        """Return every well-formed account; the mapping is never changed afterwards."""
        return self._accounts

    def twins_of(self, account: str) -> tuple[str, ...]:
        """Return the names of other accounts that are entered with the same role and External ID."""
        declared = self._accounts.get(account)
        if declared is None:
            return ()
        return tuple(sorted(self._entered_by[declared.account.way_in] - {account}))

    def shared(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of the accounts that have their way in in common, for each way that has several."""
        return tuple(sorted(tuple(sorted(names)) for names in self._entered_by.values() if len(names) > 1))

    def wants_of(self, account: str) -> tuple[Want, ...]:
        """Return what all objects that name an account want of its role; nothing where none does."""
        declared = self._accounts.get(account)
        return () if declared is None else self._needs.wants(account, lambda: needs_of(Alone(declared.account)))

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the account itself."""
        return frozenset({key.name})

    def request(self, key: ObjectKey, body: Body, occasion: Occasion) -> AccountRequest:
        """Return what a pass over an account is given."""
        return AccountRequest(body, occasion.not_before, self.twins_of(key.name), self.wants_of(key.name))

    def is_overtaken(self, _key: ObjectKey, _request: AccountRequest) -> bool:
        """An account refers to nothing."""
        return False

    def hinted(self, _hint: Hint) -> Mapping[ObjectKey, frozenset[Hint]]:
        """What happens to vaults changes nothing of an account."""
        return {}

    # --- what is put in

    def need(self, holder: str, needs: Mapping[str, tuple[Need, ...]]) -> None:
        """Take in what an object needs of the accounts that it names, in place of what it needed before."""
        self._needs.hold(holder, needs)

    def put(self, key: ObjectKey, body: Body, *, changed: bool) -> tuple[ObjectKey, ...]:
        """Take in an account; one that cannot be parsed is none. Returns its twins, as :meth:`declare` does."""
        if not changed:
            return ()
        declared = parse_account(body)
        return self.declare(key.name, declared if isinstance(declared, AccountDeclaration) else None)

    def drop(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Forget an account; return its twins of before."""
        return self.declare(key.name, None)

    def declare(self, name: str, declared: AccountDeclaration | None) -> tuple[ObjectKey, ...]:
        """Take in an account, or forget it. Passes in their threads hold the mapping of before, which does not change.

        Returns:
            Accounts with which it shares a way in, or shared one: they have to say so, or no longer.
        """
        accounts = dict(self._accounts)
        before = accounts.pop(name, None)
        if declared is not None:
            accounts[name] = declared
        self._accounts = accounts
        self._needs.forget(name)
        ways = [each.account.way_in if each is not None else None for each in (before, declared)]
        if ways[0] == ways[1]:
            return ()
        twins = self._leave(ways[0], name) | self._join(ways[1], name)
        return tuple(ObjectKey(KIND, "", each) for each in sorted(twins))

    def concerned(self, _key: ObjectKey) -> tuple[ObjectKey, ...]:
        """An account refers to nothing."""
        return ()

    def settle(self, _limit: int) -> bool:
        """Nothing is left to be found out."""
        return False

    def _leave(self, way: WayIn | None, name: str) -> set[str]:
        if way is None:
            return set()
        left = self._entered_by[way]
        left.discard(name)
        if not left:
            del self._entered_by[way]
        return set(left)

    def _join(self, way: WayIn | None, name: str) -> set[str]:
        if way is None:
            return set()
        there = self._entered_by.setdefault(way, set())
        twins = set(there)
        there.add(name)
        return twins
