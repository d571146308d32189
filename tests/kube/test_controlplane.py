"""The control plane that every other test here stands on: it serves, it refuses, it survives faults, it goes away."""

import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from tools import binaries
from tools.apiclient import ApiClient, ApiError, Request, RequestCounts
from tools.controlplane import PREFIX, ControlPlane, ControlPlaneError
from tools.processes import ReservedPort, TetheredProcess
from tools.scratch import ScratchFolder

pytestmark = pytest.mark.kube

ROOT = Path(__file__).parents[2]


def eventually(claim: Callable[[], bool], *, seconds: float = 15.0) -> bool:
    """Wait for a claim to become true."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie waiting for a parent that does not care."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


@pytest.fixture
def own_plane() -> Iterator[ControlPlane]:
    """A control plane that the test may break."""
    with ControlPlane.start() as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = request.node.name.replace("_", "-").lower()[:60].strip("-")
    control_plane.kubectl("create", "namespace", name)
    return str(name)


class TestServing:
    """What a client sees."""

    def test_server_is_ready_and_tells_its_version(self, control_plane: ControlPlane) -> None:
        """A started control plane serves at once, under the pinned version unless an own folder is set."""
        version = control_plane.api.json("GET", "/version")["gitVersion"]

        assert control_plane.api.text("GET", "/readyz") == "ok"
        if binaries.find("kube-apiserver") == binaries.cache_folder() / "kube-apiserver":
            assert version == binaries.TOOLS["kube-apiserver"].version()

    def test_client_without_the_bundle_refuses_the_server(self, control_plane: ControlPlane) -> None:
        """The certificate is really verified: with the system's authorities alone there is no connection."""
        context = ssl.create_default_context()

        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{control_plane.url}/readyz", context=context)  # noqa: S310 - our own server

    def test_wrong_token_is_unauthorized(self, control_plane: ControlPlane) -> None:
        """Authentication is on."""
        stranger = ApiClient(int(control_plane.url.rpartition(":")[2]), control_plane.ca_file, "wrong")

        with pytest.raises(ApiError, match="Unauthorized") as raised:
            stranger.text("GET", "/api/v1/namespaces")
        assert raised.value.status == 401

    def test_kubectl_failure_tells_what_kubectl_said(self, control_plane: ControlPlane) -> None:
        """A failing command raises with the text of the error, unless the test wants to look itself."""
        with pytest.raises(ControlPlaneError, match="NotFound"):
            control_plane.kubectl("get", "namespace", "nowhere")

        assert control_plane.kubectl("get", "namespace", "nowhere", check=False).returncode == 1

    def test_files_with_secrets_are_private(self, control_plane: ControlPlane) -> None:
        """Nobody else on the machine can read keys and tokens."""
        kubeconfig = control_plane.kubeconfig_admin()

        assert stat.S_IMODE(control_plane.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600


class TestIdentities:
    """Who a kubeconfig is, and what RBAC lets them do."""

    def test_user_without_rights_is_forbidden(self, control_plane: ControlPlane, namespace: str) -> None:
        """RBAC is on, and a user is who the kubeconfig says."""
        alice = control_plane.kubeconfig_for_user("alice", ["developers"])

        result = control_plane.kubectl("get", "configmaps", "-n", namespace, kubeconfig=alice, check=False)
        who = control_plane.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo}", kubeconfig=alice).stdout

        assert result.returncode == 1
        assert 'User "alice" cannot list resource "configmaps"' in result.stderr
        assert '"alice"' in who
        assert '"developers"' in who

    def test_user_gets_the_rights_of_a_group(self, control_plane: ControlPlane, namespace: str) -> None:
        """A binding to a group reaches its members, and nothing beyond the binding."""
        control_plane.kubectl("create", "role", "reader", "--verb=list,get", "--resource=configmaps", "-n", namespace)
        control_plane.kubectl("create", "rolebinding", "readers", "--role=reader", "--group=auditors", "-n", namespace)
        bob = control_plane.kubeconfig_for_user("bob", ["others", "auditors"])

        assert eventually(
            lambda: (
                not control_plane.kubectl("get", "configmaps", "-n", namespace, kubeconfig=bob, check=False).returncode
            )
        )
        refused = control_plane.kubectl("create", "configmap", "mine", "-n", namespace, kubeconfig=bob, check=False)
        assert "Forbidden" in refused.stderr.title()

    def test_service_account_has_its_rights_only(self, control_plane: ControlPlane, namespace: str) -> None:
        """A ServiceAccount's kubeconfig works in its namespace, as far as its role goes."""
        control_plane.kubectl("create", "serviceaccount", "robot", "-n", namespace)
        control_plane.kubectl("create", "role", "r", "--verb=get,list", "--resource=configmaps", "-n", namespace)
        control_plane.kubectl(
            "create", "rolebinding", "r", "--role=r", f"--serviceaccount={namespace}:robot", "-n", namespace
        )
        robot = control_plane.kubeconfig_for_service_account(namespace, "robot")

        def can(*question: str) -> bool:
            return control_plane.kubectl("auth", "can-i", *question, kubeconfig=robot, check=False).returncode == 0

        assert eventually(lambda: can("list", "configmaps"))
        assert not can("create", "configmaps")
        assert not can("list", "configmaps", "-n", "default")
        assert control_plane.kubectl("get", "configmaps", kubeconfig=robot).returncode == 0

    def test_missing_service_account_has_no_kubeconfig(self, control_plane: ControlPlane) -> None:
        """A misspelt name is an error, never a new account."""
        with pytest.raises(ApiError, match="not found"):
            control_plane.kubeconfig_for_service_account("default", "nobody")


class TestCounting:
    """How tests prove silence."""

    def test_writes_are_counted_by_resource_and_verb(self, control_plane: ControlPlane, namespace: str) -> None:
        """The counters grow by exactly what was written, reads apart."""
        before = control_plane.request_counts()
        control_plane.kubectl("create", "configmap", "one", "-n", namespace)
        control_plane.kubectl("label", "configmap", "one", "a=b", "-n", namespace)
        grown = control_plane.request_counts().since(before)

        assert grown.writes(group="", resource="configmaps") == 2
        assert grown.total(resource="configmaps", verb="POST", code=201) == 1
        assert grown.total(resource="configmaps", verb="PATCH", code=200) == 1
        assert grown.total(resource="configmaps", verb="GET") == 1
        assert grown.writes(resource="configmaps", subresource="status") == 0

    def test_audit_log_names_writer_and_object(self, control_plane: ControlPlane, namespace: str) -> None:
        """The audit log tells who wrote what, in order."""
        control_plane.kubectl("create", "configmap", "seen", "-n", namespace)
        control_plane.kubectl("delete", "configmap", "seen", "-n", namespace)
        writes = [
            (event["verb"], event["objectRef"]["name"])
            for event in control_plane.audit_writes(user="admin", group="")
            if event["objectRef"].get("namespace") == namespace and event["objectRef"]["resource"] == "configmaps"
        ]

        assert writes == [("create", "seen"), ("delete", "seen")]

    def test_counters_are_summed_per_kind(self) -> None:
        """Labels that nobody asks for are added up; what did not grow is not listed."""
        registry = CollectorRegistry()
        labels = ("code", "component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version")
        counter = Counter("apiserver_request", "Requests", labels, registry=registry)
        counter.labels("200", "apiserver", "", "a", "r", "namespace", "status", "PATCH", "v1").inc(2)
        before = RequestCounts.parse(generate_latest(registry).decode())
        counter.labels("200", "apiserver", "", "a", "r", "resource", "status", "PATCH", "v1").inc(3)
        counter.labels("409", "apiserver", "", "a", "r", "resource", "", "PUT", "v1").inc()
        grown = RequestCounts.parse(generate_latest(registry).decode()).since(before)

        assert dict(grown.counts) == {
            Request("PATCH", "a", "r", "status", 200): 3,
            Request("PUT", "a", "r", "", 409): 1,
        }
        assert grown.writes() == 4
        assert grown.writes(subresource="") == 1


class TestFaults:
    """What fault tests stand on."""

    def test_killed_server_comes_back_with_its_data(self, own_plane: ControlPlane) -> None:
        """A kill refuses clients, a start brings back address, certificate, tokens and objects."""
        own_plane.kubectl("create", "configmap", "kept")
        own_plane.kubectl("create", "serviceaccount", "robot")
        token = own_plane.service_account_token("default", "robot")
        address, certificate = own_plane.url, own_plane.ca_file.read_text()

        own_plane.kill_apiserver()

        with pytest.raises(ConnectionRefusedError):
            own_plane.api.text("GET", "/readyz")
        assert own_plane.pids().keys() == {"etcd"}

        own_plane.start_apiserver()

        assert (own_plane.url, own_plane.ca_file.read_text()) == (address, certificate)
        assert own_plane.kubectl("get", "configmap", "kept").returncode == 0
        with pytest.raises(ApiError) as refused:  # known, and without rights
            ApiClient(int(address.rpartition(":")[2]), own_plane.ca_file, token).text("GET", "/api/v1/secrets")
        assert refused.value.status == 403

    def test_starting_a_running_server_is_an_error(self, control_plane: ControlPlane) -> None:
        """A fault test that forgot the kill hears about it."""
        with pytest.raises(ControlPlaneError, match="running already"):
            control_plane.start_apiserver()

    def test_paused_server_hangs_and_goes_on(self) -> None:
        """A paused server takes connections without answering, answers again afterwards, and can be stopped paused."""
        with ControlPlane.start() as plane:
            pids = plane.pids()
            impatient = ApiClient(int(plane.url.rpartition(":")[2]), plane.ca_file, plane.admin_token, 0.5)
            plane.pause_apiserver()
            with pytest.raises(TimeoutError):
                impatient.text("GET", "/readyz")
            plane.resume_apiserver()
            answered = eventually(lambda: plane.api.answers("/readyz"))
            plane.pause_apiserver()

        assert answered
        assert [pid for pid in pids.values() if is_alive(pid)] == []

    def test_failed_start_shows_the_log_and_cleans_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server that ends at once is reported with its own words, and nothing stays."""
        for name, text in (("etcd", "exec sleep 60"), ("kube-apiserver", "echo the flag is unknown; exit 1")):
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)

        with pytest.raises(ControlPlaneError, match=r"(?s)kube-apiserver ended.*the flag is unknown"):
            ControlPlane.start()
        assert list(tmp_path.glob("crossvault-plane-*")) == []

    def test_server_that_never_gets_ready_is_reported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hanging start ends after its time, with the last words of the server."""
        for name in ("etcd", "kube-apiserver"):
            (tmp_path / name).write_text("#!/bin/sh\necho waiting for Godot\nexec sleep 60\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

        with pytest.raises(ControlPlaneError, match=r"(?s)kube-apiserver is not ready after 1 s.*Godot"):
            ControlPlane.start(timeout=1)

    def test_taken_port_is_retried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server that cannot bind makes the start try other ports, a few times."""
        starts = tmp_path / "starts"
        for name, text in (("etcd", "exec sleep 60"), ("kube-apiserver", f"echo x >> {starts}; exit 1")):
            (tmp_path / name).write_text(f"#!/bin/sh\necho bind: address already in use\n{text}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

        with pytest.raises(ControlPlaneError, match="address already in use"):
            ControlPlane.start()
        assert starts.read_text().splitlines() == ["x", "x", "x"]


@pytest.mark.skipif(
    binaries.find("kube-controller-manager") is None, reason="kube-controller-manager is built on request (--all)"
)
def test_controllers_delete_a_namespace() -> None:
    """With the controller manager a deleted namespace really goes, and roles aggregate."""
    with ControlPlane.start(controller_manager=True) as plane:
        plane.kubectl("create", "namespace", "short")
        plane.kubectl("create", "configmap", "inside", "-n", "short")
        plane.kubectl("delete", "namespace", "short", "--timeout=120s", timeout=130)

        assert plane.kubectl("get", "namespace", "short", check=False).returncode == 1
        assert plane.pids().keys() == {"etcd", "kube-apiserver", "kube-controller-manager"}


class TestEnding:
    """No way out leaves a process or a folder behind."""

    def test_end_of_the_block_leaves_nothing(self) -> None:
        """Servers and files are gone after the block; stopping again is harmless."""
        with ControlPlane.start() as plane:
            pids = plane.pids()
        plane.stop()

        assert [pid for pid in pids.values() if is_alive(pid)] == []
        assert not plane.folder.exists()

    def test_start_from_a_short_lived_thread_survives_it(self) -> None:
        """The kernel's tether follows the forking thread, which must not be the caller's; the kept logs stay."""
        planes: list[ControlPlane] = []
        starter = threading.Thread(target=lambda: planes.append(ControlPlane.start(keep=True)))
        starter.start()
        starter.join()

        with planes[0] as plane:
            assert not eventually(lambda: len(plane.pids()) < 2, seconds=0.5)
            assert plane.api.answers("/readyz")
        ScratchFolder(PREFIX).close(keep=False)
        assert (plane.folder / "kube-apiserver.log").stat().st_size > 0
        shutil.rmtree(plane.folder)

    @pytest.mark.parametrize(
        ("number", "folder_goes"),
        [
            pytest.param(signal.SIGINT, True, id="Ctrl-C ends the block in order"),
            pytest.param(signal.SIGKILL, False, id="SIGKILL makes the kernel end the servers"),
        ],
    )
    def test_no_server_survives_its_parent(self, tmp_path: Path, number: signal.Signals, folder_goes: bool) -> None:
        """However the parent ends, its servers end; a folder that stays is swept by the next start."""
        script = (
            "from tools.controlplane import ControlPlane\n"
            "import signal\n"
            # A shell that starts a job in the background has it ignore SIGINT.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "with ControlPlane.start() as plane:\n"
            "    print(plane.folder, *plane.pids().values(), flush=True)\n"
            "    signal.pause()\n"
        )
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        parent = subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        with parent:
            assert parent.stdout is not None
            folder, *pids = parent.stdout.readline().split()
            parent.send_signal(number)
            parent.wait(timeout=30)

        assert len(pids) == 2
        assert eventually(lambda: not any(is_alive(int(pid)) for pid in pids))
        assert Path(folder).exists() is not folder_goes

        sweeper = "from tools.scratch import ScratchFolder; ScratchFolder('crossvault-plane-').close(keep=False)"
        subprocess.run([sys.executable, "-c", sweeper], cwd=ROOT, env=environment, check=True)
        assert list(tmp_path.iterdir()) == []

    def test_stubborn_process_is_killed(self, tmp_path: Path) -> None:
        """A child that ignores SIGTERM gets its grace and then SIGKILL."""
        code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
        child = TetheredProcess([sys.executable, "-c", code], log=tmp_path / "log")
        assert eventually(lambda: child.last_lines() == "up")
        child.stop(grace=0.1)

        assert not child.running
        assert not is_alive(child.pid)

    def test_program_that_does_not_exist_ends_at_once(self, tmp_path: Path) -> None:
        """The log says what was wrong."""
        child = TetheredProcess([tmp_path / "nothing"], log=tmp_path / "log")

        assert child.wait(10)
        assert "No such file" in child.last_lines()

    def test_reserved_ports_differ_and_refuse(self) -> None:
        """A reserved port is nobody else's, and without a server behind it refuses at once."""
        ports = [ReservedPort() for _ in range(50)]
        numbers = {port.number for port in ports}

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", ports[0].number), timeout=2)
        for port in ports:
            port.release()
        assert len(numbers) == 50
