"""The declared objects of any host: policies, accounts, labels of namespaces, and who refers to whom.

A host puts in what it hears and takes out what a pass is given. Belongs to one thread; what it gives are snapshots.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from ..aspects.copies.declared import Neighbour, Sharing
from ..engine.declared import PolicyKey
from ..kinds.account.parse import AccountDeclaration
from ..kinds.policy.parse import accounts_named_by, seniority
from ..kinds.policy.reconcile import PolicyRequest, is_ending
from ..kinds.policy.stakes import Copying, Stake, remembered, stake_of

Body: TypeAlias = Mapping[str, Any]
Accounts: TypeAlias = Mapping[str, AccountDeclaration]
Labels: TypeAlias = Mapping[str, str]
Claims: TypeAlias = frozenset[tuple[str, str]]
WayIn: TypeAlias = tuple[str, str | None, str | None]
Seniority: TypeAlias = tuple[str, str]
"""Creation time and name of a policy: the order in which those of one namespace have places in an account."""
StakeOf: TypeAlias = Callable[[Body, Accounts, Labels], Stake | None]

_NO_ACCOUNT = frozenset({""})
_NO_LABELS: Labels = {}


class Desk:
    """What is declared."""

    def __init__(self, *, stake_of: StakeOf = stake_of) -> None:
        self._stake_of = stake_of
        self._bodies: dict[PolicyKey, Body] = {}
        self._accounts: dict[str, AccountDeclaration] = {}
        self._labels: dict[str, Labels] = {}
        self._entered_by: dict[WayIn, set[str]] = {}
        self._by_account: dict[str, set[PolicyKey]] = {}
        self._named: dict[PolicyKey, frozenset[str]] = {}
        self._tenants: Counter[str] = Counter()
        self._lines: dict[tuple[str, str], list[Seniority]] = {}
        self._in_line: dict[PolicyKey, tuple[Seniority, frozenset[str]]] = {}
        self._stakes: dict[PolicyKey, Stake] = {}
        self._copying: dict[tuple[str, str], dict[PolicyKey, Neighbour]] = {}
        self._sharing = Copying()
        self._wanted: Counter[tuple[str, str]] = Counter()
        self._unsettled: dict[PolicyKey, None] = {}

    @classmethod
    def of(
        cls, policies: Mapping[PolicyKey, Body], accounts: Accounts, labels: Mapping[str, Labels] | None = None
    ) -> Desk:
        """Return a desk with all of this on it, settled."""
        desk = cls()
        for name, declared in accounts.items():
            desk.put_account(name, declared)
        for namespace, each in (labels or {}).items():
            desk.put_labels(namespace, each)
        for key, body in policies.items():
            desk.put_policy(key, body)
        while desk.settle():
            pass
        return desk

    # --- what a pass is given

    def request(
        self,
        key: PolicyKey,
        body: Body,
        *,
        not_before: datetime,
        looked: Mapping[str, datetime] | None = None,
        ordered: bool = True,
    ) -> PolicyRequest:
        """Return everything but AWS that a pass over a policy looks at. Call :meth:`settle` before.

        Args:
            key: The policy.
            body: The object, as the pass took it up.
            not_before: No observation may be older than this.
            looked: When each destination was last seen in whole.
            ordered: A deletion was of this one policy by name.
        """
        ending = is_ending(body)
        return PolicyRequest(
            body=body,
            accounts=self._accounts,
            namespace_labels=self.labels(key.namespace),
            not_before=not_before,
            claims=self.claims_beside(key),
            claimants=self.claimants_beside(key) if ending else {},
            neighbours=self.neighbours_of(key),
            sharing=self.sharing_of(key),
            ordered=ordered,
            looked=looked or {},
            elders={} if ending else self.elders_of(key),
        )

    def accounts(self) -> Accounts:
        """Return every well-formed account; the mapping is never changed afterwards."""
        return self._accounts

    def labels(self, namespace: str) -> Labels:
        """Return the labels of a namespace; an unknown one has none."""
        return self._labels.get(namespace, _NO_LABELS)

    def accounts_of(self, key: PolicyKey) -> frozenset[str]:
        """Return the names of the accounts that a pass over a policy may ask.

        Those that there are and that have something for its namespace. Others are never asked, and names are free to
        invent: each combination of names would be one more to look at whenever a key is taken. Who has none left
        stands in one line with all others of that kind, so that they take turns, too.
        """
        names = self._named.get(key, frozenset()) & self._accounts.keys()
        return frozenset(name for name in names if self._serves(name, key.namespace)) or _NO_ACCOUNT

    def _serves(self, account: str, namespace: str) -> bool:
        """Tell whether an account lets a namespace do anything at all."""
        declared, labels = self._accounts[account], self.labels(namespace)
        admitted = (declared.allowed, *(each.namespaces for each in declared.grants))
        return any(each.admits(namespace, labels) for each in admitted)

    def policies_of(self, account: str) -> tuple[PolicyKey, ...]:
        """Return the policies that name an account."""
        return tuple(self._by_account.get(account, ()))

    def one_tenant(self) -> bool:
        """Tell whether all policies are of one namespace."""
        return len(self._tenants) < 2

    def twins_of(self, account: str) -> tuple[str, ...]:
        """Return the names of other accounts that are entered with the same role and External ID."""
        declared = self._accounts.get(account)
        if declared is None:
            return ()
        return tuple(sorted(self._entered_by[declared.account.way_in] - {account}))

    # --- what others have at stake

    def claims_beside(self, key: PolicyKey) -> Claims:
        """Return the statements that policies other than ``key`` want."""
        own = self._stakes.get(key, Stake()).claims
        return frozenset(claim for claim, count in self._wanted.items() if count > (claim in own))

    def claimants_beside(self, key: PolicyKey) -> Mapping[tuple[str, str], tuple[PolicyKey, ...]]:
        """Return which policies other than ``key`` want each statement."""
        wanted: dict[tuple[str, str], list[PolicyKey]] = {}
        for other, stake in self._stakes.items():
            for claim in stake.claims if other != key else ():
                wanted.setdefault(claim, []).append(other)
        return {claim: tuple(keys) for claim, keys in wanted.items()}

    def neighbours_of(self, key: PolicyKey) -> tuple[Neighbour, ...]:
        """Return what others declare for the copies between vaults of this policy."""
        pairs = {each.vaults for each in self._stakes.get(key, Stake()).copies}
        return tuple(
            each for pair in sorted(pairs) for other, each in self._copying.get(pair, {}).items() if other != key
        )

    def elders_of(self, key: PolicyKey) -> Mapping[str, int]:
        """Return how many older policies of the namespace name each account that limits their number."""
        names = self._named.get(key, frozenset())
        body = self._bodies.get(key)
        mine = seniority(body) if body is not None else ("", "")
        older = {
            name: bisect_left(self._lines.get((key.namespace, name), ()), mine)
            for name in names
            if name in self._accounts and self._accounts[name].is_limited
        }
        return {name: count for name, count in older.items() if count}

    def sharing_of(self, key: PolicyKey) -> Sharing:
        """Return who copies out of the account of this policy's source."""
        return self._sharing.sharing(key.namespace, self._stakes.get(key, Stake()))

    # --- what is put in

    def put_policy(self, key: PolicyKey, body: Body, *, changed: bool = True) -> tuple[PolicyKey, ...]:
        """Take in a policy; ``changed`` is False for one that declares what it did before.

        Returns:
            Other policies that have a place in an account now that had none.
        """
        if key not in self._bodies:
            self._tenants[key.namespace] += 1
        self._bodies[key] = body
        self._index_names(key, accounts_named_by(body))
        if changed:
            self._unsettled[key] = None
        return self._line_up(key, body)

    def drop_policy(self, key: PolicyKey) -> tuple[PolicyKey, ...]:
        """Forget a policy; return who has a place in an account now that had none."""
        if self._bodies.pop(key, None) is None:
            return ()
        self._tenants[key.namespace] -= 1
        if not self._tenants[key.namespace]:
            del self._tenants[key.namespace]
        self._index_names(key, frozenset())
        self._unsettled.pop(key, None)
        self._stake(key, Stake())
        return self._line_up(key, None)

    def put_account(self, name: str, declared: AccountDeclaration | None) -> tuple[str, ...]:
        """Take in an account, or forget it. Passes in their threads hold the mapping of before, which does not change.

        Returns:
            Accounts with which it shares a way in, or shared one: they have to say so, or no longer.
        """
        accounts = dict(self._accounts)
        before = accounts.pop(name, None)
        if declared is not None:
            accounts[name] = declared
        self._accounts = accounts
        ways = [each.account.way_in if each is not None else None for each in (before, declared)]
        if ways[0] == ways[1]:
            return ()
        return tuple(sorted(self._leave(ways[0], name) | self._join(ways[1], name)))

    def put_labels(self, namespace: str, labels: Labels | None) -> None:
        """Take in the labels of a namespace, or forget it."""
        if labels is None:
            self._labels.pop(namespace, None)
        else:
            self._labels[namespace] = labels

    def unsettle(self, key: PolicyKey) -> None:
        """Have the stakes of a policy found out anew, because what it refers to has changed."""
        if key in self._bodies:
            self._unsettled[key] = None

    def settle(self, limit: int = 50) -> bool:
        """Find out the stakes of up to ``limit`` changed policies; True while there are more.

        In slices, so that an event loop gets its turn between them. The statements that a policy wanted when it could
        last be parsed count on: it may be repaired, and its copies must not be locked out meanwhile. After a restart
        its status knows.
        """
        for key in tuple(self._unsettled)[:limit]:
            del self._unsettled[key]
            body = self._bodies[key]
            if is_ending(body):
                self._stake(key, Stake())
                continue
            stake = self._stake_of(body, self._accounts, self.labels(key.namespace))
            if stake is None:
                known = self._stakes.get(key)
                # It copies nothing, so it has no say in how others do.
                stake = Stake(known.claims) if known is not None else remembered(body.get("status") or {})
            self._stake(key, stake)
        return bool(self._unsettled)

    # --- indexes

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

    def _index_names(self, key: PolicyKey, names: frozenset[str]) -> None:
        before = self._named.pop(key, frozenset())
        if names:
            self._named[key] = names
        for name in before - names:
            self._by_account[name].discard(key)
            if not self._by_account[name]:
                del self._by_account[name]
        for name in names - before:
            self._by_account.setdefault(name, set()).add(key)

    def _line_up(self, key: PolicyKey, body: Body | None) -> tuple[PolicyKey, ...]:
        """Give a policy its place by age among those of its namespace, for each account that it names.

        One that is being deleted, or gone, has none.

        Returns:
            Who has a place now that had none, where the account limits their number; one, and not all that wait, for
            each place that became free.
        """
        before = self._in_line.pop(key, None)
        after = None
        if body is not None and not is_ending(body):
            after = self._in_line[key] = (seniority(body), self._named.get(key, frozenset()))
        if before == after:
            return ()
        left = {}
        if before is not None:
            for name in before[1]:
                line = self._lines[key.namespace, name]
                left[name] = bisect_left(line, before[0])
                del line[left[name]]
        if after is not None:
            for name in after[1]:
                insort(self._lines.setdefault((key.namespace, name), []), after[0])
        room = {each for name, place in left.items() for each in self._next_in_line(key.namespace, name, place)}
        for name in left:
            if not self._lines[key.namespace, name]:
                del self._lines[key.namespace, name]
        return tuple(PolicyKey(key.namespace, name) for name in sorted(room - {key.name}))

    def _next_in_line(self, namespace: str, account: str, place: int) -> Iterator[str]:
        """Yield the names of those who move up, by one of its grants, into an account in which a place became free."""
        line, declared = self._lines[namespace, account], self._accounts.get(account)
        for most in {each.policies for each in declared.grants} if declared is not None else ():
            if most is not None and place < most <= len(line):
                yield line[most - 1][1]

    def _stake(self, key: PolicyKey, stake: Stake) -> None:
        before = self._stakes.pop(key, Stake())
        for claim in before.claims:
            self._wanted[claim] -= 1
            if not self._wanted[claim]:
                del self._wanted[claim]
        for each in before.copies:
            self._copying[each.vaults].pop(key, None)
            if not self._copying[each.vaults]:
                del self._copying[each.vaults]
        self._sharing.remove(key.namespace, before)
        self._sharing.add(key.namespace, stake)
        self._wanted.update(stake.claims)
        for each in stake.copies:
            self._copying.setdefault(each.vaults, {})[key] = each
        if stake:
            self._stakes[key] = stake
