"""A real Kubernetes API for tests, demo and bench: etcd and kube-apiserver as our children, on loopback only.

``with ControlPlane.start() as cp:`` is ready in three seconds; its files lie in a temporary folder of its own.
However we end, the servers end too: in order at the end of the block, by the kernel when we are killed.
"""

import atexit
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from . import binaries
from .apiclient import AUDITED_WRITES, ApiClient, RequestCounts
from .certificates import Authority, Key
from .processes import ReservedPort, TetheredProcess
from .scratch import ScratchFolder

PREFIX = "crossvault-plane-"
PORT_TAKEN = "address already in use"
ATTEMPTS = 3
GRACE = 8.0
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "deployment-controller",
    "replicaset-controller",
    "clusterrole-aggregation-controller",
    "resourcequota-controller",
)
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlaneError(Exception):
    """A server did not start, or a command against it failed; the message holds what it said."""


class ControlPlane:
    """etcd, kube-apiserver and on request kube-controller-manager, with RBAC and verified TLS."""

    def __init__(self, *, audit: bool, keep: bool, timeout: float, programs: dict[str, Path]) -> None:
        self._scratch = ScratchFolder(PREFIX)
        self.folder = self._scratch.path
        self.admin_token = secrets.token_urlsafe(24)
        self._audit, self._keep, self._timeout, self._programs = audit, keep, timeout, programs
        self._authority = Authority.create("crossvault-test-users")
        self._ports = {name: ReservedPort() for name in ("etcd", "peer", "apiserver", "manager")}
        self._etcd: TetheredProcess | None = None
        self._apiserver: TetheredProcess | None = None
        self._manager: TetheredProcess | None = None
        atexit.register(self.stop)

    @classmethod
    def start(
        cls, *, controller_manager: bool = False, audit: bool = False, keep: bool = False, timeout: float = 60.0
    ) -> Self:
        """Start the servers and return when they are ready to serve.

        Args:
            controller_manager: Also run the controllers that delete namespaces, collect garbage, aggregate
                ClusterRoles and make pods; most tests do without.
            audit: Write the audit log that ``audit_events`` reads.
            keep: Leave the folder with data and logs behind.
            timeout: Seconds that each server gets to become ready.
        """
        names = ["kube-apiserver", "etcd", "kubectl", *(["kube-controller-manager"] if controller_manager else [])]
        programs = binaries.ensure(*names)
        for attempt in range(1, ATTEMPTS + 1):
            plane = cls(audit=audit, keep=keep, timeout=timeout, programs=programs)
            try:
                plane._boot(controller_manager=controller_manager)
            except ControlPlaneError as error:
                plane.stop()
                if PORT_TAKEN not in str(error) or attempt == ATTEMPTS:
                    raise
            except BaseException:
                plane.stop()
                raise
            else:
                return plane
        raise AssertionError("unreachable: the last attempt returns or raises")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the servers, each before the one it depends on, and remove the folder; safe to call again.

        kube-apiserver does not end while it waits for a dead etcd, hence the order. An interrupt during the waits
        still kills everything.
        """
        processes = [process for process in (self._manager, self._apiserver, self._etcd) if process]
        try:
            for process in processes:
                process.stop(GRACE)
        finally:
            for process in processes:
                process.kill()
            for port in self._ports.values():
                port.release()
            atexit.unregister(self.stop)
            self._scratch.close(keep=self._keep)

    # What clients need

    @property
    def url(self) -> str:
        """The address of the API server, which stays the same over restarts."""
        return f"https://127.0.0.1:{self._ports['apiserver'].number}"

    @property
    def ca_file(self) -> Path:
        """The certificate bundle that the API server generated and that clients verify it with."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def api(self) -> ApiClient:
        """A client with all rights."""
        return ApiClient(self._ports["apiserver"].number, self.ca_file, self.admin_token)

    def kubeconfig_admin(self) -> Path:
        """A kubeconfig with all rights (group system:masters)."""
        path = self.folder / "admin.kubeconfig"
        if not path.exists():
            self._kubeconfig("admin", {"token": self.admin_token}).rename(path)
        return path

    def kubeconfig_for_user(self, name: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig of a user with these groups, who has the rights that RBAC gives and no others.

        The identity is a client certificate: users can appear while the server runs, and a client that does not know
        a feature (as with impersonation) cannot become the administrator by mistake.
        """
        certificate, key = self._authority.client(name, groups)
        base = self.folder / f"user-{secrets.token_hex(4)}"
        self._private(base.with_suffix(".crt"), certificate)
        self._private(base.with_suffix(".key"), key)
        user = {"client-certificate": str(base.with_suffix(".crt")), "client-key": str(base.with_suffix(".key"))}
        return self._kubeconfig(name, user)

    def kubeconfig_for_service_account(self, namespace: str, name: str, *, seconds: int = 3600) -> Path:
        """A kubeconfig of an existing ServiceAccount, with its namespace as the default."""
        token = self.service_account_token(namespace, name, seconds=seconds)
        return self._kubeconfig(f"{namespace}-{name}", {"token": token}, namespace=namespace)

    def service_account_token(self, namespace: str, name: str, *, seconds: int = 3600) -> str:
        """Ask for a token of an existing ServiceAccount; the server refuses less than ten minutes."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        token: str = self.api.json("POST", path, body)["status"]["token"]
        return token

    def environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """The environment for kubectl and helm: our server, and no caches of another one on the same port."""
        return {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.kubeconfig_admin()),
            "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
            "HELM_CACHE_HOME": str(self.folder / "helm" / "cache"),
            "HELM_CONFIG_HOME": str(self.folder / "helm" / "config"),
            "HELM_DATA_HOME": str(self.folder / "helm" / "data"),
        }

    def kubectl(
        self,
        *args: str | Path,
        kubeconfig: Path | None = None,
        stdin: str | None = None,
        check: bool = True,
        timeout: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, as the administrator unless another kubeconfig is given.

        With ``check``, a failure raises ControlPlaneError with what kubectl said.
        """
        result = subprocess.run(
            [self._programs["kubectl"], *map(str, args)],
            env=self.environment(kubeconfig),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and result.returncode != 0:
            raise ControlPlaneError(f"kubectl {' '.join(map(str, args))}: {result.stderr or result.stdout}")
        return result

    # What tests count

    def request_counts(self) -> RequestCounts:
        """The API server's own counters; they begin at zero when it is restarted."""
        return RequestCounts.parse(self.api.text("GET", "/metrics"))

    def audit_events(self) -> list[dict[str, Any]]:
        """Every audited request so far, oldest first; needs ``start(audit=True)``."""
        if not self._audit:
            raise ControlPlaneError("This control plane was started without audit=True")
        # The server may be in the middle of the last line.
        lines = (self.folder / "audit.jsonl").read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def audit_writes(self, *, user: str | None = None, group: str | None = None) -> list[dict[str, Any]]:
        """The finished writes among the audited requests, of one user or to one API group."""
        return [
            event
            for event in self.audit_events()
            if event["verb"] in AUDITED_WRITES
            and event["stage"] == "ResponseComplete"
            and user in {None, event["user"]["username"]}
            and group in {None, event.get("objectRef", {}).get("apiGroup", "")}
        ]

    # What fault tests do

    def kill_apiserver(self) -> None:
        """Kill the API server; clients are refused until ``start_apiserver``."""
        self._running(self._apiserver).kill()

    def start_apiserver(self) -> None:
        """Start the API server again after a kill, on the same port with the same data, and wait until it is ready."""
        if self._apiserver and self._apiserver.running:
            raise ControlPlaneError("The API server is running already")
        self._launch_apiserver()
        self._wait_for_apiserver()

    def pause_apiserver(self) -> None:
        """Freeze the API server; clients still connect, and wait."""
        self._running(self._apiserver).pause()

    def resume_apiserver(self) -> None:
        """Let a frozen API server go on."""
        self._running(self._apiserver).resume()

    def pids(self) -> dict[str, int]:
        """The process ids of the servers that run."""
        processes = (self._etcd, self._apiserver, self._manager)
        return {process.name: process.pid for process in processes if process and process.running}

    # How it starts

    def _boot(self, *, controller_manager: bool) -> None:
        self._write_credentials()
        self._launch_etcd()
        self._launch_apiserver()
        self._wait_for_apiserver()
        if controller_manager:
            self._launch_manager()

    def _write_credentials(self) -> None:
        self._private(self.folder / "tokens.csv", f"{self.admin_token},admin,admin,system:masters\n")
        self._private(self.folder / "users-ca.crt", self._authority.certificate)
        self._private(self.folder / "service-accounts.key", Key.generate().pem())
        self._private(self.folder / "audit-policy.yaml", yaml.safe_dump(AUDIT_POLICY))

    def _launch_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{self._ports[name].number}" for name in ("etcd", "peer"))
        command: list[str | Path] = [
            self._programs["etcd"],
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--socket-reuse-port",
        ]
        self._etcd = TetheredProcess(command, log=self.folder / "etcd.log")

    def _launch_apiserver(self) -> None:
        command: list[str | Path] = [
            self._programs["kube-apiserver"],
            f"--etcd-servers=http://127.0.0.1:{self._ports['etcd'].number}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._ports['apiserver'].number}",
            "--permit-port-sharing",
            f"--cert-dir={self.ca_file.parent}",
            f"--client-ca-file={self.folder / 'users-ca.crt'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'service-accounts.key'}",
            f"--service-account-signing-key-file={self.folder / 'service-accounts.key'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            # Pods would need token secrets; nothing here runs pods.
            "--disable-admission-plugins=ServiceAccount",
        ]
        if self._audit:
            command += [
                f"--audit-policy-file={self.folder / 'audit-policy.yaml'}",
                f"--audit-log-path={self.folder / 'audit.jsonl'}",
                "--audit-log-maxsize=10000",  # megabytes before rotation, which would hide events from the tests
            ]
        self._apiserver = TetheredProcess(command, log=self.folder / "kube-apiserver.log")

    def _wait_for_apiserver(self) -> None:
        """Wait for /readyz, which includes the built-in roles, and for the namespace that everyone expects."""
        api = ApiClient(self._ports["apiserver"].number, self.ca_file, self.admin_token, timeout=2.0)
        self._wait_until(lambda: api.answers("/readyz"), self._running(self._apiserver))
        self._wait_until(lambda: api.answers("/api/v1/namespaces/default"), self._running(self._apiserver))

    def run_controllers(self) -> None:
        """Start the controllers now: they learn at their start, or half a minute later, which kinds there are."""
        self._programs |= binaries.ensure("kube-controller-manager")
        self._launch_manager()

    def _launch_manager(self) -> None:
        kubeconfig, port = self.kubeconfig_admin(), self._ports["manager"].number
        certificates = self.folder / "manager-certificates"
        command: list[str | Path] = [
            self._programs["kube-controller-manager"],
            *(f"--{kind}kubeconfig={kubeconfig}" for kind in ("", "authentication-", "authorization-")),
            f"--service-account-private-key-file={self.folder / 'service-accounts.key'}",
            f"--root-ca-file={self.ca_file}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--permit-port-sharing",
            f"--cert-dir={certificates}",
            f"--controllers={','.join(CONTROLLERS)}",
        ]
        self._manager = TetheredProcess(command, log=self.folder / "kube-controller-manager.log")
        api = ApiClient(port, certificates / "kube-controller-manager.crt", self.admin_token, timeout=2.0)
        self._wait_until(lambda: api.answers("/healthz"), self._manager)

    def _wait_until(self, ready: Callable[[], bool], process: TetheredProcess) -> None:
        """Wait for a server without sleeping longer than it takes, and notice at once when a server ends."""
        deadline = time.monotonic() + self._timeout
        while not ready():
            ended = [server for server in (self._running(self._etcd), process) if not server.running]
            for server in ended:
                raise ControlPlaneError(f"{server.name} ended while it started:\n{server.last_lines()}")
            if time.monotonic() > deadline:
                said = process.last_lines()
                raise ControlPlaneError(f"{process.name} is not ready after {self._timeout:.0f} s:\n{said}")
            process.wait(0.03)

    @staticmethod
    def _running(process: TetheredProcess | None) -> TetheredProcess:
        if process is None:
            raise ControlPlaneError("The control plane was not started")
        return process

    def _kubeconfig(self, name: str, user: dict[str, str], *, namespace: str = "default") -> Path:
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {"name": "crossvault", "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)}}
            ],
            "users": [{"name": name, "user": user}],
            "contexts": [
                {"name": name, "context": {"cluster": "crossvault", "user": name, "namespace": namespace}},
            ],
        }
        path = self.folder / f"{name.replace('/', '_')}-{secrets.token_hex(4)}.kubeconfig"
        self._private(path, yaml.safe_dump(content))
        return path

    @staticmethod
    def _private(path: Path, content: str) -> None:
        path.touch(mode=0o600)
        path.write_text(content)
