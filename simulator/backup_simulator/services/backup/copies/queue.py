"""Who may run and who waits: one job per resource, and a number of slots per account and destination Region.

Fully managed types share 100 slots, beyond which every destination vault still runs 5; snapshots of RDS have 20, of
FSx 5; air-gapped vaults have limits of their own. Whoever waits is CREATED.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .... import arns
from ....fidelity import Behaviour
from ....records import resource_types
from ....records.slots import Pool

if TYPE_CHECKING:
    from ....records.state import CopyJob, State

# Concurrent copies into air-gapped vaults by family of the type.
INTO_AIR_GAPPED = {"ec2": 20, "rds": 20, "fsx": 5}
GATEWAYS_INTO_AIR_GAPPED = 5


def resource(job: CopyJob) -> tuple[str, str]:
    """What a job keeps busy; backups of the resource wait for it too."""
    return job.account, job.resource_arn


def occupy(state: State, job: CopyJob) -> bool:
    """Take the resource, or line up for it; composite jobs need none, their children do."""
    queue = state.queue
    if job.is_parent:
        return True
    if resource(job) in queue.busy:
        queue.per_resource.setdefault(resource(job), deque()).append(job)
        return False
    queue.busy.add(resource(job))
    return True


def take(state: State, job: CopyJob) -> bool:
    """Take a slot, or line up for one; snapshots of EC2 have no limit that is documented."""
    pool = _pool(state, job)
    if pool is None or job.is_parent:
        return True
    if not _free(state, job, pool):
        state.queue.per_region.setdefault(pool.key, deque()).append(job)
        return False
    _hold(state, job, pool)
    return True


def _hold(state: State, job: CopyJob, pool: Pool) -> None:
    job.slot = pool
    state.queue.running[pool.key] += 1
    state.queue.running_in_vault[job.destination_vault_arn] += 1


def give(state: State, job: CopyJob) -> CopyJob | None:
    """Give the slot back; returns the job that has it now, if one was waiting.

    It is the slot that was taken, although the destination may be gone or of another kind by now.
    """
    pool, job.slot = job.slot, None
    if pool is None:
        return None
    state.queue.running[pool.key] -= 1
    state.queue.running_in_vault[job.destination_vault_arn] -= 1
    waiting = state.queue.per_region.get(pool.key)
    if not waiting or not _free(state, waiting[0], pool):
        return None
    following = waiting.popleft()
    _hold(state, following, pool)
    return following


def leave(state: State, freed: tuple[str, str]) -> CopyJob | None:
    """Let go of a resource; returns the job that waits for it next."""
    queue = state.queue
    queue.busy.discard(freed)
    waiting = queue.per_resource.get(freed)
    if not waiting:
        return None
    following = waiting.popleft()
    if not waiting:
        del queue.per_resource[freed]
    return following


def _pool(state: State, job: CopyJob) -> Pool | None:
    row = resource_types.of_point(job.resource_type, job.source_point_arn)
    region, limits = arns.of(job.destination_vault_arn).region, state.limits
    vault = state.vault(job.destination_vault_arn)
    if row.fully_managed:
        return Pool((job.account, region), limits.copies_per_region, vaults=True)
    if vault and vault.air_gapped:
        gateway = row.name == "Storage Gateway"
        size = GATEWAYS_INTO_AIR_GAPPED if gateway else INTO_AIR_GAPPED.get(row.family, limits.copies_per_region)
        return Pool((job.account, f"{region} air-gapped {row.name if gateway else row.family}"), size)
    sizes = {"rds": limits.rds_copies_per_region, "fsx": limits.fsx_copies_per_region}
    return Pool((job.account, f"{region} {row.family}"), sizes[row.family]) if row.family in sizes else None


def _free(state: State, job: CopyJob, pool: Pool) -> bool:
    queue = state.queue
    if queue.running[pool.key] < pool.size:
        return True
    return pool.vaults and queue.running_in_vault[job.destination_vault_arn] < state.limits.copies_per_vault


FIDELITY = (
    Behaviour(
        "One job per resource, others wait in CREATED",
        "DG",
        "test_copy_jobs.py::test_one_resource_is_copied_once_at_a_time",
    ),
    Behaviour(
        "100 per account and destination Region for fully managed types, 5 more per vault",
        "DG",
        "test_copy_jobs.py::test_a_hundred_copies_run_and_the_next_waits",
    ),
    Behaviour(
        "20 snapshot copies of RDS, Aurora, DocumentDB and Neptune, 5 of FSx per account and destination Region; "
        "into air-gapped vaults 20, FSx and Storage Gateway 5; who is beyond waits in CREATED",
        "DG; that they wait assumed",
        "test_copy_queues.py::test_snapshot_copies_have_slots_of_their_own",
    ),
    Behaviour(
        "30 cross-account copies of a resource per destination Region: beyond, jobs wait (`limits.beyond_resource: "
        "wait`) or fail with CONCURRENT_JOB as they would line up (`fail`)",
        "DG (quota and text); which of the two assumed",
        "test_copy_queues.py::test_the_thirty_first_copy_of_a_resource_fails_where_the_world_says_so",
    ),
)
