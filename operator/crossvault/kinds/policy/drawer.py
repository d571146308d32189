"""The declared policies: which accounts they name, and what they have at stake that others must respect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from ...aspects.copies.declared import Neighbour, Sharing
from ...aspects.schedule.rivals import PlanClaim
from ...aspects.vault.lock import LockClaim
from ...engine.declared import PolicyKey
from ...engine.hints import Hint
from ..account import ACCOUNT
from ..account.drawer import Accounts
from ..kind import NAMESPACE, Body, Labels, ObjectKey, Occasion, Others
from ..organization import ORGANIZATION
from .hinted import Hinted
from .lines import Lines
from .parse import KIND, accounts_named_by
from .reconcile import PolicyRequest, is_ending
from .stakes import ClaimsBeside, Copying, Stake, held_by, remembered, stake_of

StakeOf: TypeAlias = Callable[[Body, Accounts, Labels], Stake | None]
K = TypeVar("K")
T = TypeVar("T")

_NO_ACCOUNT = frozenset({""})


class _Index(Generic[K, T]):
    """What policies have at stake, by what it is about: a vault, a pair of vaults, a plan."""

    def __init__(self) -> None:
        self._found: dict[K, dict[PolicyKey, T]] = {}

    def exchange(self, key: PolicyKey, before: Iterable[tuple[K, T]], after: Iterable[tuple[K, T]]) -> None:
        """Replace what a policy had at stake; nothing is kept of what it is about and nobody has a stake in."""
        for about, _ in before:
            self._found[about].pop(key, None)
            if not self._found[about]:
                del self._found[about]
        for about, each in after:
            self._found.setdefault(about, {})[key] = each

    def beside(self, key: PolicyKey, about: K) -> Iterator[T]:
        """Yield what policies other than ``key`` have at stake there."""
        return (each for other, each in self._found.get(about, {}).items() if other != key)


def _by_vaults(stake: Stake) -> list[tuple[tuple[str, str], Neighbour]]:
    return [(each.vaults, each) for each in stake.copies]


def _by_vault(stake: Stake) -> list[tuple[str, LockClaim]]:
    return [(each.vault_arn, each) for each in stake.locks]


def _by_plan(stake: Stake) -> list[tuple[str, PlanClaim]]:
    return [(each.plan_id, each) for each in stake.plans]


class PolicyDrawer:
    """A :class:`~crossvault.kinds.kind.Drawer`."""

    def __init__(self, others: Others, *, stake_of: StakeOf = stake_of) -> None:
        self._others = others
        self._declared = others[ACCOUNT]
        self._organizations = others[ORGANIZATION]
        self._stake_of = stake_of
        self._bodies: dict[PolicyKey, Body] = {}
        self._by_account: dict[str, set[PolicyKey]] = {}
        self._named: dict[PolicyKey, frozenset[str]] = {}
        self._lines = Lines()
        self._stakes: dict[PolicyKey, Stake] = {}
        self._copying = _Index[tuple[str, str], Neighbour]()
        self._locks = _Index[str, LockClaim]()
        self._plans = _Index[str, PlanClaim]()
        self._sharing = Copying()
        self._hinted = Hinted()
        self._wanted: Counter[tuple[str, str]] = Counter()
        self._counted: Mapping[tuple[str, str], int] | None = None
        self._unsettled: dict[PolicyKey, None] = {}

    # --- what a pass is given

    def request(self, key: ObjectKey, body: Body, occasion: Occasion) -> PolicyRequest:
        """Return everything but AWS that a pass over a policy looks at; the desk has settled before."""
        policy, ending = key.policy, is_ending(body)
        return PolicyRequest(
            body=body,
            accounts=self._declared.accounts(),
            namespace_labels=self._others.labels(key.namespace),
            cluster=self._others.cluster(),
            not_before=occasion.not_before,
            patience=occasion.patience,
            claims=self.claims_beside(policy),
            claimants=self.claimants_beside(policy) if ending else {},
            neighbours=self.neighbours_of(policy),
            locks=self.locks_beside(policy),
            plans=self.plans_beside(policy),
            sharing=replace(self.sharing_of(policy), waiting=occasion.waiting),
            ordered=occasion.ordered,
            looked=occasion.looked,
            elders={} if ending else self.elders_of(policy),
            keepers=self._organizations.keepers(),
        )

    def is_overtaken(self, key: ObjectKey, request: PolicyRequest) -> bool:
        """Tell whether what a pass was given of others holds no more.

        That is an account that the policy names, a label of its namespace, or that nobody else wants a statement of
        its own. Reads what the owner of the desk replaces as a whole and never changes, and single counts.
        """
        accounts = self._declared.accounts()
        return (
            self._others.labels(key.namespace) != request.namespace_labels
            or any(accounts.get(name) != request.accounts.get(name) for name in accounts_named_by(request.body))
            or self._is_claimed(key.policy, request)
        )

    def _is_claimed(self, key: PolicyKey, request: PolicyRequest) -> bool:
        """Tell whether others have come to want a statement that is of no use to the policy any more."""
        useless = remembered(request.body.get("status") or {}).claims - self._stakes.get(key, Stake()).claims
        return any(each in self._wanted for each in useless - request.claims)

    def accounts_of(self, key: ObjectKey) -> frozenset[str]:
        """Return the names of the accounts that a pass over a policy may ask.

        Those that there are and that have something for its namespace. Others are never asked, and names are free to
        invent: each combination of names would be one more to look at whenever a key is taken. Who has none left
        stands in one line with all others of that kind, so that they take turns, too.
        """
        names = self._named.get(key.policy, frozenset()) & self._declared.accounts().keys()
        return frozenset(name for name in names if self._serves(name, key.namespace)) or _NO_ACCOUNT

    def _serves(self, account: str, namespace: str) -> bool:
        """Tell whether an account lets a namespace do anything at all."""
        declared, labels = self._declared.accounts()[account], self._others.labels(namespace)
        admitted = (declared.allowed, *(each.namespaces for each in declared.grants))
        return any(each.admits(namespace, labels) for each in admitted)

    # --- what others have at stake

    def claims_beside(self, key: PolicyKey) -> AbstractSet[tuple[str, str]]:
        """Return the statements that policies other than ``key`` want."""
        if self._counted is None:
            self._counted = dict(self._wanted)
        return ClaimsBeside(self._counted, self._stakes.get(key, Stake()).claims)

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
        return tuple(each for pair in sorted(pairs) for each in self._copying.beside(key, pair))

    def locks_beside(self, key: PolicyKey) -> tuple[LockClaim, ...]:
        """Return the locks that others keep, of the vaults that this policy copies into."""
        vaults = {vault for each in self._stakes.get(key, Stake()).copies for _, vault in [each.vaults]}
        return tuple(each for vault in sorted(vaults) for each in self._locks.beside(key, vault))

    def plans_beside(self, key: PolicyKey) -> tuple[PlanClaim, ...]:
        """Return who else adopts the plan that this policy adopts."""
        own = _by_plan(self._stakes.get(key, Stake()))
        return tuple(each for plan, _ in own for each in self._plans.beside(key, plan))

    def elders_of(self, key: PolicyKey) -> Mapping[str, int]:
        """Return how many older policies of the namespace name each account that limits their number."""
        body = self._bodies.get(key)
        if body is None:
            return {}
        return self._lines.elders_of(body, self._named.get(key, frozenset()), self._declared.accounts())

    def sharing_of(self, key: PolicyKey) -> Sharing:
        """Return who copies out of the account of this policy's source."""
        return self._sharing.sharing(key.namespace, self._stakes.get(key, Stake()))

    def hinted(self, hint: Hint) -> Mapping[ObjectKey, frozenset[Hint]]:
        """Return the policies that a hint is about, each with what has to be seen anew for it."""
        return {_key(policy): hints for policy, hints in self._hinted.by(hint).items()}

    # --- what is put in

    def put(self, key: ObjectKey, body: Body, *, changed: bool) -> tuple[ObjectKey, ...]:
        """Take in a policy; ``changed`` is False for one that declares what it did before.

        Returns:
            Other policies that have a place in an account now that had none.
        """
        policy, names = key.policy, accounts_named_by(body)
        self._bodies[policy] = body
        self._organizations.hold(policy, held_by(policy, body))
        self._index_names(policy, names)
        if changed:
            self._unsettled[policy] = None
        standing = None if is_ending(body) else body
        return _keys(self._lines.stand(policy, standing, names, self._declared.accounts()))

    def drop(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Forget a policy; return who has a place in an account now that had none."""
        policy, nothing = key.policy, frozenset[str]()
        if self._bodies.pop(policy, None) is None:
            return ()
        self._organizations.hold(policy, ())
        self._index_names(policy, nothing)
        self._unsettled.pop(policy, None)
        self._stake(policy, Stake())
        return _keys(self._lines.stand(policy, None, nothing, self._declared.accounts()))

    def concerned(self, key: ObjectKey) -> tuple[ObjectKey, ...]:
        """Return the policies that name an account, or lie in a namespace; their stakes are found out anew."""
        if key.kind == ACCOUNT.name:
            policies = tuple(self._by_account.get(key.name, ()))
        elif key.kind == NAMESPACE:
            policies = tuple(policy for policy in self._bodies if policy.namespace == key.name)
        else:
            return ()
        self._unsettled.update(dict.fromkeys(policies))
        return _keys(policies)

    def settle(self, limit: int) -> bool:
        """Find out the stakes of up to ``limit`` changed policies; True while there are more.

        The statements that a policy wanted when it could last be parsed count on: it may be repaired, and its copies
        must not be locked out meanwhile. After a restart its status knows.
        """
        for key in tuple(islice(self._unsettled, limit)):
            del self._unsettled[key]
            body = self._bodies[key]
            if is_ending(body):
                self._stake(key, Stake())
                continue
            stake = self._stake_of(body, self._declared.accounts(), self._others.labels(key.namespace))
            if stake is None:
                known = self._stakes.get(key)
                # It copies nothing, so it has no say in how others do.
                stake = Stake(known.claims) if known is not None else remembered(body.get("status") or {})
            self._stake(key, stake)
        return bool(self._unsettled)

    # --- indexes

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

    def _stake(self, key: PolicyKey, stake: Stake) -> None:
        before = self._stakes.pop(key, Stake())
        self._declared.need(f"policy {key}", stake.needs)
        if before.claims != stake.claims:
            self._counted = None
        for claim in before.claims:
            self._wanted[claim] -= 1
            if not self._wanted[claim]:
                del self._wanted[claim]
        self._copying.exchange(key, _by_vaults(before), _by_vaults(stake))
        self._locks.exchange(key, _by_vault(before), _by_vault(stake))
        self._plans.exchange(key, _by_plan(before), _by_plan(stake))
        self._sharing.remove(key.namespace, before)
        self._sharing.add(key.namespace, stake)
        self._hinted.put(key, (each.vaults for each in stake.copies))
        self._wanted.update(stake.claims)
        if stake:
            self._stakes[key] = stake


def _keys(policies: Iterable[PolicyKey]) -> tuple[ObjectKey, ...]:
    return tuple(_key(each) for each in policies)


def _key(policy: PolicyKey) -> ObjectKey:
    return ObjectKey(KIND, policy.namespace, policy.name)
