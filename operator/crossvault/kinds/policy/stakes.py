"""What one policy has at stake that others must respect: the statements it needs, and how long it keeps its copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

from ...aspects.copies import doubts
from ...aspects.copies.declared import Neighbour, Sharing
from ...aspects.organization.former import Holding
from ...aspects.schedule import rivals
from ...aspects.vault import lock
from ...aspects.vault_policy import claims_of
from ...engine.declared import Mode, PolicyKey
from ...words.instants import moment
from ..account.parse import AccountDeclaration
from ..needs import Need, of_policy
from ..rejected import Rejected
from .parse import parse_policy

Vaults: TypeAlias = tuple[str, str]
K = TypeVar("K")
T = TypeVar("T")


class ClaimsBeside(AbstractSet[tuple[str, str]]):
    """(vault ARN, Sid) of the statements that policies other than one want: a view of what all want, however many.

    Args:
        wanted: By how many policies each statement is wanted; it does not change.
        own: The statements that the one policy wants, which count in ``wanted``.
    """

    __slots__ = ("_own", "_wanted")

    def __init__(self, wanted: Mapping[tuple[str, str], int], own: AbstractSet[tuple[str, str]]) -> None:
        self._wanted = wanted
        self._own = own

    @classmethod
    def _from_iterable(cls, it: Iterable[T]) -> AbstractSet[T]:
        """Return what the operators of sets make of it."""
        return frozenset(it)

    def __contains__(self, claim: object) -> bool:
        return self._wanted.get(cast("tuple[str, str]", claim), 0) > (claim in self._own)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (claim for claim, count in self._wanted.items() if count > (claim in self._own))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Stake:
    """What a policy wants.

    Attributes:
        claims: (vault ARN, Sid) of the statements that let its copies in.
        copies: What it declares for its copies, by pair of vaults.
        locks: The locks that it keeps.
        plans: The backup plan that it adopts.
        needs: What it needs to be allowed, by account; it respects itself.
    """

    claims: frozenset[tuple[str, str]] = frozenset()
    copies: tuple[Neighbour, ...] = ()
    locks: tuple[lock.LockClaim, ...] = ()
    plans: tuple[rivals.PlanClaim, ...] = ()
    needs: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)

    def copied(self) -> Iterator[tuple[str, Vaults, bool]]:
        """Yield the AWS accounts that it copies out of, between which vaults, and whether it starts copies at all.

        What is suspended starts none, but copies that it has started may still be under way.
        """
        for each in self.copies:
            yield each.account_id, each.vaults, each.acts

    def __bool__(self) -> bool:
        """Whether there is anything to respect."""
        return bool(self.claims or self.copies or self.locks or self.plans)


def stake_of(
    body: Mapping[str, Any],
    accounts: Mapping[str, AccountDeclaration],
    namespace_labels: Mapping[str, str],
) -> Stake | None:
    """Return what a policy has at stake; None while it cannot be parsed."""
    desired = parse_policy(body, accounts, namespace_labels)
    if isinstance(desired, Rejected):
        return None
    return Stake(
        claims_of(desired),
        doubts.neighbours_of(desired),
        lock.claims_of(desired),
        rivals.claims_of(desired),
        of_policy(desired),
    )


def remembered(status: Mapping[str, Any]) -> Stake:
    """Return what a policy that cannot be parsed had at stake when its status was written: its statements."""
    return Stake(frozenset((vault, sid) for vault, sid in _recorded(status, "statementSid")))


def written_by(status: Mapping[str, Any]) -> dict[str, str]:
    """Return the statements that a policy is recorded as having written: their digests by ARN of the vault."""
    return dict(_recorded(status, "statementWritten"))


def leaves_something(body: Mapping[str, Any]) -> bool:
    """Tell whether there may be anything of ours in AWS after a pass: not where only is looked, and ever was."""
    status, spec = (each if isinstance(each, Mapping) else {} for each in (body.get("status"), body.get("spec")))
    schedule = status.get("schedule")
    plan = schedule.get("planId") if isinstance(schedule, Mapping) else None
    return spec.get("mode") != Mode.OBSERVE or bool(written_by(status)) or bool(plan)


def _recorded(status: Mapping[str, Any], member: str) -> Iterator[tuple[str, str]]:
    """Yield the vault and a member of every row of a status, which others than we may have written."""
    for row in status.get("destinations") or ():
        vault, found = row.get("vaultArn"), row.get(member)
        if isinstance(vault, str) and isinstance(found, str):
            yield vault, found


def held_by(policy: PolicyKey, body: Mapping[str, Any]) -> tuple[Holding, ...]:
    """Return what a policy last counted in the vaults that it copies into, as its status has it."""
    status, spec = body.get("status") or {}, body.get("spec")
    source = spec.get("source") if isinstance(spec, Mapping) else None
    reference = source.get("accountRef") if isinstance(source, Mapping) else None
    name = reference.get("name") if isinstance(reference, Mapping) else None
    return tuple(
        Holding(
            policy=policy,
            organization_id=str(status.get("organization") or ""),
            source=name if isinstance(name, str) else "",
            vault_arn=row["vaultArn"],
            copied=row["copied"],
            counted=moment(row.get("lastObserved")),
        )
        for row in status.get("destinations") or ()
        if isinstance(row.get("vaultArn"), str) and isinstance(row.get("copied"), int)
    )


class Copying:
    """Which namespaces copy out of which AWS account, and between which vaults they declare to."""

    def __init__(self) -> None:
        self._acting: dict[str, Counter[str]] = {}
        self._vaults: dict[tuple[str, str], Counter[Vaults]] = {}

    def add(self, namespace: str, stake: Stake) -> None:
        """Count what a policy of a namespace has at stake."""
        for account, vaults, acts in stake.copied():
            self._vaults.setdefault((account, namespace), Counter())[vaults] += 1
            if acts:
                self._acting.setdefault(account, Counter())[namespace] += 1

    def remove(self, namespace: str, stake: Stake) -> None:
        """Count it no more."""
        for account, vaults, acts in stake.copied():
            _take_away(self._vaults, (account, namespace), vaults)
            if acts:
                _take_away(self._acting, account, namespace)

    def sharing(self, namespace: str, stake: Stake) -> Sharing:
        """Return who copies out of the account that a policy copies out of; a policy has one source."""
        account = next((account for account, *_ in stake.copied()), "")
        others = self._acting.get(account, Counter()).keys() - {namespace}
        return Sharing(1 + len(others), frozenset(self._vaults.get((account, namespace), ())))


def _take_away(counts: dict[K, Counter[T]], key: K, counted: T) -> None:
    """Count one less, and keep nothing of what is none any more."""
    counts[key][counted] -= 1
    if not counts[key][counted]:
        del counts[key][counted]
    if not counts[key]:
        del counts[key]
