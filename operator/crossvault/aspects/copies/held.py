"""Which recovery points have no copy because of a prerequisite, and which prerequisite it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...engine.plan import Plan
from ...engine.rows import MET, Prerequisite
from ...words.reasons import Reason
from .judged import JUDGED
from .planned import State

_HELD_STATES = frozenset({State.WAITING, State.MISSING, State.FAILED})


@dataclass(frozen=True, slots=True)
class Held:
    """So many recovery points without a copy, and their size as far as AWS tells it."""

    points: int = 0
    size: int = 0


def held(row: Prerequisite, plan: Plan) -> Held:
    """Return what a row holds up, at its destination, or at all of them when it is about the source.

    | row | holds up |
    |---|---|
    | met | nothing |
    | stops every copy | what has no copy, and none under way |
    | concerns some | what waits, or failed, for a reason that the row accounts for |

    What has a copy, though none that does, is held up by nothing: no other one would be made.
    """
    if row.status is MET:
        return Held()
    found = [
        one.point
        for name, judged in plan[JUDGED].items()
        if row.destination in {"", name}
        for one in judged.standings
        if one.state in _HELD_STATES and one.copy is None and (row.blocks or row.accounts_for(one.reason))
    ]
    return Held(len(found), sum(each.size for each in found))


_JOBS_FAIL: Mapping[Reason, frozenset[Reason]] = {
    Reason.CROSS_ACCOUNT_BACKUP_OFF: frozenset({Reason.FEATURE_NOT_ENABLED}),
    Reason.DIFFERENT_ORGANIZATION: frozenset({Reason.NOT_SAME_ORGANIZATION}),
    Reason.NO_ORGANIZATION: frozenset({Reason.NOT_SAME_ORGANIZATION}),
    Reason.VAULT_POLICY_MISSING: frozenset({Reason.COPY_DENIED}),
    Reason.VAULT_POLICY_FULL: frozenset({Reason.COPY_DENIED}),
    Reason.VAULT_POLICY_DENIES: frozenset({Reason.COPY_DENIED}),
    Reason.COPY_ROLE_MISSING: frozenset({Reason.COPY_ROLE_DENIED}),
    Reason.COPY_ROLE_UNTRUSTING: frozenset({Reason.COPY_ROLE_DENIED}),
    Reason.COPY_ROLE_LACKS: frozenset({Reason.COPY_ROLE_DENIED, Reason.COPY_DENIED}),
    Reason.RETENTION_OUT_OF_BOUNDS: frozenset({Reason.RETENTION_REFUSED}),
    Reason.KEY_NOT_USABLE: frozenset({Reason.KEY_ACCESS_DENIED}),
    Reason.KEY_NOT_FOUND: frozenset({Reason.KEY_ACCESS_DENIED}),
    Reason.AWS_MANAGED_VAULT_KEY: frozenset({Reason.VAULT_KEY_UNSUITABLE}),
}
"""How copy jobs fail while a row stops every copy, by the reason of the row: both are one cause, told once."""


def accounting(rows: Iterable[Prerequisite], destination: str, reason: Reason) -> Prerequisite | None:
    """Return the row because of which copies fail, or wait, for a reason; None where no row is about it.

    Of a row that concerns but some recovery points it is not known whether a job failed because of it.
    """
    unmet = (row for row in rows if row.destination in {"", destination} and row.status is not MET)
    return next(
        (row for row in unmet if row.accounts_for(reason) or (row.blocks and reason in _JOBS_FAIL.get(row.reason, ()))),
        None,
    )
