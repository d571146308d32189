"""Programs of other languages that tests run: clients that tour the simulator, an evaluator of policies.

Made on demand, kept outside the tree. ``python -m tools.clients`` makes them; ``go_tour``, ``evaluator`` and
``js_tour`` are the same for code. The name of each folder holds a digest of the sources and of the pinned modules, so a
change of either makes a new one.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

SOURCES = Path(__file__).resolve().parents[1] / "tests" / "clients"
GO = ("go.mod", "go.sum", "main.go")
JS = ("package.json", "package-lock.json", "main.js")


class ClientMissingError(Exception):
    """A client cannot be made here; the message says what to do."""


def go_tour() -> Path:
    """Return the tour in Go, building it when it is not there (seconds, or a minute when Go's own cache is empty)."""
    return _built("go", "tour")


def evaluator() -> Path:
    """Return the third evaluator of policies, building it when it is not there; its module is 60 MB to fetch."""
    return _built("evaluator", "evaluator")


def _built(language: str, name: str) -> Path:
    target = _folder(language, GO) / name
    if not target.is_file():
        if not shutil.which("go"):
            raise ClientMissingError(f"The program {name} in Go cannot be built: install Go 1.26 or newer")
        _build(SOURCES / language, target)
    return target


def js_tour() -> tuple[Path, Path]:
    """Return Node.js and the tour for it, installing its pinned packages when they are not there (seconds)."""
    node = shutil.which("node")
    if not node:
        raise ClientMissingError("The client in JavaScript cannot be run: install Node.js 20 or newer")
    target = _folder("js", JS)
    if not target.is_dir():
        if not shutil.which("npm"):
            raise ClientMissingError("The client in JavaScript cannot be installed: install npm, which Node.js has")
        _install(target)
    return Path(node), target / "main.js"


def _build(source: Path, target: Path) -> None:
    """Build beside the target and rename, so that neither a stopped build nor a second one does harm."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as scratch:
        made = Path(scratch) / target.name
        command = ["go", "build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(made)]
        # A go.work above the repository must not change what is built.
        _run([*command, "."], source, {"GOWORK": "off"})
        made.replace(target)


def _install(target: Path) -> None:
    """Install beside the target and rename the whole folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as scratch:
        made = Path(scratch) / target.name
        made.mkdir()
        for name in JS:
            shutil.copy(SOURCES / "js" / name, made)
        # Nothing that a package wants to run at its installation is needed.
        quiet = ["--ignore-scripts", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"]
        _run(["npm", "ci", *quiet], made, {})
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise


def _run(command: Sequence[str], folder: Path, changes: Mapping[str, str]) -> None:
    environment = {**os.environ, **changes}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        name = " ".join(command[:2])
        raise ClientMissingError(f"{name} in {folder} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def _folder(language: str, files: Sequence[str]) -> Path:
    """Where the client of a language lies, or has to."""
    digest = hashlib.sha256(b"".join((SOURCES / language / name).read_bytes() for name in files)).hexdigest()[:16]
    # The XDG specification has relative paths ignored.
    root = Path(os.environ.get("XDG_CACHE_HOME") or "")
    cache = (root if root.is_absolute() else Path.home() / ".cache") / "crossvault"
    return cache / f"clients-{language}-{digest}"


@click.command()
def main() -> None:
    """Make the programs of other languages that tests run."""
    try:
        print(go_tour())
        print(evaluator())
        print(js_tour()[1])
    except ClientMissingError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
