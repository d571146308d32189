"""Which of an account's places for unfinished copies are taken, and whether one is left for another copy.

There is a number of places in all, which the BackupAccount declares, and one for each of AWS's quotas. Each of them is
shared by the same rule, that of :class:`~.planned.Bound`. Counted once for a pass, and once more at every start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ...words.reasons import Reason
from .planned import Bound
from .quotas import Quota, quotas_of, region_of
from .seen import RunningCopy

Pool: TypeAlias = tuple[Quota, str]
"""A quota, and the destination Region."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a copy is not started now, and which limit it is."""

    reason: Reason
    message: str | None = None


BUSY = Refusal(Reason.RESOURCE_BUSY)
POLICY = Refusal(Reason.BUDGET, "The policy has as many unfinished copies as copying.maxConcurrent allows.")
ACCOUNT = Refusal(
    Reason.ACCOUNT_LIMIT,
    "The account has as many unfinished copies as limits.maxConcurrentCopies of its BackupAccount leaves to it.",
)


@dataclass(slots=True)
class _Taken:
    """How many of the places of a kind are taken, and how many by the namespace and by the policy that ask.

    ``ceiling``: how many may be taken once the policy has taken another one; None until somebody asks.
    """

    most: int
    total: int = 0
    of_namespace: int = 0
    of_policy: int = 0
    ceiling: int | None = None


class Places:
    """The places of an account, as a policy finds them."""

    def __init__(self, bound: Bound, copies: Mapping[RunningCopy, int], total: int = 0) -> None:
        """Count what is unfinished: so many ``copies`` that are alike, of ``total`` at least."""
        self._bound = bound
        self._all = _Taken(bound.most)
        self._pools: dict[Pool, _Taken] = {}
        self._vaults: dict[str, int] = {}
        self._busy: set[str] = set()
        for copy, count in copies.items():
            if count:
                self.take(copy, count)
        self._all.total = max(self._all.total, total)

    def take(self, copy: RunningCopy, count: int = 1) -> None:
        """Count so many more that are alike."""
        mine, ours = self._bound.is_of_policy(copy), self._bound.is_own(copy)
        for taken in (self._all, *(self._taken(each, region_of(copy)) for each in quotas_of(copy.resource_type))):
            taken.total += count
            taken.of_namespace += count if ours else 0
            taken.of_policy += count if mine else 0
            taken.ceiling = None
        self._vaults[copy.vaults[1]] = self._vaults.get(copy.vaults[1], 0) + count
        if copy.resource_arn:
            self._busy.add(copy.resource_arn)

    def _taken(self, quota: Quota, region: str) -> _Taken:
        taken = self._pools.get((quota, region))
        if taken is None:
            taken = self._pools[quota, region] = _Taken(quota.most)
        return taken

    def _is_full(self, taken: _Taken) -> bool:
        if taken.ceiling is None:
            taken.ceiling = self._bound.ceiling(taken.most, taken.of_namespace, taken.of_policy)
        return taken.total >= taken.ceiling

    def refusal(self, copy: RunningCopy) -> Refusal | None:
        """Say why there is no place for one more copy; None where there is."""
        if copy.resource_arn in self._busy:
            return BUSY
        if self._is_full(self._all):
            return ACCOUNT
        region = region_of(copy)
        for quota in quotas_of(copy.resource_type):
            if (
                self._is_full(self._taken(quota, region))
                and self._vaults.get(copy.vaults[1], 0) >= quota.most_per_vault
            ):
                return _beyond(quota, region)
        return None


def _beyond(quota: Quota, region: str) -> Refusal:
    return Refusal(
        Reason.ACCOUNT_LIMIT,
        f"AWS makes at most {quota.most} {quota.what} of an account into {region} at once, and others share them.",
    )
