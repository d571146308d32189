"""Who is next of those that share something: by how much it is in use, and in turns between tenants.

Groups are what competes: the keys of one tenant (a namespace) that need the same things (AWS accounts). Pure: instants
and groups come in, a group comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
Tenant: TypeAlias = Hashable


class Need:
    """One thing that keys share, and how it stands with it now.

    A turn at it works so: nobody has a second one before everybody who waits has had one. A round ends with the turn
    of somebody who has had one already: that one begins the next. So whoever comes late joins the round that goes on,
    and nobody saves up turns by staying away.

    Attributes:
        in_use: How many running keys need it.
        by_tenant: The same for each tenant.
        had: The tenants who have had their turn in this round.
        kept: For whom the last place is kept.
    """

    __slots__ = ("__weakref__", "by_tenant", "had", "in_use", "kept")

    def __init__(self) -> None:
        self.in_use = 0
        self.by_tenant: dict[Tenant, int] = {}
        self.had: set[Tenant] = set()
        self.kept: Group | None = None

    def take(self, tenant: Tenant) -> None:
        """Note that it is the tenant's turn."""
        self.in_use += 1
        self.by_tenant[tenant] = self.by_tenant.get(tenant, 0) + 1
        if tenant in self.had:
            self.had.clear()
        self.had.add(tenant)

    def take_again(self, tenant: Tenant) -> None:
        """Note that the tenant has back what it gave away for a while; that is no turn."""
        self.in_use += 1
        self.by_tenant[tenant] = self.by_tenant.get(tenant, 0) + 1

    def release(self, tenant: Tenant) -> None:
        """Note that the tenant needs it once less."""
        self.in_use -= 1
        self.by_tenant[tenant] -= 1
        if not self.by_tenant[tenant]:
            del self.by_tenant[tenant]


class Group:
    """The keys of one tenant that need the same things. There is one object for each such pair.

    Attributes:
        taken: When one of its keys began to run last.
    """

    __slots__ = ("__weakref__", "needs", "taken", "tenant")

    def __init__(self, needs: frozenset[Need], tenant: Tenant) -> None:
        self.needs = needs
        self.tenant = tenant
        self.taken = -math.inf

    def use(self) -> int:
        """Return how much in use that of its needs is that is most in use."""
        return max([need.in_use for need in self.needs], default=0)


Waiting: TypeAlias = Iterable[tuple[Group, float]]
"""Since when the first key of each group waits."""


def _nobody(_key: object) -> Tenant:
    return ""


@dataclass(frozen=True, slots=True)
class Shares(Generic[K]):
    """What keys share: at most ``most`` keys that need the same thing run at once.

    ``needed_by`` and ``tenant_of`` are asked when a key is added, so that an edited key needs what it now says.

    Attributes:
        patience: After so many seconds of waiting it counts no more how much in use the needs are, and a place that
            becomes free is kept for who needs another one besides.
        tenant_of: For whom a key is worked on.
        most_of_one: At most so many keys of one tenant need the same thing at once; None for no such bound.
        workers: So many keys run at once at most. One tenant has half of what the others leave of them, so that there
            is always a place for one more; nine tenths while it is alone. None for no such bound.
        alone: Whether there is but one tenant.
    """

    needed_by: Callable[[K], Iterable[Hashable]]
    most: int
    patience: float = 60.0
    tenant_of: Callable[[K], Tenant] = _nobody
    most_of_one: int | None = None
    workers: int | None = None
    alone: Callable[[], bool] = lambda: False


class Places(Generic[K]):
    """What is in use, and who is next. Choosing looks at every group a few times, however many keys are in it."""

    def __init__(self, shares: Shares[K]) -> None:
        self._shares = shares
        self._workers = Need()
        self._kept: set[Need] = set()
        self._needs: WeakValueDictionary[Hashable, Need] = WeakValueDictionary()
        self._groups: WeakValueDictionary[Hashable, Group] = WeakValueDictionary()

    def group_of(self, key: K) -> Group:
        """Return with whom a key waits."""
        names, tenant = frozenset(self._shares.needed_by(key)), self._shares.tenant_of(key)
        group = self._groups.get((names, tenant))
        if group is None:
            needs = frozenset(self._need(name) for name in names)
            group = self._groups[names, tenant] = Group(needs, tenant)
        return group

    def _need(self, name: Hashable) -> Need:
        need = self._needs.get(name)
        if need is None:
            need = self._needs[name] = Need()
        return need

    def take(self, group: Group, now: float) -> None:
        """Note that a key of the group begins to run."""
        group.taken = now
        for need in (*group.needs, self._workers):
            need.take(group.tenant)

    def release(self, group: Group) -> None:
        """Note that a key of the group has ended."""
        for need in (*group.needs, self._workers):
            need.release(group.tenant)

    def lend(self, group: Group) -> None:
        """Note that a running key of the group needs no worker for a while; what it shares, it goes on to need."""
        self._workers.release(group.tenant)

    def take_back(self, group: Group) -> None:
        """Note that it needs one again."""
        self._workers.take_again(group.tenant)

    def keep(self, waiting: Waiting, now: float) -> None:
        """Keep a place of each need for who has waited for all of its needs for long, the one that waits longest.

        Otherwise who needs two things that are always full would have to find a place of both at the same moment.
        """
        for need in self._kept:
            need.kept = None
        self._kept.clear()
        before = now - self._shares.patience
        late = [(since, group) for group, since in waiting if since < before and len(group.needs) > 1]
        for _, group in sorted(late, key=lambda each: each[0]):
            if any(need.in_use >= self._shares.most for need in group.needs):
                for need in group.needs:
                    need.kept = need.kept or group
                self._kept |= group.needs

    def next(self, waiting: Waiting, now: float) -> Group | None:
        """Return the group whose key is next; None when all of them have to wait.

        Its needs are the least in use; of several it is the one that has waited longest since it had a turn: accounts
        go round, however many keys of each wait. Where others share one of its needs who have not had their turn, it
        is theirs.
        """
        before, had = now - self._shares.patience, self._workers.had
        able = [each for each in waiting if self.has_room(each[0])]
        ranked = [
            (0, group.tenant in had, since, place)
            if since < before
            else (group.use(), group.tenant in had, max(since, group.taken), place)
            for place, (group, since) in enumerate(able)
        ]
        return _in_turn(able, able[min(ranked)[-1]][0]) if ranked else None

    def has_room(self, group: Group) -> bool:
        """Tell whether one more key of the group may run."""
        shares, tenant = self._shares, group.tenant
        for need in group.needs:
            if need.in_use >= shares.most or (need.kept not in (None, group) and need.in_use >= shares.most - 1):
                return False
            if shares.most_of_one is not None and need.by_tenant.get(tenant, 0) >= shares.most_of_one:
                return False
        return shares.workers is None or self._workers.by_tenant.get(tenant, 0) < self._most_for(tenant, shares.workers)

    def _most_for(self, tenant: Tenant, workers: int) -> int:
        if self._shares.alone():
            return workers - workers // 10
        others = self._workers.in_use - self._workers.by_tenant.get(tenant, 0)
        return max(1, (workers - others + 1) // 2)


def _in_turn(able: list[tuple[Group, float]], chosen: Group) -> Group:
    """Return the group that goes instead of one whose tenant has had its turn at something, or that one."""
    had = [need for need in chosen.needs if chosen.tenant in need.had]
    owed = [
        each
        for each in (able if had else ())
        if any(need in each[0].needs and each[0].tenant not in need.had for need in had)
    ]
    # Who has had no turn at anything it needs takes nobody else's.
    return min(owed, key=_turns_had, default=(chosen, 0.0))[0]


def _turns_had(each: tuple[Group, float]) -> tuple[int, float]:
    group, since = each
    return sum(group.tenant in need.had for need in group.needs), since
