"""Real Kubernetes binaries: found where they are, else built from the pinned Go modules beside this file.

``python -m tools.binaries`` makes sure that they exist; ``ensure`` is the same for code. The order is: the folder
``KUBEBUILDER_ASSETS``, for kubectl the PATH, our cache, a build with Go, and without Go the official envtest archive.
The go.mod files are the only place where versions are written.
"""

import contextlib
import fcntl
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from . import envtest

HERE = Path(__file__).parent
OLDEST_KUBECTL = (1, 28)
INSTALL_GO = "Install Go {go} or newer, or set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl"


class BinaryMissingError(Exception):
    """A binary is neither there nor can it be made here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary, and how the Go module in ``folder`` makes it."""

    name: str
    folder: str
    module: str
    package: str
    variable: str | None = None  # the linker variable that holds the version; without it clients complain

    @property
    def source(self) -> Path:
        """The folder of the Go module."""
        return HERE / self.folder

    def version(self) -> str:
        """The pinned version, as ``v1.2.3``."""
        return _pinned(self.source, rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)")


_GIT_VERSION = "k8s.io/component-base/version.gitVersion"
TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("kube-apiserver", "kube", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _GIT_VERSION),
        Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
        Tool("kubectl", "kube", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kubectl", _GIT_VERSION),
        Tool("helm", "helm", "helm.sh/helm/v4", "helm.sh/helm/v4/cmd/helm", "helm.sh/helm/v4/internal/version.version"),
        Tool(
            "kube-controller-manager",
            "kube",
            "k8s.io/kubernetes",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            _GIT_VERSION,
        ),
    )
}
DEFAULT = ("kube-apiserver", "etcd", "kubectl", "helm")


def ensure(*names: str) -> dict[str, Path]:
    """Return the path of each named binary, making those that are missing; without names, the usual four.

    Several processes may ask at once: one makes the binaries, the others wait for it.
    """
    wanted = names or DEFAULT
    if any(find(name) is None for name in wanted):
        with _lock(cache_folder()):
            for name in wanted:
                if find(name) is None:
                    _make(TOOLS[name])
    return {name: _found(name) for name in wanted}


def find(name: str) -> Path | None:
    """Return the path of a binary when it is already there."""
    if name not in TOOLS:
        raise BinaryMissingError(f"{name} is not one of {', '.join(TOOLS)}")
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and _executable(Path(assets) / name):
        return Path(assets) / name
    on_path = shutil.which("kubectl") if name == "kubectl" else None
    if on_path and _kubectl_version(on_path) >= OLDEST_KUBECTL:
        return Path(on_path)
    for folder in (cache_folder(), envtest_folder()):
        if _executable(folder / name):
            return folder / name
    return None


def cache_folder() -> Path:
    """Where we keep what we built: outside the tree, under a name that contains the versions."""
    versions = "-".join(f"{name}-{TOOLS[tool].version()[1:]}" for name, tool in _NAMED_BY)
    return _cache() / f"{versions}-{_platform()}"


def envtest_folder() -> Path:
    """Where we keep the official archive, which has a version of its own."""
    return _cache() / f"envtest-{envtest.VERSION[1:]}-{_platform()}"


_NAMED_BY = (("kube", "kube-apiserver"), ("etcd", "etcd"), ("helm", "helm"))


def _cache() -> Path:
    # The XDG specification has relative paths ignored.
    root = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (root if root.is_absolute() else Path.home() / ".cache") / "crossvault"


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{sys.platform}-{({'x86_64': 'amd64', 'aarch64': 'arm64'}).get(machine, machine)}"


def _pinned(folder: Path, pattern: str) -> str:
    found = re.search(pattern, (folder / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise BinaryMissingError(f"{folder / 'go.mod'} pins nothing that matches {pattern}")
    return found[1]


def _executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _found(name: str) -> Path:
    path = find(name)
    if path is None:
        raise BinaryMissingError(f"{name} was made and is gone again from {cache_folder()}")
    return path


@functools.cache
def _kubectl_version(path: str) -> tuple[int, int]:
    """Ask a kubectl for its version; one that cannot tell counts as too old."""
    command = [path, "version", "--client", "--output=json"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
        version = json.loads(answer)["clientVersion"]
        return int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return 0, 0


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time make binaries, and tell the others why they wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"Waiting for another process that makes binaries in {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        for leftover in folder.glob(".build-*"):  # of a build that was killed; we hold the lock, so nobody uses it
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _make(tool: Tool) -> None:
    """Build a binary, or fetch it where there is no Go."""
    if shutil.which("go"):
        check_go(tool)
        _build(tool)
        return
    remedy = INSTALL_GO.format(go=_go_line(tool))
    if tool.name not in envtest.CONTAINS or _platform() not in envtest.SHA512:
        raise BinaryMissingError(f"{tool.name} {tool.version()} is missing and there is no Go to build it. {remedy}")
    _say(f"There is no Go; downloading the official envtest archive {envtest.VERSION}")
    try:
        envtest.download(_platform(), envtest_folder())
    except (OSError, envtest.ArchiveError) as error:
        raise BinaryMissingError(f"The envtest archive could not be had ({error}). {remedy}") from error


def _go_line(tool: Tool) -> str:
    return _pinned(tool.source, r"^go (\S+)")


def check_go(tool: Tool) -> None:
    """Refuse a Go that is too old before it prints pages of errors.

    A Go since 1.21 may fetch the newer toolchain by itself, so the question is asked inside the module.
    """
    needed = _go_line(tool)
    asked = subprocess.run(
        ["go", "env", "GOVERSION"], cwd=tool.source, env=_go_environment(), capture_output=True, text=True, check=False
    )
    version = re.match(r"go(\d+)\.(\d+)", asked.stdout)
    if asked.returncode == 0 and version and (int(version[1]), int(version[2])) >= _two(needed):
        return
    said = (asked.stdout + asked.stderr).strip()
    raise BinaryMissingError(
        f"This Go is too old to build {tool.name} {tool.version()} (it says: {said}). {INSTALL_GO.format(go=needed)}"
    )


def _two(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _go_environment() -> dict[str, str]:
    # A go.work above the repository must not change what is built.
    return {**os.environ, "GOWORK": "off"}


def _build(tool: Tool) -> None:
    """Build into a folder of our own and rename, so a stopped build leaves no half binary."""
    version, flags = tool.version(), "-s -w"
    if tool.variable:
        flags += f" -X {tool.variable}={version}"
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".build-") as scratch:
        target, log = Path(scratch) / tool.name, Path(scratch) / "log"
        command = ["go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", flags]
        with log.open("wb") as output, _progress(f"Building {tool.name} {version}"):
            status = subprocess.run(
                [*command, "-o", str(target), tool.package],
                cwd=tool.source,
                env=_go_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if status != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise BinaryMissingError(f"go build of {tool.name} {version} ended with {status}:\n{tail}")
        target.replace(cache_folder() / tool.name)


@contextlib.contextmanager
def _progress(text: str) -> Iterator[None]:
    """Show that something long goes on: a running clock on a terminal, a line every half minute elsewhere."""
    started, done = time.monotonic(), threading.Event()
    live = sys.stderr.isatty()

    def tick() -> None:
        while not done.wait(1 if live else 30):
            _say(f"{text} … {time.monotonic() - started:.0f} s", over=live)

    _say(f"{text} … (minutes when Go's own cache is empty)", over=live)
    clock = threading.Thread(target=tick, daemon=True)
    clock.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        done.set()
        clock.join()
        _say(f"{text}: {outcome} after {time.monotonic() - started:.0f} s")


def _say(text: str, *, over: bool = False) -> None:
    """Write progress to stderr; stdout is for the answer."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(start + text, end="" if over else "\n", file=sys.stderr, flush=True)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(TOOLS)))
@click.option("--all", "everything", is_flag=True, help="Also what only some tests need (kube-controller-manager).")
def main(names: tuple[str, ...], everything: bool) -> None:
    """Make sure that the named binaries exist (kube-apiserver, etcd, kubectl and helm without names).

    Prints the folders to put before PATH; what lies on PATH already is not among them.
    """
    try:
        paths = ensure(*(TOOLS if everything else names))
    except BinaryMissingError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.Abort from None
    for name, path in paths.items():
        _say(f"{name:24}{path}")
    on_path = {Path(folder) for folder in os.get_exec_path()}
    folders = dict.fromkeys(str(path.parent) for path in paths.values() if path.parent not in on_path)
    print(os.pathsep.join(folders))


if __name__ == "__main__":
    main()
