"""How recovery points and copy jobs are looked at, and how a copy is started.

StartCopyJob repeats under its IdempotencyToken, so botocore may retry it; it is not believed: the next pass looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from ....aws.entered import fingerprint
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.lasting import FORGOTTEN
from ....aws.places import Pending, Place, known
from ....aws.reads import ReadKey
from ....engine.declared import Account, VaultRef
from ....engine.hints import Subject
from ....engine.looks import Look, Seen, Unseen
from ....engine.parts import Parts
from ....engine.plan import Result
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ...lifecycle import Lifecycle
from ...resource_types.matrix import COPIED
from ...source_keys.aws import Keys
from ...vault import aws as vault
from ...vault.seen import Key, Vault
from ..contents import ARRIVALS, POINTS, Arrivals
from ..failures import is_denial
from ..inventory import Inventory
from ..jobs import JobBook, Jobs
from ..planned import StartCopy
from ..seen import TRAFFIC, CopyJob, Traffic
from ..updates import UpdateLifecycle
from .arriving import Dated
from .existing import ExistingCopies
from .kept import Described, Holding, KeptListings
from .ledger import JOBS, RefusedCopies, StartedCopies, jobs_key
from .listing import copy_jobs, recovery_points
from .names import COPIES_READ, POINTS_READ, copies_key, points_key


class _Copies:
    """What this process knows of the copies it started, and what it does about them."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._started = StartedCopies(reach.reads)
        self._refused = RefusedCopies()
        self._kept = KeptListings(reach.clock, reach.audit)
        self._keys = Keys(reach)
        self.existing = ExistingCopies(reach, self._kept)

    # --- Looking

    def look(self, scene: Scene) -> Looking:
        """See what lies in the vaults that there are, the jobs between them, and what else goes on in the account."""
        if scene.desired.deleting:
            return Looked()
        source, source_vault = scene.source, vault.seen(scene.source, scene.desired.source.name)
        vaults = [vault.seen(place, declared.vault.name) for declared, place in scene.sides()]
        jobs = self._jobs(source)
        yield
        self._note_denials(scene, jobs())
        points = self._points(source, scene.desired.source.name, source_vault())
        copies = [
            self._copies(place, declared.vault, seen(), jobs(), scene)
            for (declared, place), seen in zip(scene.sides(), vaults, strict=True)
        ]
        yield
        arrivals = tuple(
            Parts().having(ARRIVALS, self._arrivals(scene, declared.vault, place, lying(), jobs()))
            for (declared, place), lying in zip(scene.sides(), copies, strict=True)
        )
        listed, scope = points(), scene.desired.scope
        behind = Seen(listed.value.behind(COPIED, scope)) if isinstance(listed, Seen) else listed
        keys, known_of_keys = self._keys.pictures(scene, behind)
        traffic = self._traffic(scene.desired.source.account, [each.vault.arn for each in scene.desired.destinations])
        found = Parts().having(POINTS, listed).having(TRAFFIC, traffic(keys))
        return Looked(found, tuple(one + other for one, other in zip(arrivals, known_of_keys, strict=True)))

    def _points(self, place: Place, name: str, seen: Look[Vault | None]) -> Pending[Inventory]:
        """Begin to look into the source vault, which may be permitted even where describing it is not."""
        if isinstance(seen, Seen) and seen.value is None:
            return known(Seen(Inventory()))
        access, region = place.access, place.region
        described, key = _described(place, name, seen), points_key(access.fingerprint, region, name)
        listing = partial(recovery_points, access, region, name)
        return place.start(key, lambda: self._kept.source(key, described, listing))

    def _copies(
        self,
        place: Place,
        ref: VaultRef,
        seen: Look[Vault | None],
        jobs: Look[JobBook],
        scene: Scene,
    ) -> Pending[Holding]:
        """Begin to look into a destination vault: without knowing that it exists, empty could not be told from absent.

        What is kept of it is the same for all that copy into it, but whether that will do, only their own jobs tell.
        """
        if isinstance(seen, Unseen):
            return known(seen)
        if seen.value is None:
            return known(Seen(Holding(Inventory())))
        access, region, described = place.access, place.region, _described(place, ref.name, seen)
        into = jobs.value.into(ref.arn) if isinstance(jobs, Seen) else None
        listing = partial(recovery_points, access, region, ref.name)
        kept, dated = points_key(access.fingerprint, region, ref.name), self._dates(scene)
        return place.start(
            _copies_key(scene, ref, place),
            lambda: self._kept.destination(kept, described, into, listing, dated),
        )

    def _dates(self, scene: Scene) -> Dated:
        """Return what tells when the source of a copy was created, as far as that is known from an earlier look."""
        entry, region = scene.source.access.fingerprint, scene.source.region

        def dated(job: CopyJob) -> datetime | None:
            known = self._kept.known(points_key(entry, region, job.source_vault_arn.rpartition(":")[2]))
            point = known.find(job.source_point_arn, job.resource_arn) if known is not None else None
            return point.created if point is not None else None

        return dated

    def _jobs(self, place: Place) -> Pending[JobBook]:
        """Begin to look at the copy jobs of an account, once for all its policies."""
        access, region = place.access, place.region
        key, listing = jobs_key(access.fingerprint, region), partial(copy_jobs, access, region)
        return place.start(key, lambda: self._kept.jobs(key, listing), apart=True)

    def _note_denials(self, scene: Scene, jobs: Look[JobBook]) -> None:
        """Tell of the last copy job into each destination that was denied: a policy may not be any more what it was."""
        if isinstance(jobs, Unseen):
            return
        now = self._reach.clock()
        for ref in (each.vault for each in scene.desired.destinations):
            moved = (job for each in jobs.value.into(ref.arn) for _, job in each.moved(now - FORGOTTEN))
            failed = (job for job in moved if not (job.is_running or job.ended_well))
            ends = [(job.completed or job.created, job.id) for job in failed if is_denial(job.message, job.category)]
            if ends:
                self._reach.lasting.failed(ref.arn, max(ends), now)

    def _arrivals(
        self, scene: Scene, ref: VaultRef, place: Place, lying: Look[Holding], jobs: Look[JobBook]
    ) -> Arrivals:
        source = scene.desired.source
        ours: Look[Jobs] = Seen(jobs.value.between(source.arn, ref.arn)) if isinstance(jobs, Seen) else jobs
        if isinstance(lying, Unseen):
            return Arrivals(lying, ours)
        key = (*_copies_key(scene, ref, place), source.name)
        return Arrivals(Seen(lying.value.points), ours, lying.value.listed, self._kept.memory(key))

    def _traffic(
        self, account: Account, vault_arns: Iterable[str]
    ) -> Callable[[Mapping[str, Look[Key | None]]], Traffic]:
        now = self._reach.clock()
        running = self._started.in_progress(fingerprint(account), now)
        refused = self._refused.into(set(vault_arns), now)
        return lambda keys: Traffic(len(running), Counter(running.values()), keys, refused)

    def forget(self, belongs: Callable[[ReadKey], bool]) -> None:
        """Drop what is kept of an account that is gone."""
        self._kept.forget(belongs)

    # --- Acting

    def start(self, action: StartCopy) -> Result:
        """Start a copy, unless others have taken the places since it was planned, or the vault has to be seen anew."""
        now = self._reach.clock()
        if self._reach.lasting.is_too_old_to_act(action.destination_vault_arn, now):
            return Result(action, withheld=True)
        with self._started.starting(fingerprint(action.source.account), action, now) as may:
            if not may:
                return Result(action, withheld=True)
            try:
                return Result(action, found=not self._start(action))
            except CrossvaultError as error:
                now = self._reach.clock()
                self._refused.add(action, error.problem, now)
                if error.problem.reason is Reason.ACCESS_DENIED:
                    self._reach.lasting.refused(action.destination_vault_arn, now)
                return Result(action, error.problem)

    def _start(self, action: StartCopy) -> bool:
        """Start a copy; return False when the same request had started it before."""
        source = action.source
        access = self._reach.enter(source)
        listing = jobs_key(access.fingerprint, source.region)
        lifecycle = lifecycle_members(action.lifecycle)
        optional: dict[str, Any] = {"Lifecycle": lifecycle} if lifecycle else {}
        try:
            with access.asking(f"start a copy from vault {source.name}", "backup:StartCopyJob", source.region):
                answer = access.backup(source.region).start_copy_job(
                    RecoveryPointArn=action.point.arn,
                    SourceBackupVaultName=source.name,
                    DestinationBackupVaultArn=action.destination_vault_arn,
                    IamRoleArn=action.role_arn,
                    IdempotencyToken=action.token,
                    **optional,
                )
        finally:
            self._reach.reads.invalidate(listing)
        now = self._reach.clock()
        if self._started.is_forgotten(action, answer["CopyJobId"], now):
            raise CrossvaultError(_forgotten(action))
        self._refused.discard(action.point.arn, action.destination_vault_arn)
        return self._started.add(answer["CopyJobId"], listing, action, now)


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    copies = _Copies(reach)
    return Hands(
        copies.look,
        acts={StartCopy: copies.start, UpdateLifecycle: copies.existing.update},
        forget=copies.forget,
        heeds={
            POINTS_READ: frozenset({Subject.BACKUP, Subject.VAULT}),
            COPIES_READ: frozenset({Subject.BACKUP, Subject.COPY, Subject.VAULT}),
            JOBS: frozenset({Subject.COPY}),
        },
    )


# --- Asking --------------------------------------------------------------------------------------------------------


def _copies_key(scene: Scene, ref: VaultRef, place: Place) -> ReadKey:
    source = scene.source
    return copies_key(place.access.fingerprint, place.region, ref.name, source.access.fingerprint, source.region)


def _described(place: Place, name: str, seen: Look[Vault | None]) -> Described:
    """Return what is known of a vault before it is listed, and of when that is."""
    if isinstance(seen, Unseen):
        return Described()
    return Described(seen.value, place.shared.ages.get(vault.vault_key(place.access.fingerprint, place.region, name)))


# --- Words ---------------------------------------------------------------------------------------------------------


def _forgotten(action: StartCopy) -> Problem:
    return Problem(
        Reason.COPY_JOB_FORGOTTEN,
        f"AWS answers the request to copy {action.point.arn} with an earlier copy job that it no longer lists.",
        ErrorClass.STUCK,
    )


def lifecycle_members(lifecycle: Lifecycle | None) -> dict[str, Any]:
    """Return the members that are declared; AWS takes a missing member for "as the source"."""
    if lifecycle is None:
        return {}
    members = {
        "MoveToColdStorageAfterDays": lifecycle.move_to_cold_storage_after_days,
        "DeleteAfterDays": lifecycle.delete_after_days,
    }
    opted_in = {"OptInToArchiveForSupportedResources": True} if lifecycle.opt_in_to_archive else {}
    return {name: days for name, days in members.items() if days is not None} | opted_in
