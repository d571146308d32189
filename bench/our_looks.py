"""Looks at one policy, in a process of their own: its CPU and memory are those of the product."""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings, CallCounts
from crossvault.kinds import POLICY
from crossvault.kinds.kind import Clock, ObjectKey, Occasion
from crossvault.manifest import schema
from crossvault.status.outcome import Cadence
from crossvault.work import interpreter
from crossvault.work.desk import Desk, desk_of
from crossvault.work.freshness import Freshness

from . import worlds
from .plain import usage

PAGES = "ListRecoveryPointsByBackupVault"
HOURS = 7
"""So many hourly looks follow. Within six of them each vault, and the jobs, are listed anew, if at different times."""


def ours(url: str, ahead: float) -> dict[str, Any]:
    """Pass over the policy three times, an interval apart, each as fresh as the operator would have it; and audit."""
    recorder, waited = CallCounts(), timedelta(0)

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead) + waited

    aws = AwsAccounts(AwsSettings(endpoint_url=url, region=worlds.SOURCE_REGION), recorder=recorder, clock=clock)
    bodies = [*worlds.accounts(0, 1000, worlds.NAMESPACE), worlds.policy(0, 0, "Observe")]
    objects: dict[ObjectKey, dict[str, Any]] = {}
    for body in bodies:
        key_of = ObjectKey(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])
        whole = schema.check(body).body
        objects[key_of] = whole | {"metadata": whole["metadata"] | {"generation": 1}, "status": {}}
    desk = desk_of(objects)
    interpreter.settle()
    results, fresh = {}, Freshness(Cadence())
    for name in ("first_look", "second_look", "third_look"):
        results[name] = _look(desk, objects, aws, recorder, clock, fresh)
        waited += Cadence().interval
    later = []
    for _ in range(HOURS):
        later.append(_look(desk, objects, aws, recorder, clock, fresh))
        waited += timedelta(hours=1)
    results["audit"] = _together(later)
    aws.close()
    return results


def _together(looks: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up what was used by the looks that listed a vault in whole."""
    most = max(int(each["pages"]) for each in looks)
    audits = [each for each in looks if 2 * int(each["pages"]) > most]
    added = {name: round(sum(each[name] for each in audits), 2) for name in ("cpu_seconds", "seconds", "calls")}
    worst = {name: max(each[name] for each in audits) for name in ("peak_mib", "latest_ms", "late_p99_ms")}
    return added | worst | {"copied": looks[-1]["copied"]}


class _Beats:
    """How late a thread is that wants to do something every ten milliseconds, as an event loop does."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._late: list[float] = []
        self._thread = threading.Thread(target=self._beat)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        due = time.monotonic()
        while not self._done.wait(max(0.0, due - time.monotonic())):
            self._late.append(time.monotonic() - due)
            due = time.monotonic() + 0.01

    def figures(self) -> dict[str, float]:
        """Return the worst, and the one that a hundredth were worse than, in milliseconds."""
        late = sorted(self._late)
        return {"latest_ms": round(1000 * late[-1]), "late_p99_ms": round(1000 * late[int(0.99 * len(late))])}


def _look(
    desk: Desk,
    objects: dict[ObjectKey, dict[str, Any]],
    aws: AwsAccounts,
    recorder: CallCounts,
    clock: Clock,
    fresh: Freshness,
) -> dict[str, Any]:
    (key,) = (each for each in objects if each.kind == POLICY.name)
    began, cpu, before, pages = time.monotonic(), time.process_time(), _made(recorder), _made(recorder, PAGES)
    now = clock()
    occasion = Occasion(fresh.not_before(key, now), patience=fresh.patience(key, now))
    request = desk.request(key, objects[key], occasion)
    with _Beats() as beats:
        outcome = request.reconcile(aws, clock=clock, cadence=Cadence(), stopping=lambda: False)
    fresh.note(key, outcome, now, clock())
    objects[key]["status"] = outcome.status or {}
    (row,) = objects[key]["status"]["destinations"]
    figures = beats.figures() | {"copied": row["copied"], "pages": _made(recorder, PAGES) - pages}
    return usage(began, cpu, _made(recorder) - before) | figures


def _made(recorder: CallCounts, operation: str = "") -> int:
    return sum(count for (_, _, name, _), count in recorder.requests().items() if operation in {"", name})


if __name__ == "__main__":
    print(json.dumps(ours(sys.argv[1], float(sys.argv[2]))))
