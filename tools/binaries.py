"""Real Kubernetes binaries: found where they are, else fetched, else built from the pinned Go modules beside this file.

``python -m tools.binaries`` makes sure that they exist; ``ensure`` is the same for code. The order is: the folder
``KUBEBUILDER_ASSETS``, for kubectl and Helm the PATH, our cache, an official archive, a build with Go. Where
``CROSSVAULT_NO_DOWNLOAD`` is set, no archive is asked for. Versions are written in the go.mod files, those of the
archives in :mod:`tools.archives`, and nowhere else.
"""

import contextlib
import fcntl
import functools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from . import archives
from .progress import Progress, say

HERE = Path(__file__).parent
PATIENCE = archives.Patience()
MINUTES = "minutes when Go's own cache is empty"


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
ON_PATH: Mapping[str, tuple[tuple[str, ...], str, tuple[int, int]]] = {
    "kubectl": (("version", "--client", "--output=json"), r'"gitVersion":\s*"v(\d+)\.(\d+)', (1, 28)),
    "helm": (("version", "--template", "{{.Version}}"), r"^v(\d+)\.(\d+)", (4, 0)),
}
"""What people have anyway: how it is asked for its version, where that stands, and the oldest that we take."""


def ensure(*names: str) -> dict[str, Path]:
    """Return the path of each named binary, making those that are missing; without names, the usual four.

    Several processes may ask at once: one makes the binaries, the others wait for it.
    """
    wanted = names or DEFAULT
    if any(find(name) is None for name in wanted):
        with _lock(cache_folder()):
            _make([name for name in wanted if find(name) is None])
    return {name: _found(name) for name in wanted}


def find(name: str) -> Path | None:
    """Return the path of a binary when it is already there."""
    if name not in TOOLS:
        raise BinaryMissingError(f"{name} is not one of {', '.join(TOOLS)}")
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and _executable(Path(assets) / name):
        return Path(assets) / name
    on_path = shutil.which(name) if name in ON_PATH else None
    if on_path and _new_enough(name, on_path):
        return Path(on_path)
    for folder in _folders():
        if _executable(folder / name):
            return folder / name
    return None


def cache_folder() -> Path:
    """Where we keep what we built: outside the tree, under a name that contains the versions."""
    versions = "-".join(f"{name}-{TOOLS[tool].version()[1:]}" for name, tool in _NAMED_BY)
    return _cache() / f"{versions}-{_platform()}"


def archive_folder(archive: archives.Archive) -> Path:
    """Where we keep what an official archive has, which has a version of its own."""
    return _cache() / f"{archive.name}-{archive.version[1:]}-{_platform()}"


def _folders() -> tuple[Path, ...]:
    return cache_folder(), *(archive_folder(each) for each in archives.ALL)


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
def _new_enough(name: str, path: str) -> bool:
    """Ask a program on the PATH for its version; one that cannot tell counts as too old."""
    words, pattern, oldest = ON_PATH[name]
    try:
        answer = subprocess.run([path, *words], capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return False
    version = re.search(pattern, answer)
    return version is not None and (int(version[1]), int(version[2])) >= oldest


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time make binaries, and tell the others why they wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another process that makes binaries in {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        # What was killed left something behind; we hold the lock, so nobody uses it.
        for leftover in (found for each in _folders() for found in each.glob(".build-*")):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _make(missing: Sequence[str]) -> None:
    """Fetch what official archives have, then build what is still missing."""
    why = _fetch(missing)
    left = [name for name in missing if find(name) is None]
    for number, name in enumerate(left, 1):
        tool = TOOLS[name]
        if not shutil.which("go"):
            reason = f"its official archive could not be had ({why[name]})" if name in why else "no archive has it"
            raise BinaryMissingError(
                f"{name} {tool.version()} is missing: {reason}, and there is no Go to build it. {_remedy(tool)}"
            )
        check_go(tool)
        _build(tool, f" ({number} of {len(left)})" if len(left) > 1 else "")


def _fetch(missing: Sequence[str]) -> dict[str, str]:
    """Try once to fetch each archive that has something missing; return why not, by binary."""
    why: dict[str, str] = {}
    for archive in archives.ALL:
        if not archive.members.keys() & set(missing):
            continue
        refused = archives.refusal(archive, _platform())
        if not refused:
            refused = _download(archive)
        if refused:
            why.update(dict.fromkeys(archive.members, refused))
    return why


def _download(archive: archives.Archive) -> str:
    """Fetch an archive; return why it could not be had."""
    host = urllib.parse.urlsplit(archive.url).hostname
    text = f"Downloading {', '.join(archive.members)} {archive.version} from {host}"
    try:
        with Progress(text) as progress:
            archives.fetch(archive, _platform(), archive_folder(archive), patience=PATIENCE, tell=progress.tell)
    except archives.ArchiveError as error:
        say(f"Not downloaded: {error}")
        return str(error)
    return ""


def _remedy(tool: Tool) -> str:
    way_out = {"helm": ", or put Helm 4 on the PATH", "kube-controller-manager": ""}
    assets = ", or set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl"
    return f"Install Go {_go_line(tool)} or newer{way_out.get(tool.name, assets)}."


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
        f"This Go is too old to build {tool.name} {tool.version()} (it says: {said}). {_remedy(tool)}"
    )


def _two(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _go_environment() -> dict[str, str]:
    # A go.work above the repository must not change what is built.
    return {**os.environ, "GOWORK": "off"}


def _build(tool: Tool, far: str) -> None:
    """Build into a folder of our own and rename, so a stopped build leaves no half binary."""
    version, flags = tool.version(), "-s -w"
    if tool.variable:
        flags += f" -X {tool.variable}={version}"
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=".build-") as scratch:
        target, log = Path(scratch) / tool.name, Path(scratch) / "log"
        command = ["go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", flags]
        with log.open("wb") as output, Progress(f"Building {tool.name} {version}{far}", MINUTES):
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
        say(f"{name:24}{path}")
    on_path = {Path(folder) for folder in os.get_exec_path()}
    folders = dict.fromkeys(str(path.parent) for path in paths.values() if path.parent not in on_path)
    print(os.pathsep.join(folders))


if __name__ == "__main__":
    main()
