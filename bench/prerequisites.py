"""What prerequisites of many policies cost in calls: each account, vault and key read once in its time, or oftener.

Everything is in this process and in virtual time; what copies need (recovery points and jobs) is not counted.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import yaml

from backup_simulator.transport import InProcess
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings
from crossvault.aws.threads import NoThreads
from crossvault.kinds import KINDS
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.status.outcome import Cadence
from crossvault.work.desk import Desk
from crossvault.work.freshness import Freshness

from . import worlds

PAIRS, VAULTS = 25, 40
INTERVALS = 6
"""So many are counted after the first: in six of them everything is read that is looked at now and then."""
OF_COPIES = frozenset({"ListRecoveryPointsByBackupVault", "ListCopyJobs", "StartCopyJob"})
OF_SESSIONS = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"})
CADENCE = Cadence()


def measure() -> dict[str, Any]:
    """Pass over all objects, evenly spread over each interval, and count the calls."""
    world = worlds.at_rest(worlds.world(pairs=PAIRS, vaults=VAULTS, points=1))
    for each in world["accounts"]:
        each["service_linked_role"] = each["name"].startswith("target-")
    cloud = InProcess(world)
    text = worlds.manifests(pairs=PAIRS, vaults=VAULTS, reads_per_second=1000)
    run = Run(cloud, text, counts=lambda name: name not in OF_COPIES | OF_SESSIONS)
    began = time.monotonic()
    first = run.interval()
    rest = [run.interval() for _ in range(INTERVALS)]
    run.close()
    later = sum(rest, Counter[str]())
    floors = {"first": _floor(1, whole=True), "later": _floor(INTERVALS, whole=False)}
    calls = {"first": first, "later": later}
    return {
        "policies": PAIRS * VAULTS,
        "accounts": 2 * PAIRS,
        "intervals": 1 + INTERVALS,
        "calls": {name: dict(sorted(each.items())) for name, each in calls.items()},
        "floor": {name: dict(sorted(each.items())) for name, each in floors.items()},
        "calls_first_interval": sum(first.values()),
        "calls_per_later_interval": round(sum(later.values()) / INTERVALS, 1),
        "ratio_first_interval": _ratio(first, floors["first"]),
        "ratio_later_intervals": _ratio(later, floors["later"]),
        "ratio": _ratio(first + later, floors["first"] + floors["later"]),
        "seconds": round(time.monotonic() - began, 1),
    }


def _ratio(calls: Counter[str], floor: Counter[str]) -> float:
    return round(sum(calls.values()) / sum(floor.values()), 3)


def _floor(intervals: int, *, whole: bool) -> Counter[str]:
    """Return the calls without which the picture would be older than it may be, by operation.

    Of every account, in each interval: who it is, its organization, the switch, its vaults. Now and then, which is in
    the first interval and once in six: the settings of a source's Region, the policies of both vaults, the key of a
    destination vault and the policy of that. Once an hour, and so in the first alone: the copy role, what it may take
    out and put into each vault, whether it may be passed, and what the operator's role may do; once a day the
    service-linked role.
    """
    accounts, vaults = 2 * PAIRS, PAIRS * VAULTS
    found = Counter(
        {
            **dict.fromkeys(("GetCallerIdentity", "DescribeOrganization", "DescribeGlobalSettings"), accounts),
            "ListBackupVaults": accounts,
        }
    )
    found = Counter({name: each * intervals for name, each in found.items()})
    found += Counter({"DescribeRegionSettings": PAIRS, "GetBackupVaultAccessPolicy": 2 * vaults})
    found += Counter({"DescribeKey": PAIRS, "GetKeyPolicy": PAIRS})
    if whole:
        found += Counter({"GetRole": 2 * PAIRS, "SimulatePrincipalPolicy": accounts + 2 * PAIRS + vaults})
    return found


class Run:
    """An operator without a cluster, in virtual time and one thread, over the objects of some manifests.

    ``counts`` tells of which operations the calls are counted.
    """

    def __init__(self, cloud: InProcess, manifests: str, *, counts: Callable[[str], bool]) -> None:
        self._cloud, self._counts = cloud, counts
        credentials = cloud.credentials(worlds.HUB, "operator")
        os.environ["AWS_ACCESS_KEY_ID"] = credentials.aws_access_key_id
        os.environ["AWS_SECRET_ACCESS_KEY"] = credentials.aws_secret_access_key
        self._desk, self._fresh = Desk(), Freshness(CADENCE)
        self._bodies: dict[ObjectKey, dict[str, Any]] = {}
        for body in yaml.safe_load_all(manifests):
            self._put(body)
        self._aws = AwsAccounts(
            AwsSettings(region=worlds.SOURCE_REGION, settled=CADENCE.settled),
            clock=self._clock,
            sleep=lambda _seconds: None,
            new_session=self._session(),
            new_threads=lambda _name: NoThreads(),
        )

    def _put(self, body: dict[str, Any]) -> None:
        if body["kind"] not in KINDS:
            return
        metadata = {**body["metadata"], "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        key = ObjectKey(body["kind"], metadata.get("namespace", ""), metadata["name"])
        self._bodies[key] = {**body, "metadata": metadata, "status": {}}
        self._desk.put(key, self._bodies[key])

    def _session(self) -> Callable[[], botocore.session.Session]:
        loader = botocore.session.Session().get_component("data_loader")

        def made() -> botocore.session.Session:
            session = botocore.session.Session()
            session.register_component("data_loader", loader)
            self._cloud.attach(session)
            return session

        return made

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(self._cloud.control.now(), UTC)

    def interval(self) -> Counter[str]:
        """Pass over everything once within an interval; return the calls that count, by operation."""
        self._cloud.control.clear_calls()
        apart = CADENCE.interval / len(self._bodies)
        for key in self._bodies:
            self._cloud.control.advance(apart / timedelta(seconds=1))
            self._once(key)
        names = (each.operation for each in self._cloud.control.calls())
        return Counter(filter(self._counts, names))

    def statuses(self, kind: str) -> list[dict[str, Any]]:
        """Return the statuses of all objects of a kind."""
        return [body["status"] for key, body in self._bodies.items() if key.kind == kind]

    def _once(self, key: ObjectKey) -> None:
        now = self._clock()
        occasion = Occasion(self._fresh.not_before(key, now), patience=self._fresh.patience(key, now))
        request = self._desk.request(key, self._bodies[key], occasion)
        outcome = request.reconcile(self._aws, clock=self._clock, cadence=CADENCE, stopping=lambda: False)
        self._fresh.note(key, outcome, now, self._clock())
        if outcome.status is not None:
            self._bodies[key] = {**self._bodies[key], "status": outcome.status}
            self._desk.put(key, self._bodies[key], changed=False)

    def close(self) -> None:
        """Close connections."""
        self._aws.close()
