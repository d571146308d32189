"""A user's cluster: the chart installed, the operator running as its ServiceAccount, a simulated AWS, and kubectl."""

from __future__ import annotations

import json
import re
import secrets
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.waiting import until
from tools import binaries
from tools.controlplane import ControlPlane, ControlPlaneError
from tools.demo import world as demo
from tools.processes import TetheredProcess

from backup_simulator.server import SimulatorServer

Json = dict[str, Any]

CHART = demo.ROOT / "deploy" / "helm" / "crossvault"
NAMESPACE = "crossvault-system"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:crossvault"
PORTS = re.compile(r"metrics are on port (\d+), probes on port (\d+)")


def install(plane: ControlPlane) -> None:
    """Install the chart as a user would."""
    helm = binaries.find("helm")
    assert helm is not None
    words: list[str | Path] = [helm, "install", "crossvault", CHART, "-n", NAMESPACE, "--create-namespace"]
    answer = subprocess.run(words, env=plane.environment(), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    plane.kubectl("wait", "--for=condition=Established", "crd", "-l", "app.kubernetes.io/name=crossvault")


def lively(**changes: Any) -> Json:
    """Return the world of the fault tests with a clock that runs, and copies that take a second."""
    made = scene.world(**changes)
    made["clock"] = {"start": "now"}
    made["durations"] = {"created": 0.3, "running": "1s", "toggle_off": "15m"}
    return made


class Operator:
    """One life of the operator's process."""

    def __init__(
        self, plane: ControlPlane, aws: SimulatorServer, *, module: str, environment: Mapping[str, str]
    ) -> None:
        kubeconfig = plane.kubeconfig_for_service_account(NAMESPACE, "crossvault")
        words: list[str | Path] = [
            "--kubeconfig",
            kubeconfig,
            "--host",
            "127.0.0.1",
            "--metrics-port",
            "0",
            "--probe-port",
            "0",
            "--log-format",
            "text",
        ]
        words += ["--interval", "3s", "--follow-interval", "1s", "--relist-interval", "20s"]
        self.process = TetheredProcess(
            [sys.executable, "-m", module, "operator", *words],
            log=plane.folder / f"operator-{secrets.token_hex(3)}.log",
            environment={**demo.operator_environment(aws), **environment, "PYTHONPATH": str(demo.ROOT)},
        )
        try:
            self.metrics_port, self.probe_port = until(
                self._ports, "the operator says its ports", told=self.process.last_lines
            )
            until(lambda: self._get("/readyz") is not None, "the operator is ready", told=self.process.last_lines)
        except BaseException:
            self.process.kill()
            raise

    def _ports(self) -> tuple[int, int] | None:
        assert self.process.running, self.process.last_lines()
        found = PORTS.search(self.process.log.read_text(errors="replace"))
        return (int(found[1]), int(found[2])) if found else None

    def _get(self, path: str) -> str | None:
        port = self.metrics_port if path == "/metrics" else self.probe_port
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return cast("bytes", answer.read()).decode()
        except OSError:
            return None

    def samples(self) -> list[Sample]:
        """Scrape the metrics."""
        text = until(lambda: self._get("/metrics"), "metrics")
        return [sample for family in text_string_to_metric_families(text or "") for sample in family.samples]


class Cluster:
    """What a test does, as administrator of the cluster and of AWS."""

    def __init__(self, plane: ControlPlane, aws: SimulatorServer) -> None:
        self.plane, self.aws, self.control = plane, aws, aws.control
        self.namespace = f"t-{secrets.token_hex(4)}"
        self.lives: list[Operator] = []
        self.kubectl("create", "namespace", self.namespace)

    def kubectl(self, *words: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl and return what it printed."""
        answer = self.plane.kubectl(*words, stdin=stdin, check=check)
        return answer.stdout + answer.stderr

    # --- the operator

    def start(self, module: str = "crossvault", **environment: str) -> Operator:
        """Start the operator."""
        operator = Operator(self.plane, self.aws, module=module, environment=environment)
        self.lives.append(operator)
        return operator

    @property
    def operator(self) -> Operator:
        """The present life of the operator."""
        return self.lives[-1]

    def log(self) -> str:
        """Return the end of the operator's log, for failures."""
        return self.operator.process.last_lines(15) if self.lives else ""

    def end(self) -> None:
        """End the operator and remove what the test declared, without the operator's help."""
        for life in self.lives:
            life.process.stop(10)
        patch = '{"metadata":{"finalizers":null}}'
        for item in json.loads(self.kubectl("get", "cabp", "-A", "-o", "json"))["items"]:
            where = (item["metadata"]["name"], "-n", item["metadata"]["namespace"])
            self.kubectl("patch", "cabp", *where, "--type=merge", "-p", patch, check=False)
            self.kubectl("delete", "cabp", *where, "--ignore-not-found")
        self.kubectl("delete", "bacct,borg", "--all")

    # --- objects

    def apply(self, *bodies: Mapping[str, Any]) -> None:
        """Apply objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(bodies)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def refuse(self, body: Mapping[str, Any]) -> str:
        """Apply an object that is refused, and return what kubectl says."""
        try:
            self.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        except ControlPlaneError as error:
            return str(error)
        raise AssertionError("kubectl accepted it")

    def accounts(self, *names: str, **spec: Any) -> None:
        """Declare accounts that the test's namespace may use."""
        allowed = {"allowedNamespaces": {"names": [self.namespace]}}
        for name in names or ("production", "dr"):
            body = scene.accounts()[name]
            self.apply(
                {**body, "metadata": {"name": name}, "spec": {**body["spec"], **allowed, **spec}},
            )

    def policy(self, name: str = "orders", **spec: Any) -> Json:
        """Return a policy in the test's namespace."""
        body = scene.policy(**spec)
        del body["status"]
        return {**body, "metadata": {"name": name, "namespace": self.namespace}}

    def get(self, name: str = "orders", kind: str = "cabp") -> Json:
        """Return an object; empty when there is none."""
        where = ("-n", self.namespace) if kind == "cabp" else ()
        text = self.kubectl("get", kind, name, *where, "-o", "json", "--ignore-not-found")
        return cast("Json", json.loads(text)) if text.strip() else {}

    def ready(self, name: str = "orders", kind: str = "cabp", condition: str = "Ready") -> tuple[str, str]:
        """Return status and reason of a condition, once it is about the present spec."""
        body = self.get(name, kind)
        if body.get("status", {}).get("observedGeneration") != body.get("metadata", {}).get("generation"):
            return "", ""
        return scene.condition(body, condition) if body else ("", "")

    def wait(
        self, status: str, reason: str, name: str = "orders", condition: str = "Ready", kind: str = "cabp"
    ) -> None:
        """Wait for a condition."""
        until(
            lambda: self.ready(name, kind, condition) == (status, reason),
            f"{name} is {reason}",
            told=lambda: f"{json.dumps(self.get(name, kind).get('status'), indent=1)}\n{self.log()}",
        )

    def wait_until_all_is_copied(self, name: str = "orders") -> Json:
        """Wait until every recovery point in scope has its copy, and return the policy."""

        def look() -> Json:
            body = self.get(name)
            copied = str(body.get("status", {}).get("summary", {}).get("copied", "0/1")).split("/")
            return body if copied[0] == copied[1] and self.ready(name) == ("True", "Protected") else {}

        return until(look, "every copy is there", told=lambda: f"{self.get(name).get('status')}\n{self.log()}")

    def events(self, name: str = "orders") -> list[tuple[str, str, str]]:
        """Return type, reason and message of the events about a policy, oldest first."""
        items = json.loads(self.kubectl("get", "events.events.k8s.io", "-n", self.namespace, "-o", "json"))["items"]
        mine = [each for each in items if each["regarding"]["name"] == name]
        return [(each["type"], each["reason"], each["note"]) for each in sorted(mine, key=_moment)]

    def gone(self, name: str = "orders") -> bool:
        """Tell whether a policy is gone."""
        return not self.get(name)

    # --- AWS

    def copies(self, vault: str = "orders-copies", account_id: str = scene.BACKUP) -> list[tuple[str, float]]:
        """Return what the copies in a vault are copies of."""
        with self.aws.simulator.lock:
            points = self.control.vault(account_id, scene.AWAY, vault).points.values()
            return sorted((each.resource_arn, each.created) for each in points)

    def jobs(self) -> list[tuple[str, str]]:
        """Return recovery point and destination of every copy job AWS has."""
        with self.aws.simulator.lock:
            jobs = self.aws.state.accounts[scene.PRODUCTION].regions[scene.HOME].copy_jobs.values()
            return sorted((each.source_point_arn, each.destination_vault_arn) for each in jobs)

    def statements(self, vault: str = "orders-copies", account_id: str = scene.BACKUP) -> list[Json]:
        """Return the statements of a vault's policy."""
        with self.aws.simulator.lock:
            try:
                policy = self.control.vault(account_id, scene.AWAY, vault).policy
            except LookupError:
                return []
            return list(policy.document["Statement"]) if policy is not None else []

    def admin(self, account_id: str = scene.BACKUP) -> Any:
        """Return a client of somebody with all rights in an account."""
        return self.aws.client("backup", account_id, "admin", region=scene.AWAY)

    def writes(self) -> list[str]:
        """Return the mutating calls of the operator so far."""
        found = self.control.calls(mutating=True, service="backup")
        return [each.operation for each in found if "/crossvault-" in each.principal]


def _moment(event: Mapping[str, Any]) -> str:
    return str(event["eventTime"])


def serving(plane: ControlPlane, world: Json) -> Iterator[Cluster]:
    """Yield a cluster with an AWS of its own; everything ends with it."""
    with SimulatorServer(world) as aws:
        cluster = Cluster(plane, aws)
        try:
            yield cluster
        finally:
            cluster.end()
        strange = set(cluster.writes()) - scene.PERMITTED
        assert not strange, f"the operator called {strange}"


def scheduled(plane: ControlPlane, schedule: Callable[[Cluster], Json], **destination: Any) -> Iterator[Cluster]:
    """Yield a running operator whose policy has a schedule, once the plan selects two resources without a backup."""
    for cluster in serving(plane, scheduling.running()):
        cluster.start()
        cluster.accounts("production", "dr")
        cluster.apply(cluster.policy(schedule=schedule(cluster), destinations=[scene.destination(**destination)]))
        until(lambda: selecting(cluster), "the plan selects what is declared", told=cluster.log)  # noqa: B023 - at once
        yield cluster


def source(cluster: Cluster) -> Any:
    """Return a client of the source account's administrator."""
    return cluster.aws.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)


def selecting(cluster: Cluster) -> Json:
    """Return the plan of the source account once it selects something."""
    found = scheduling.plans_of(source(cluster))
    return found[0] if found and found[0]["selections"] else {}


def kill(operator: Operator) -> None:
    """End an operator as the kernel does when memory is short."""
    operator.process.send(signal.SIGKILL)
    assert operator.process.wait(10)
