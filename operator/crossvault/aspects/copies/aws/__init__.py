"""How recovery points and copy jobs are looked at, and how a copy is started.

StartCopyJob repeats under its IdempotencyToken, so botocore may retry it; it is not believed: the next pass looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ....aws.entered import fingerprint
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.places import DENIED, LONGEST, Pending, Place, known
from ....aws.reads import ReadKey
from ....engine.declared import Account
from ....engine.looks import Look, Seen, Unseen
from ....engine.parts import Parts
from ....engine.plan import Result
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ...lifecycle import Lifecycle
from ...vault import aws as vault
from ...vault.key import KEYED_BY_RESOURCE
from ...vault.seen import Key, Vault
from ..inventory import ARRIVALS, POINTS, Arrivals, Inventory
from ..planned import StartCopy
from ..seen import TRAFFIC, CopyJob, RecoveryPoint, RunningCopy, Traffic
from ..updates import UpdateLifecycle
from .existing import ExistingCopies
from .kept import Described, Holding, KeptListings
from .ledger import RefusedCopies, StartedCopies, jobs_key
from .listing import copy_jobs, recovery_points
from .names import copies_key, points_key


class _Copies:
    """What this process knows of the copies it started, and what it does about them."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._started = StartedCopies(reach.reads)
        self._refused = RefusedCopies()
        self._kept = KeptListings(reach.clock, reach.audit)
        self.existing = ExistingCopies(reach, self._kept)

    # --- Looking

    def look(self, scene: Scene) -> Looking:
        """See what lies in the vaults that there are, the jobs between them, and what else goes on in the account."""
        if scene.desired.deleting:
            return Looked()
        source, source_vault = scene.source, vault.seen(scene.source, scene.desired.source.name)
        vaults = [vault.seen(place, declared.vault.name) for declared, place in scene.sides()]
        jobs = [self._jobs(source, declared.vault.arn) for declared, _ in scene.sides()]
        yield
        points = self._points(source, scene.desired.source.name, source_vault())
        copies = [
            self._copies(place, declared.vault.name, seen(), into(), source)
            for (declared, place), seen, into in zip(scene.sides(), vaults, jobs, strict=True)
        ]
        yield
        arrivals = tuple(
            Parts().having(
                ARRIVALS,
                _arrivals(lying(), _from_vault(into(), scene.desired.source.arn)),
            )
            for lying, into in zip(copies, jobs, strict=True)
        )
        listed = points()
        keys = _key_managers(source, listed.value if isinstance(listed, Seen) else ())
        traffic = self._traffic(scene.desired.source.account, [each.vault.arn for each in scene.desired.destinations])
        found = Parts().having(POINTS, listed).having(TRAFFIC, traffic(keys))
        return Looked(found, arrivals)

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
        name: str,
        seen: Look[Vault | None],
        into: Look[tuple[CopyJob, ...]],
        source: Place,
    ) -> Pending[Holding]:
        """Begin to look into a destination vault: without knowing that it exists, empty could not be told from absent.

        What is kept of it is the same for all that copy into it, but whether that will do, only their own jobs tell.
        """
        if isinstance(seen, Unseen):
            return known(seen)
        if seen.value is None:
            return known(Seen(Holding(Inventory())))
        access, region, described = place.access, place.region, _described(place, name, seen)
        jobs = into.value if isinstance(into, Seen) else None
        listing = partial(recovery_points, access, region, name)
        kept = points_key(access.fingerprint, region, name)
        return place.start(
            copies_key(access.fingerprint, region, name, source.access.fingerprint, source.region),
            lambda: self._kept.destination(kept, described, jobs, listing),
        )

    def _jobs(self, place: Place, destination_vault_arn: str) -> Pending[tuple[CopyJob, ...]]:
        """Begin to look at the copy jobs this account has had into a vault."""
        access, region = place.access, place.region
        key = jobs_key(access.fingerprint, region, destination_vault_arn)
        listing = partial(copy_jobs, access, region, destination_vault_arn)
        return place.start(key, lambda: self._kept.jobs(key, listing))

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
        """Start a copy, unless others have taken the places since it was planned."""
        now = self._reach.clock()
        with self._started.starting(fingerprint(action.source.account), action.bound, now) as may:
            if not may:
                return Result(action, withheld=True)
            try:
                return Result(action, found=not self._start(action))
            except CrossvaultError as error:
                self._refused.add(action, error.problem, self._reach.clock())
                return Result(action, error.problem)

    def _start(self, action: StartCopy) -> bool:
        """Start a copy; return False when the same request had started it before."""
        source = action.source
        access = self._reach.enter(source)
        listing = jobs_key(access.fingerprint, source.region, action.destination_vault_arn)
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
        namespace = action.bound.namespace if action.bound is not None else ""
        copy = RunningCopy((source.arn, action.destination_vault_arn), namespace)
        return self._started.add(answer["CopyJobId"], listing, copy, now)


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    copies = _Copies(reach)
    return Hands(
        copies.look, acts={StartCopy: copies.start, UpdateLifecycle: copies.existing.update}, forget=copies.forget
    )


# --- Asking --------------------------------------------------------------------------------------------------------


def _described(place: Place, name: str, seen: Look[Vault | None]) -> Described:
    """Return what is known of a vault before it is listed, and of when that is."""
    if isinstance(seen, Unseen):
        return Described()
    return Described(seen.value, place.shared.ages.get(vault.vault_key(place.access.fingerprint, place.region, name)))


def _arrivals(lying: Look[Holding], jobs: Look[tuple[CopyJob, ...]]) -> Arrivals:
    if isinstance(lying, Unseen):
        return Arrivals(lying, jobs)
    return Arrivals(Seen(lying.value.points), jobs, lying.value.listed)


def _from_vault(jobs: Look[tuple[CopyJob, ...]], source_vault_arn: str) -> Look[tuple[CopyJob, ...]]:
    """Keep the jobs that copy from one vault: AWS has no such filter."""
    if isinstance(jobs, Unseen):
        return jobs
    return Seen(tuple(job for job in jobs.value if job.source_vault_arn == source_vault_arn))


def _key_managers(place: Place, points: Iterable[RecoveryPoint]) -> Mapping[str, Look[Key | None]]:
    """Ask once for every own key that snapshots among these recovery points are encrypted with."""
    if place.closed() is not None:
        return {}
    access, region = place.access, place.region
    own_place = (region, place.account.account_id)
    arns = {each.encryption_key_arn for each in points if each.resource_type in KEYED_BY_RESOURCE}
    own = sorted(arn for arn in arns if arn is not None and tuple(arn.split(":")[3:5]) == own_place)
    asked = {
        arn: place.slowly(
            ("key manager", access.fingerprint, region, arn), partial(vault.key, access, region, arn), key_lasts
        )
        for arn in own
    }
    return {arn: pending() for arn, pending in asked.items()}


def key_lasts(look: Look[Key | None]) -> timedelta:
    """Who manages a key never changes; whether we may ask, or whether there is one, may."""
    return LONGEST if isinstance(look, Seen) and look.value is not None else DENIED


# --- Words ---------------------------------------------------------------------------------------------------------


def _forgotten(action: StartCopy) -> Problem:
    return Problem(
        Reason.COPY_JOB_FORGOTTEN,
        f"AWS answers the request to copy {action.point.arn} with an earlier copy job that it no longer lists.",
        ErrorClass.STUCK,
    )


def lifecycle_members(lifecycle: Lifecycle | None) -> dict[str, int]:
    """Return the members that are declared; AWS takes a missing member for "as the source"."""
    if lifecycle is None:
        return {}
    members = {
        "MoveToColdStorageAfterDays": lifecycle.move_to_cold_storage_after_days,
        "DeleteAfterDays": lifecycle.delete_after_days,
    }
    return {name: days for name, days in members.items() if days is not None}
