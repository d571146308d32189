"""Ends that were ordered for copy and backup jobs: which order holds for a job, and whether it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import orders

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...records.backups import BackupJob
    from ...records.state import CopyJob, Outcome, State


def ordered(state: State, job: CopyJob) -> Outcome | None:
    """The first outcome somebody ordered for this copy job, used up once; dice are the world's own."""
    return _first(state, lambda outcome: outcome.kind == "copy" and _matches(outcome, job))


def of_backup(state: State, job: BackupJob) -> Outcome | None:
    """The first outcome somebody ordered for this backup job; its destination is its vault."""
    return _first(
        state,
        lambda outcome: (
            outcome.kind == "backup"
            and outcome.account in {"", job.account}
            and outcome.role in {"", job.role_arn.rpartition("/")[2]}
            and outcome.job in {"", job.job_id}
            and outcome.resource in job.resource_arn
            and outcome.destination in job.vault_arn
            and not outcome.recovery_point
        ),
    )


def _first(state: State, matches: Callable[[Outcome], bool]) -> Outcome | None:
    for outcome in state.outcomes:
        if outcome.times != 0 and matches(outcome) and not orders.spares(outcome, state.dice):
            orders.use(outcome)
            return outcome
    return None


def _matches(outcome: Outcome, job: CopyJob) -> bool:
    return (
        outcome.account in {"", job.account}
        and outcome.role in {"", job.role_arn.rpartition("/")[2]}
        and outcome.job in {"", job.job_id}
        and outcome.resource in job.resource_arn
        and outcome.recovery_point in job.source_point_arn
        and outcome.destination in job.destination_vault_arn
    )
