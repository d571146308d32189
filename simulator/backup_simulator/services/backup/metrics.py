"""CloudWatch metrics of AWS Backup: what is counted, and which of it a request to CloudWatch asks for.

Source: Developer Guide, "AWS Backup metrics with Amazon CloudWatch". The vault of a copy is its destination.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from ...fidelity import Behaviour
from ...records import metrics
from ...wire import CommonError, unimplemented

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...records.backups import BackupJob
    from ...records.state import CopyJob, RecoveryPoint, State, Vault
    from ...wire import Request

NAMESPACE = "AWS/Backup"
Names = tuple[str, ...]
# States that have a metric; there is none for a PARTIAL copy.
COPIES = frozenset({"CREATED", "RUNNING", "COMPLETED", "FAILED"})
BACKUPS = frozenset({"CREATED", "PENDING", "RUNNING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL"})
POINTS = frozenset({"COMPLETED", "PARTIAL", "EXPIRED", "DELETING", "COLD"})
_FIELD = re.compile(r"(.*?)\.?Dimensions\.member\.\d+\.Name")


def copy_job(state: State, job: CopyJob, now: float) -> None:
    """Count a copy job that is in another state now."""
    if job.state in COPIES:
        vault = job.destination_vault_arn.rpartition(":")[2]
        metric = f"CopyJobs{job.state.title()}"
        _count(state, metrics.Change(job.account, job.region, metric, vault, job.resource_type, _slot(now)))


def backup_job(state: State, job: BackupJob, now: float) -> None:
    """Count a backup job that is in another state now."""
    if job.state in BACKUPS:
        vault = job.vault_arn.rpartition(":")[2]
        metric = f"BackupJobs{job.state.title()}"
        _count(state, metrics.Change(job.account, job.region, metric, vault, job.resource_type, _slot(now)))


def recovery_point(state: State, vault: Vault, point: RecoveryPoint, change: str, now: float) -> None:
    """Count a recovery point of which something has become."""
    if change in POINTS:
        metric = f"RecoveryPoints{change.title()}"
        _count(state, metrics.Change(vault.account, vault.region, metric, vault.name, point.resource_type, _slot(now)))


def _slot(now: float) -> int:
    return int(now // metrics.SLOT) * metrics.SLOT


def _count(state: State, change: metrics.Change) -> None:
    if state.feed.opened:  # what the world file puts there is nothing new
        state.metrics[change] += 1


def asked(operation: str, request: Request) -> frozenset[Names]:
    """The sets of dimensions that a request to CloudWatch asks of AWS Backup; nothing for most requests.

    Raises:
        CommonError: the request cannot be read, or mixes metrics with and without dimensions.
    """
    if operation not in {"GetMetricStatistics", "GetMetricData", "ListMetrics"} or not _names_us(operation, request):
        return frozenset()
    if operation == "ListMetrics":
        return frozenset(metrics.DIMENSIONS)
    if "x-amz-target" in request.headers:
        found = frozenset(_of_json(_read(request.body)))
    elif b"Action=" in request.body or "Action=" in request.query:
        found = frozenset(_of_form(request))
    else:
        raise unimplemented(f"{NAMESPACE} of {operation} in CBOR")
    if () in found and len(found) > 1:
        text = f"The simulator cannot tell metrics of {NAMESPACE} with and without dimensions apart in one request"
        raise CommonError("NotImplemented", text)
    return found & frozenset(metrics.DIMENSIONS)


def _names_us(operation: str, request: Request) -> bool:
    text = request.body + request.query.encode()
    return operation == "ListMetrics" or NAMESPACE.encode() in text or b"AWS%2FBackup" in text


def _read(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return {}  # which moto refuses


def _of_json(body: Any) -> Iterable[Names]:  # noqa: ANN401 - JSON
    """The dimensions of the one metric of GetMetricStatistics, or of each of GetMetricData."""
    queries = _member(body, "MetricDataQueries")
    asked = [_member(_member(query, "MetricStat"), "Metric") for query in _listed(queries)] if queries else [body]
    return [
        tuple(sorted(str(_member(one, "Name")) for one in _listed(_member(metric, "Dimensions"))))
        for metric in asked
        if _member(metric, "Namespace") == NAMESPACE
    ]


def _member(found: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return found.get(name) if isinstance(found, dict) else None


def _listed(found: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return found if isinstance(found, list) else []


def _of_form(request: Request) -> Iterable[Names]:
    fields = urllib.parse.parse_qsl(request.body.decode("utf-8", "replace") or request.query)
    found: dict[str, list[str]] = {
        name.removesuffix("Namespace").rstrip("."): []
        for name, value in fields
        if name.rpartition(".")[2] == "Namespace" and value == NAMESPACE
    }
    for name, value in fields:
        place = _FIELD.fullmatch(name)
        if place and place[1] in found:
            found[place[1]].append(value)
    return [tuple(sorted(names)) for names in found.values()]


def points(state: State, account: str, region: str, operation: str, request: Request) -> Sequence[metrics.Point]:
    """The points that a request to CloudWatch is about; of each metric the last one for a list of metrics."""
    wanted = asked(operation, request)
    if not wanted:
        return ()
    found = tuple(metrics.points(state.metrics, account, region, wanted, state.now()))
    if operation == "ListMetrics":
        return tuple({(point.metric, point.dimensions): point for point in found}.values())
    return found


FIDELITY = (
    Behaviour(
        "CloudWatch metrics of AWS Backup: how many copy jobs, backup jobs and recovery points came into a state, in "
        "points of five minutes, none without a count, each when its five minutes are over",
        "DG; that RUNNING counts those that begin to run: assumed",
        "test_backup_metrics.py::test_copies_are_counted_by_state",
    ),
    Behaviour(
        "Metrics by BackupVaultName, by ResourceType and by both; the vault of a copy is its destination",
        "DG; which sets together: assumed",
        "test_backup_metrics.py::test_metrics_have_three_sets_of_dimensions",
    ),
    Behaviour(
        "Metrics of AWS Backup are shown in JSON and in the query protocol; in CBOR, and with and without dimensions "
        "in one GetMetricData: 501. Alarms look at nothing",
        "missing",
        "test_backup_metrics.py::test_other_ways_to_ask",
    ),
)
