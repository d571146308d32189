"""What the cluster holds, as far as we have heard: bodies by key, and the indexes passes need.

Older news never replace newer ones: watch events, answers to our writes and lists arrive in any order, and the
resourceVersion says which is newest. Belongs to the event loop's thread; what passes get are snapshots.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from ..aspects.copies.declared import Neighbour, Sharing
from ..engine.declared import PolicyKey
from ..kinds.account.parse import AccountDeclaration, parse_account
from ..kinds.policy.parse import accounts_named_by, seniority
from ..kinds.policy.stakes import Copying, Stake, remembered, stake_of
from ..kinds.rejected import Rejected
from . import objects
from .objects import Body, Kind, ObjectKey

Accounts: TypeAlias = Mapping[str, AccountDeclaration]
Labels: TypeAlias = Mapping[str, str]
Claims: TypeAlias = frozenset[tuple[str, str]]
WayIn: TypeAlias = tuple[str, str | None, str | None]
Seniority: TypeAlias = tuple[str, str]
"""Creation time and name of a policy: the order in which those of one namespace have places in an account."""
StakeOf: TypeAlias = Callable[[Body, Accounts, Labels], Stake | None]


_BURIED = 2048
"""So many deletions are remembered; what overtakes one is on its way for a second at most."""


_NO_ACCOUNT = frozenset({""})


class Change(StrEnum):
    """What a piece of news means for the object; an echo is no news."""

    NEW = "new"
    CHANGED = "changed"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept of a namespace."""

    labels: Labels
    terminating: bool


class Store:
    """The objects in memory. ``on_change`` is told which keys have to be looked at, after the store has changed."""

    def __init__(
        self, on_change: Callable[[ObjectKey], None] = lambda _key: None, *, stake_of: StakeOf = stake_of
    ) -> None:
        self._on_change = on_change
        self._stake_of = stake_of
        self._bodies: dict[Kind, dict[ObjectKey, Body]] = {kind: {} for kind in Kind}
        self._seen: dict[Kind, int] = dict.fromkeys(Kind, 0)
        self._accounts: dict[str, AccountDeclaration] = {}
        self._entered_by: dict[WayIn, set[str]] = {}
        self._places: dict[str, Place] = {}
        self._by_account: dict[str, set[ObjectKey]] = {}
        self._named: dict[ObjectKey, frozenset[str]] = {}
        self._tenants: Counter[str] = Counter()
        self._lines: dict[tuple[str, str], list[Seniority]] = {}
        self._in_line: dict[ObjectKey, tuple[Seniority, frozenset[str]]] = {}
        self._stakes: dict[ObjectKey, Stake] = {}
        self._copying: dict[tuple[str, str], dict[ObjectKey, Neighbour]] = {}
        self._sharing = Copying()
        self._wanted: Counter[tuple[str, str]] = Counter()
        self._unsettled: dict[ObjectKey, None] = {}
        self._buried: OrderedDict[str, int] = OrderedDict()

    # --- sight

    def get(self, key: ObjectKey) -> Body | None:
        """Return an object as last heard of."""
        return self._bodies[key.kind].get(key)

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the names of the accounts that a pass over this object may ask.

        Of a policy, those that there are and that have something for its namespace. Others are never asked, and names
        are free to invent: each combination of names would be one more to look at whenever a key is taken. Who has
        none left stands in one line with all others of that kind, so that they take turns, too.
        """
        if key.kind is Kind.ACCOUNT:
            return frozenset({key.name})
        names = self._named.get(key, frozenset()) & self._accounts.keys()
        return frozenset(name for name in names if self._serves(name, key.namespace)) or _NO_ACCOUNT

    def _serves(self, account: str, namespace: str) -> bool:
        """Tell whether an account lets a namespace do anything at all."""
        declared, labels = self._accounts[account], self.place(namespace).labels
        admitted = (declared.allowed, *(each.namespaces for each in declared.grants))
        return any(each.admits(namespace, labels) for each in admitted)

    def keys(self, kind: Kind) -> tuple[ObjectKey, ...]:
        """Return the keys of all objects of a kind."""
        return tuple(self._bodies[kind])

    def seen(self, kind: Kind) -> int:
        """Return the newest resourceVersion heard of for a kind."""
        return self._seen[kind]

    def accounts(self) -> Accounts:
        """Return every well-formed account; the mapping is never changed afterwards."""
        return self._accounts

    def twins_of(self, key: ObjectKey) -> tuple[str, ...]:
        """Return the names of other accounts that are entered with the same role and External ID."""
        declared = self._accounts.get(key.name)
        if declared is None:
            return ()
        return tuple(sorted(self._entered_by[declared.account.way_in] - {key.name}))

    def place(self, namespace: str) -> Place:
        """Return what is known of a namespace; an unknown one has no labels."""
        return self._places.get(namespace, Place({}, terminating=False))

    def claims_beside(self, key: ObjectKey) -> Claims:
        """Return the statements that policies other than ``key`` want. Call :meth:`settle` before."""
        own = self._stakes.get(key, Stake()).claims
        return frozenset(claim for claim, count in self._wanted.items() if count > (claim in own))

    def claimants_beside(self, key: ObjectKey) -> Mapping[tuple[str, str], tuple[PolicyKey, ...]]:
        """Return which policies other than ``key`` want each statement. Call :meth:`settle` before."""
        wanted: dict[tuple[str, str], list[PolicyKey]] = {}
        for other, stake in self._stakes.items():
            for claim in stake.claims if other != key else ():
                wanted.setdefault(claim, []).append(PolicyKey(other.namespace, other.name))
        return {claim: tuple(keys) for claim, keys in wanted.items()}

    def neighbours_of(self, key: ObjectKey) -> tuple[Neighbour, ...]:
        """Return what others declare for the copies between vaults of this policy. Call :meth:`settle` before."""
        pairs = {each.vaults for each in self._stakes.get(key, Stake()).copies}
        return tuple(
            each for pair in sorted(pairs) for other, each in self._copying.get(pair, {}).items() if other != key
        )

    def elders_of(self, key: ObjectKey) -> Mapping[str, int]:
        """Return how many older policies of the namespace name each account that limits their number.

        The same as :func:`crossvault.kinds.elders_of` counts, in O(log n): it is asked in every pass.
        """
        names = self._named.get(key, frozenset())
        mine = seniority(self._bodies[Kind.POLICY][key]) if names else ("", "")
        older = {
            name: bisect_left(self._lines.get((key.namespace, name), ()), mine)
            for name in names
            if name in self._accounts and self._accounts[name].is_limited
        }
        return {name: count for name, count in older.items() if count}

    def sharing_of(self, key: ObjectKey) -> Sharing:
        """Return who copies out of the account of this policy's source. Call :meth:`settle` before."""
        return self._sharing.sharing(key.namespace, self._stakes.get(key, Stake()))

    def one_tenant(self) -> bool:
        """Tell whether all policies are of one namespace."""
        return len(self._tenants) < 2

    # --- news

    def put(self, kind: Kind, body: Body) -> Change:
        """Take in an object from a watch, a list, or the answer to a write of ours."""
        key = objects.key_of(kind, body)
        version = objects.version_of(body)
        self._seen[kind] = max(self._seen[kind], version)
        before = self._bodies[kind].get(key)
        if before is not None and version <= objects.version_of(before):
            return Change.ECHO
        if self._is_gone(kind, body, version):
            self._bury(body, version)
            self.drop(key)
            return Change.ECHO if before is None else Change.CHANGED
        if kind is Kind.POLICY and before is None:
            self._tenants[key.namespace] += 1
        self._bodies[kind][key] = kept = objects.slim(body)
        change = _change(kind, before, kept)
        self._index(key, kept, change)
        room = self._line_up(key, kept) if kind is Kind.POLICY else ()
        if change is not Change.ECHO:
            self._announce(key)
        for each in room:
            self._on_change(each)
        return change

    def remove(self, kind: Kind, body: Body) -> bool:
        """Take in the deletion of an object; news of an object's predecessor are no news."""
        key = objects.key_of(kind, body)
        version = objects.version_of(body)
        self._seen[kind] = max(self._seen[kind], version)
        self._bury(body, version)
        before = self._bodies[kind].get(key)
        if before is None or objects.version_of(before) > version:
            return False
        self.drop(key)
        return True

    def _bury(self, body: Body, version: int) -> None:
        """Remember a deletion: news from before it may still be on their way, from a watch, a list, or a write."""
        self._buried[objects.uid_of(body)] = max(version, self._buried.get(objects.uid_of(body), version))
        self._buried.move_to_end(objects.uid_of(body))
        if len(self._buried) > _BURIED:
            self._buried.popitem(last=False)

    def _is_gone(self, kind: Kind, body: Body, version: int) -> bool:
        """Tell whether news are of an object that is no more, although they look like any others.

        An object of ours without finalizers goes with the write that took the last one away; a namespace has others.
        """
        let_go = objects.deletion_of(body) is not None and not objects.finalizers_of(body)
        return (let_go and kind is not Kind.NAMESPACE) or version <= self._buried.get(objects.uid_of(body), -1)

    def drop(self, key: ObjectKey) -> None:
        """Forget an object that does not exist any more."""
        if self._bodies[key.kind].pop(key, None) is None:
            return
        match key.kind:
            case Kind.POLICY:
                self._tenants[key.namespace] -= 1
                if not self._tenants[key.namespace]:
                    del self._tenants[key.namespace]
                self._index_names(key, frozenset())
                self._unsettled.pop(key, None)
                self._stake(key, Stake())
                for each in self._line_up(key, None):
                    self._on_change(each)
            case Kind.ACCOUNT:
                self._index_account(key.name, None)
            case Kind.NAMESPACE:
                self._places.pop(key.name, None)
        self._announce(key)

    def differs(self, kind: Kind, listed: Iterable[Body], *, version: int) -> bool:
        """Tell whether :meth:`compare` would find anything."""
        present = {objects.key_of(kind, body): body for body in listed}
        known = self._bodies[kind]
        ghosts = (key not in present and objects.version_of(body) <= version for key, body in known.items())
        return any(ghosts) or any(self._is_news(kind, known.get(key), body) for key, body in present.items())

    def _is_news(self, kind: Kind, before: Body | None, body: Body) -> bool:
        version = objects.version_of(body)
        newer = before is None or version > objects.version_of(before)
        if not newer or self._is_gone(kind, body, version):
            return newer and before is not None
        return _change(kind, before, body) is not Change.ECHO

    def compare(self, kind: Kind, listed: Iterable[Body], *, version: int) -> tuple[int, int]:
        """Take in a whole list as of ``version``: missing objects come in, ghosts go.

        A deletion that happened while our watch was cut, before the server lost its history, is never delivered by a
        watch; without this, the object would be reconciled and its claims be honoured for ever.

        Returns:
            How many objects were missing or outdated, and how many were ghosts.
        """
        present: set[ObjectKey] = set()
        missing = 0
        for body in listed:
            present.add(objects.key_of(kind, body))
            missing += self.put(kind, body) is not Change.ECHO
        ghosts = [
            key
            for key, body in self._bodies[kind].items()
            if key not in present and objects.version_of(body) <= version
        ]
        for key in ghosts:
            self.drop(key)
        self._seen[kind] = max(self._seen[kind], version)
        return missing, len(ghosts)

    # --- consequences

    def _announce(self, key: ObjectKey) -> None:
        """Tell which keys have to be looked at because of this one."""
        match key.kind:
            case Kind.POLICY:
                self._on_change(key)
            case Kind.ACCOUNT:
                self._on_change(key)
                for policy in tuple(self._by_account.get(key.name, ())):
                    self._unsettled[policy] = None
                    self._on_change(policy)
            case Kind.NAMESPACE:
                for policy in tuple(self._bodies[Kind.POLICY]):
                    if policy.namespace == key.name:
                        self._unsettled[policy] = None
                        self._on_change(policy)

    def _line_up(self, key: ObjectKey, body: Body | None) -> tuple[ObjectKey, ...]:
        """Give a policy its place by age among those of its namespace, for each account that it names.

        One that is being deleted, or gone, has none.

        Returns:
            Who has a place now that had none, where the account limits their number; one, and not all that wait, for
            each place that became free.
        """
        stays = body is not None and objects.deletion_of(body) is None
        before = self._in_line.pop(key, None)
        after = (seniority(body), self._named.get(key, frozenset())) if body is not None and stays else None
        if after is not None:
            self._in_line[key] = after
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
        return tuple(ObjectKey(Kind.POLICY, key.namespace, name) for name in sorted(room - {key.name}))

    def _next_in_line(self, namespace: str, account: str, place: int) -> Iterator[str]:
        """Yield the names of those who move up, by one of its grants, into an account in which a place became free."""
        line, declared = self._lines[namespace, account], self._accounts.get(account)
        for most in {each.policies for each in declared.grants} if declared is not None else ():
            if most is not None and place < most <= len(line):
                yield line[most - 1][1]

    def _index(self, key: ObjectKey, body: Body, change: Change) -> None:
        match key.kind:
            case Kind.POLICY:
                self._index_names(key, accounts_named_by(body))
                if change is not Change.ECHO:
                    self._unsettled[key] = None
            case Kind.ACCOUNT:
                if change is not Change.ECHO:
                    self._index_account(key.name, parse_account(body))
            case Kind.NAMESPACE:
                self._places[key.name] = _place(body)

    def _index_account(self, name: str, declared: AccountDeclaration | Rejected | None) -> None:
        """Put another mapping in place: passes in their threads hold the one before.

        Accounts with which it shares a way in, or shared one, have to say so, or no longer.
        """
        accounts = dict(self._accounts)
        before = accounts.pop(name, None)
        if isinstance(declared, AccountDeclaration):
            accounts[name] = declared
        self._accounts = accounts
        after = accounts.get(name)
        ways = [each.account.way_in if each is not None else None for each in (before, after)]
        if ways[0] == ways[1]:
            return
        twins = self._leave(ways[0], name) | self._join(ways[1], name)
        for twin in sorted(twins):
            self._on_change(ObjectKey(Kind.ACCOUNT, "", twin))

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

    def _index_names(self, key: ObjectKey, names: frozenset[str]) -> None:
        before = self._named.pop(key, frozenset())
        if names:
            self._named[key] = names
        for name in before - names:
            self._by_account[name].discard(key)
            if not self._by_account[name]:
                del self._by_account[name]
        for name in names - before:
            self._by_account.setdefault(name, set()).add(key)

    # --- what policies have at stake

    def settle(self, limit: int = 50) -> bool:
        """Find out the stakes of up to ``limit`` changed policies; True while there are more.

        In slices, so that the event loop gets its turn between them. The statements that a policy wanted when it could
        last be parsed count on: it may be repaired, and its copies must not be locked out meanwhile. After a restart
        its status knows.
        """
        for key in tuple(self._unsettled)[:limit]:
            del self._unsettled[key]
            body = self._bodies[Kind.POLICY][key]
            if objects.deletion_of(body) is not None:
                self._stake(key, Stake())
                continue
            stake = self._stake_of(body, self._accounts, self.place(key.namespace).labels)
            if stake is None:
                known = self._stakes.get(key)
                # It copies nothing, so it has no say in how others do.
                stake = Stake(known.claims) if known is not None else remembered(body.get("status") or {})
            self._stake(key, stake)
        return bool(self._unsettled)

    def _stake(self, key: ObjectKey, stake: Stake) -> None:
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


def _place(body: Body) -> Place:
    metadata: Mapping[str, Any] = body["metadata"]
    return Place(dict(metadata.get("labels") or {}), terminating=bool(metadata.get("deletionTimestamp")))


def _change(kind: Kind, before: Body | None, after: Body) -> Change:
    """Tell whether a change is one to act on; the echo of a status write is not."""
    if before is None or objects.uid_of(before) != objects.uid_of(after):
        return Change.NEW
    if kind is Kind.NAMESPACE:
        return Change.CHANGED if _place(before) != _place(after) else Change.ECHO
    if objects.generation_of(before) != objects.generation_of(after):
        return Change.CHANGED
    if objects.deletion_of(before) != objects.deletion_of(after):
        return Change.CHANGED
    lost = objects.FINALIZER in objects.finalizers_of(before) and objects.FINALIZER not in objects.finalizers_of(after)
    return Change.CHANGED if lost else Change.ECHO
