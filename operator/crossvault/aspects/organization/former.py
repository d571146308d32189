"""Copies of ours in accounts that are no members any more: the leak that AWS's guide warns of.

AWS forgets an account that has left, and it may not be possible to enter it any more. So what is known of its copies is
what the policies that made them last counted there, and what this object's own status has told before.
https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...engine.declared import PolicyKey, account_of
from ...engine.looks import Look, Unseen
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.instants import instant, moment
from ...words.reasons import Reason
from ...words.texts import plural
from .seen import CLOSING

ROW = "MembersOnly"
LEFT = "Left"
NAMED = 5
SHOWN = 50
"""So many rows a status has; more are counted, and forgotten with their policies."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a policy last counted in a vault that it copies into.

    Attributes:
        organization_id: Of the policy's source, as it was last seen; empty where it never was.
        source: The BackupAccount of the policy's source.
        counted: When that was, where the vault could not be looked at since.
    """

    policy: PolicyKey
    organization_id: str
    source: str
    vault_arn: str
    copied: int
    counted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """Copies in one vault of an account that is no member any more, or ends as one.

    Attributes:
        state: ``Left``, or the state in which Organizations still lists the account.
        noticed: When it was first seen to be no member.
        left: When it left, where CloudTrail has told.
        policies: Whose copies they are; none once all of those are deleted.
    """

    account_id: str
    vault_arn: str
    copies: int
    state: str
    noticed: datetime
    policies: tuple[str, ...] = ()
    counted: datetime | None = None
    left: datetime | None = None

    @property
    def undated(self) -> bool:
        """Whether it is not known when the account left."""
        return self.state == LEFT and self.left is None

    def row(self) -> dict[str, Any]:
        """Return it as a status has it."""
        return {
            "accountId": self.account_id,
            "vaultArn": self.vault_arn,
            "recoveryPoints": self.copies,
            "state": self.state,
            "noticedAt": instant(self.noticed),
            **({"leftAt": instant(self.left)} if self.left else {}),
            **({"policies": list(self.policies[:NAMED])} if self.policies else {}),
            **({"countedAt": instant(self.counted)} if self.counted else {}),
        }


def remembered(rows: Iterable[Mapping[str, Any]], now: datetime) -> tuple[Leak, ...]:
    """Return the leaks of a status."""
    return tuple(
        Leak(
            account_id=each["accountId"],
            vault_arn=each["vaultArn"],
            copies=each["recoveryPoints"],
            state=each["state"],
            noticed=moment(each.get("noticedAt")) or now,
            policies=tuple(each.get("policies", ())),
            counted=moment(each.get("countedAt")),
            left=moment(each.get("leftAt")),
        )
        for each in rows
        if each.keys() >= {"accountId", "vaultArn", "recoveryPoints", "state"}
    )


def leaks(
    holdings: Iterable[Holding],
    members: Look[dict[str, str]],
    before: Sequence[Leak],
    *,
    organization_id: str,
    sources: Mapping[str, str],
    now: datetime,
) -> tuple[Leak, ...]:
    """Return the copies that lie outside; the most first.

    | account of the vault | a policy names it | told before | |
    |---|---|---|---|
    | unseen members | | yes, or no | as told before |
    | an active member | | | nothing, and what was told is taken back |
    | closing, or none | and counted copies | | told, with the day on which it was first noticed |
    | closing, or none | and counted none | | nothing |
    | closing, or none | no | yes | as told before: the copies are still there |

    Args:
        holdings: What every policy last counted.
        members: The states of the members.
        before: What was told before.
        organization_id: Only policies whose source is, or was, of this organization count.
        sources: The ids of the accounts that sources name.
        now: The present.
    """
    if isinstance(members, Unseen):
        return tuple(before)
    ours: dict[str, list[Holding]] = {}
    for each in holdings:
        if each.organization_id == organization_id or sources.get(each.source) in members.value:
            ours.setdefault(each.vault_arn, []).append(each)
    noticed: dict[str, datetime] = {}
    gone = {known.account_id: known.left for known in before if known.left is not None}
    for known in before:
        noticed[known.account_id] = min(known.noticed, noticed.get(known.account_id, known.noticed))
    found = []
    for vault, held in ours.items():
        account, copies = account_of(vault), sum(each.copied for each in held)
        state = _state(account, members.value)
        if state and copies:
            policies = tuple(sorted({str(each.policy) for each in held if each.copied}))
            counted = min((each.counted for each in held if each.counted), default=None)
            since = noticed.get(account, now)
            found.append(Leak(account, vault, copies, state, since, policies, counted, gone.get(account)))
    for known in before:
        state = _state(known.account_id, members.value)
        if state and known.vault_arn not in ours:
            found.append(replace(known, state=state, policies=()))
    return tuple(sorted(found, key=lambda each: (-each.copies, each.vault_arn)))


def _state(account_id: str, members: Mapping[str, str]) -> str:
    """Return how an account stands outside; empty for a member that is nothing but that."""
    state = members.get(account_id, LEFT)
    return state if state == LEFT or state in CLOSING else ""


def dated(found: Iterable[Leak], departures: Look[dict[str, datetime]]) -> tuple[Leak, ...]:
    """Return the same with the dates that CloudTrail tells of accounts that have left."""
    if isinstance(departures, Unseen):
        return tuple(found)
    return tuple(replace(each, left=departures.value.get(each.account_id)) if each.undated else each for each in found)


def judge(found: Sequence[Leak], members: Look[dict[str, str]]) -> Prerequisite:
    """Judge whether copies lie in members only. What was told before stands while nobody can look."""
    if found:
        accounts = {each.account_id for each in found}
        first = found[0]
        more = f" (+{len(accounts) - 1} more accounts)" if len(accounts) > 1 else ""
        how = "left the organization" if first.state == LEFT else f"is {first.state} in the organization"
        when = f"at {instant(first.left)}" if first.left else f"noticed {instant(first.noticed)}"
        vault = first.vault_arn.rsplit(":", 1)[-1]
        points = plural(first.copies, "recovery point")
        return unmet(
            ROW,
            "",
            Reason.FORMER_MEMBER_HOLDS_COPIES,
            f"Account {first.account_id} {how}, {when}, and still holds {points} of ours in vault {vault}{more}.",
            "Have that account reviewed: it keeps the copies whatever is declared here.",
        )
    if isinstance(members, Unseen):
        return unknown(ROW, "", members.problem)
    return met(ROW, "", f"No policy counts copies outside the {len(members.value)} members of the organization.")
