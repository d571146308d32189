"""What one policy has at stake that others must respect: the statements it needs, and how long it keeps its copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import doubts, manifest, vaultpolicy
from .model import Neighbour, PolicyKey


@dataclass(frozen=True, slots=True)
class Stake:
    """What a policy wants.

    Attributes:
        claims: (vault ARN, Sid) of the statements that let its copies in.
        copies: What it declares for its copies, by pair of vaults.
    """

    claims: frozenset[tuple[str, str]] = frozenset()
    copies: tuple[Neighbour, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to respect."""
        return bool(self.claims or self.copies)


def stake_of(
    body: Mapping[str, Any],
    accounts: Mapping[str, manifest.AccountDeclaration],
    namespace_labels: Mapping[str, str],
) -> Stake | None:
    """Return what a policy has at stake; None while it cannot be parsed."""
    desired = manifest.parse_policy(body, accounts, namespace_labels)
    if isinstance(desired, manifest.Rejected):
        return None
    return Stake(vaultpolicy.claims_of(desired), doubts.neighbours_of(desired))


def remembered(status: Mapping[str, Any]) -> Stake:
    """Return what a policy that cannot be parsed had at stake when its status was written: its statements."""
    rows = status.get("destinations") or ()
    return Stake(frozenset((each["vaultArn"], each["statementSid"]) for each in rows if "statementSid" in each))


def written_by(status: Mapping[str, Any]) -> dict[str, str]:
    """Return the statements that a policy is recorded as having written: their digests by ARN of the vault."""
    rows = status.get("destinations") or ()
    return {each["vaultArn"]: each["statementWritten"] for each in rows if "statementWritten" in each}


def stakes_of(
    bodies: Mapping[PolicyKey, Mapping[str, Any]],
    accounts: Mapping[str, manifest.AccountDeclaration],
    labels: Mapping[str, Mapping[str, str]],
) -> dict[PolicyKey, Stake]:
    """Return what each of several policies has at stake, as far as it can be parsed."""
    found = {key: stake_of(body, accounts, labels.get(key.namespace, {})) for key, body in bodies.items()}
    return {key: stake for key, stake in found.items() if stake is not None}


def beside(stakes: Mapping[PolicyKey, Stake], key: PolicyKey) -> Stake:
    """Return what all policies but one have at stake."""
    others = [stake for other, stake in stakes.items() if other != key]
    return Stake(
        frozenset(claim for each in others for claim in each.claims),
        tuple(copy for each in others for copy in each.copies),
    )
