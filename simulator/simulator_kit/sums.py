"""What does not add up in a world, after whatever happened: slots, busy resources, parents, copies of points."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backup_simulator.records.state import CopyJob, Region, State

ENDED = frozenset({"COMPLETED", "PARTIAL", "FAILED", "EXPIRED", "ABORTED"})


def regions_of(state: State) -> list[Region]:
    """What each account has in each Region."""
    return [region for account in state.accounts.values() for region in account.regions.values()]


def jobs_of(state: State) -> list[CopyJob]:
    """All copy jobs that are listed or wait."""
    waiting = [*state.queue.per_resource.values(), *state.queue.per_region.values()]
    found = [job for region in regions_of(state) for job in region.copy_jobs.values()]
    return list({id(job): job for job in (*found, *(job for line in waiting for job in line))}.values())


def flaws(state: State) -> Iterator[str]:
    """What does not add up among jobs and in their queues."""
    jobs, queue = jobs_of(state), state.queue
    held = Counter(job.slot.key for job in jobs if job.slot)
    if held != +queue.running or any(count < 0 for count in queue.running.values()):
        yield f"slots: {queue.running}, held: {held}"
    if lost := [job.job_id for job in jobs if job.state in ENDED and (job.slot or job.completed is None)]:
        yield f"ended, but not wholly: {lost}"
    if idle := [key for key, line in queue.per_resource.items() if line and key not in queue.busy]:
        yield f"wait for what is free: {idle}"
    for region in regions_of(state):
        families: tuple[Any, ...] = (*region.copy_jobs.values(), *region.backup_jobs.values())
        for job in families:
            if job.state == "RUNNING" and job.children and all(child.state in ENDED for child in job.children):
                yield f"parent {job.job_id} runs on without children"


def flaws_of_points(state: State) -> Iterator[str]:
    """What recovery points count wrongly."""
    jobs = jobs_of(state)
    running = Counter((job.source_vault_arn, job.source_point_arn) for job in jobs if job.state == "RUNNING")
    open_ones = Counter(job.source_point_arn for job in jobs if job.backup_job_id and job.state not in ENDED)
    for region in regions_of(state):
        for vault in region.vaults.values():
            for point in vault.points.values():
                if point.copying != running[vault.arn, point.arn]:
                    yield f"{point.arn} is copied {point.copying} times"
                if point.awaited and point.awaited != open_ones[point.arn]:
                    yield f"{point.arn} waits for {point.awaited} copies"
                if point.parent_arn and point.parent_arn not in vault.points:
                    yield f"{point.arn} is nested in nothing"
