"""The simulated AWS: requests per second and server CPU per request, and what a million recovery points cost.

One raw keep-alive client in this process sends requests that were signed before; the server has a process of its own.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from backup_simulator.world import large

TICKS = os.sysconf("SC_CLK_TCK")
SOURCE = large.source_id(0)
VAULT = "vault-1"
LARGE_ACCOUNTS, LARGE_VAULTS = 10, 10
LEAST_LARGE = LARGE_ACCOUNTS * LARGE_VAULTS
"""How many recovery points the large world has at least: one in each vault."""


@dataclass(frozen=True, slots=True)
class Server:
    """A simulator in a process of its own."""

    pid: int
    port: int
    seconds_to_serve: float

    def cpu(self) -> float:
        """CPU seconds it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Its resident memory in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1000


@contextmanager
def serving(world: dict[str, Any], *, strict_out: bool = False) -> Iterator[Server]:
    """Serve a world until the context ends."""
    with tempfile.TemporaryDirectory(prefix="crossvault-bench-") as folder:
        file, port_file = Path(folder) / "world.yaml", Path(folder) / "port"
        file.write_text(yaml.safe_dump(world), "utf-8")
        command = [sys.executable, "-m", "backup_simulator", "serve", "--world", str(file), "--port-file"]
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, str(port_file), "--strict-out" if strict_out else "--no-strict-out"], stdout=subprocess.DEVNULL
        )
        try:
            while not port_file.is_file() or not port_file.read_text("utf-8"):
                if process.poll() is not None:
                    raise RuntimeError("the simulator did not start")
                time.sleep(0.02)
            yield Server(process.pid, int(port_file.read_text("utf-8")), time.monotonic() - began)
        finally:
            process.terminate()
            process.wait()


class Client:
    """A keep-alive connection that speaks just enough HTTP."""

    def __init__(self, port: int, account: str = SOURCE) -> None:
        self.port = port
        self.account = account
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def signed(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The bytes of a request."""
        request = AWSRequest(method=method, url=f"http://127.0.0.1:{self.port}{path}", data=body)
        key = large.user(self.account)["access_key"]
        SigV4Auth(Credentials(key["id"], key["secret"]), "backup", large.SOURCE_REGION).add_auth(request)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def sent(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer; raises unless it is 200."""
        self._socket.sendall(request)
        status = self._file.readline()
        length = 0
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        body = self._file.read(length)
        if b" 200 " not in status:
            raise RuntimeError(f"{status!r} {body!r}")
        return body

    def call(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Sign, send, and read the answer as JSON."""
        found: dict[str, Any] = json.loads(self.sent(self.signed(method, path, body)))
        return found

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def measure(*, points: int) -> dict[str, Any]:
    """Measure calls on a world of 10,000 recovery points, and loading and resetting one of about ``points``."""
    small = large.world(accounts=1, vaults=1, resources=100, points=100)
    with serving(small) as server:
        result = _calls(server)
    with serving(small, strict_out=True) as server:
        result["page_of_1000_checked"] = _pages(server)
    return result | {"large_world": _large(points)}


def _calls(server: Server) -> dict[str, Any]:
    client = Client(server.port)
    pages = _pages(server)
    starts = [client.signed("PUT", "/copy-jobs", _copy(arn)) for arn in _arns(client, 2000)]
    started = _timed(server, client, starts)
    job = client.call("GET", "/copy-jobs/?maxResults=1")["CopyJobs"][0]["CopyJobId"]
    described = _timed(server, client, [client.signed("GET", f"/copy-jobs/{job}")] * 5000)
    listed = _timed(server, client, [client.signed("GET", "/copy-jobs/?maxResults=1000")] * 50)
    client.close()
    return {
        "describe_copy_job": described,
        "start_copy_job": started,
        "page_of_1000": pages,
        "page_of_1000_copy_jobs": listed,
    }


def _pages(server: Server) -> dict[str, float]:
    client = Client(server.port)
    path = f"/backup-vaults/{VAULT}/recovery-points/?maxResults=1000"
    requests, token = [], None
    for _ in range(10):
        address = path + (f"&nextToken={quote(token, safe='')}" if token else "")
        requests.append(client.signed("GET", address))
        token = json.loads(client.sent(requests[-1]))["NextToken"]
    found = _timed(server, client, requests * 20)
    client.close()
    return found


def _arns(client: Client, count: int) -> list[str]:
    path, token = f"/backup-vaults/{VAULT}/recovery-points/?maxResults=1000", ""
    arns: list[str] = []
    while len(arns) < count:
        page = client.call("GET", path + token)
        arns += [each["RecoveryPointArn"] for each in page["RecoveryPoints"]]
        token = f"&nextToken={quote(page['NextToken'] or '', safe='')}"
    return arns[:count]


def _copy(arn: str) -> bytes:
    return json.dumps(
        {
            "RecoveryPointArn": arn,
            "SourceBackupVaultName": VAULT,
            "DestinationBackupVaultArn": large.target_vault_arn(0, 1),
            "IamRoleArn": large.copy_role_arn(0),
            "IdempotencyToken": arn,
        }
    ).encode()


def _timed(server: Server, client: Client, requests: Sequence[bytes]) -> dict[str, float]:
    for request in requests[: len(requests) // 20]:
        client.sent(request)  # warm up; a repeated StartCopyJob has the token it had before
    cpu, began = server.cpu(), time.perf_counter()
    for request in requests:
        client.sent(request)
    elapsed, used = time.perf_counter() - began, server.cpu() - cpu
    return {"per_second": round(len(requests) / elapsed), "server_cpu_ms": round(used / len(requests) * 1000, 3)}


def large_shape(points: int) -> dict[str, Any]:
    """What a large world of at most so many recovery points, and hardly fewer, consists of."""
    each = points // LEAST_LARGE
    resources = min(each, 100)
    return {"accounts": LARGE_ACCOUNTS, "vaults": LARGE_VAULTS, "resources": resources, "points": each // resources}


def _large(points: int) -> dict[str, Any]:
    shape = large_shape(points)
    with serving(large.world(**shape)) as server:
        loaded = server.memory()
        listed = _seconds(lambda: _walk(server, accounts=LARGE_ACCOUNTS, vaults=LARGE_VAULTS))
        walked = server.memory()
        reset = _seconds(lambda: _reset(server))
    return {
        "recovery_points": math.prod(shape.values()),
        "seconds_to_serve": round(server.seconds_to_serve, 2),
        "memory_mb_loaded": round(loaded),
        "seconds_to_list_all": round(listed, 1),
        "memory_mb_after_listing_all": round(walked),
        "reset_ms": round(reset * 1000, 1),
    }


def _walk(server: Server, *, accounts: int, vaults: int) -> None:
    for account in range(accounts):
        client = Client(server.port, large.source_id(account))
        for number in range(1, vaults + 1):
            token: str | None = ""
            while token is not None:
                path = f"/backup-vaults/vault-{number}/recovery-points/?maxResults=1000"
                page = client.call("GET", path + (f"&nextToken={quote(token, safe='')}" if token else ""))
                token = page["NextToken"]
        client.close()


def _reset(server: Server) -> None:
    client = Client(server.port)
    head = f"POST /_sim/reset HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 0\r\n\r\n"
    client.sent(head.encode())
    client.close()


def _seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began
