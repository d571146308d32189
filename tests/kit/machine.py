"""Programs that stand for those of a machine: shell scripts, so that no test depends on what is installed."""

from pathlib import Path

FAKE_GO = """
if [ "$1" = env ]; then echo "${FAKE_GO_VERSION:-go1.99.0}"; exit; fi
echo "$PWD: $*" >> "$FAKE_GO_LOG"
[ -z "$FAKE_GO_FAILS" ] || { echo package x is broken; exit 1; }
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
/bin/chmod +x "$2"
"""
"""A Go that writes down what it is asked, and builds a script that does nothing."""


def program(folder: Path, name: str, text: str) -> Path:
    """Write a shell script that stands for a binary."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
