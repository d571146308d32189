"""Clients of other languages that tour the simulator: built on demand, kept outside the tree.

``python -m tools.clients`` builds them; ``go_tour`` is the same for code. The name of the folder holds a digest of the
sources and of the pinned modules, so a change of either makes a new binary.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import click

SOURCE = Path(__file__).resolve().parents[1] / "tests" / "clients" / "go"
FILES = ("go.mod", "go.sum", "main.go")


class ClientMissingError(Exception):
    """A client cannot be built here; the message says what to do."""


def go_tour() -> Path:
    """Return the tour in Go, building it when it is not there (seconds, or a minute when Go's own cache is empty)."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    target = _cache() / f"clients-go-{digest}" / "tour"
    if not target.is_file():
        if not shutil.which("go"):
            raise ClientMissingError("The client in Go cannot be built: install Go 1.24 or newer")
        _build(target)
    return target


def _build(target: Path) -> None:
    """Build beside the target and rename, so that neither a stopped build nor a second one does harm."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as scratch:
        made = Path(scratch) / target.name
        command = [
            "go",
            "build",
            "-trimpath",
            "-mod=readonly",
            "-buildvcs=false",
            "-ldflags",
            "-s -w",
            "-o",
            str(made),
            ".",
        ]
        # A go.work above the repository must not change what is built.
        environment = {**os.environ, "GOWORK": "off"}
        done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClientMissingError(f"go build of {SOURCE} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        made.replace(target)


def _cache() -> Path:
    # The XDG specification has relative paths ignored.
    root = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (root if root.is_absolute() else Path.home() / ".cache") / "crossvault"


@click.command()
def main() -> None:
    """Build the clients of other languages that tour the simulator."""
    try:
        print(go_tour())
    except ClientMissingError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
