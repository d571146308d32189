"""Ctrl-C at any moment from our first line on: one line, and the exit code that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from crossvault import INTERRUPTED

DRIVER = """
import atexit, os, sys
import _signal as signal  # what Python has at its start, so that ours is imported by us

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts jobs has them ignore it
interrupt_at, count, listening = int(os.environ["INTERRUPT_AT"]), 0, False

def hook(event, details):
    global count, listening
    if event != "import":
        return
    if listening:
        count += 1
        if count == interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
    listening = listening or details[0] == "crossvault"

def end():
    if interrupt_at == 0:
        os.kill(os.getpid(), signal.SIGINT)
    print("imports:", count, file=sys.stderr)

sys.addaudithook(hook)
atexit.register(end)
from crossvault.__main__ import main
main()
"""
"""Interrupts itself at the n-th import after our first line; at its very end when that is none."""

COMMANDS = {
    "plan": ("plan", "-f", "/nowhere"),
    "run": ("run", "-f", "/nowhere", "--once"),
    "doctor": ("doctor", "-n", "shop", "--kubeconfig", "/dev/null"),
    "operator": ("operator", "--kubeconfig", "/nowhere/config"),
    "version": ("version",),
}
PARTS = 12
"""At so many moments, spread over all imports, each command is interrupted."""


def typed(words: Iterable[str], at: int) -> subprocess.CompletedProcess[str]:
    """Run a command that interrupts itself at an import."""
    return subprocess.run(
        [sys.executable, "-c", DRIVER, *words],
        env={**os.environ, "INTERRUPT_AT": str(at)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_an_interrupt_while_modules_load_is_one_line(words: tuple[str, ...]) -> None:
    """Whatever is being imported, by us or by those whom we use; nothing of Python's own is printed."""
    whole = typed(words, -1)
    imports = int(whole.stderr.rsplit("imports: ", 1)[1])
    assert imports > PARTS

    for at in sorted({1, 2, 3, *range(1, imports + 1, max(1, imports // PARTS)), imports}):
        cut = typed(words, at)
        assert (cut.returncode, cut.stderr) == (INTERRUPTED, "Interrupted.\n"), f"at import {at} of {imports}"


def test_an_interrupt_at_the_end_is_one_line() -> None:
    """What was told is told; nobody waits for threads any more."""
    cut = typed(("version",), 0)

    assert (cut.returncode, cut.stderr) == (INTERRUPTED, "Interrupted.\n")
    assert cut.stdout.startswith("crossvault ")


def test_what_a_shell_has_ignored_stays_ignored(tmp_path: Path) -> None:
    """Who starts a job in the background keeps Ctrl-C for what is in front."""
    ignoring = DRIVER.replace("signal.default_int_handler)", "signal.SIG_IGN)")
    whole = subprocess.run(
        [sys.executable, "-c", ignoring, "version"],
        env={**os.environ, "INTERRUPT_AT": "3"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )

    assert (whole.returncode, whole.stdout[:11]) == (0, "crossvault ")


def test_an_operator_that_does_not_listen_yet_is_cut_off_in_one_line() -> None:
    """Before it takes signals over by itself, and ends in order with 0."""
    begins = "async def begins():\n    raise KeyboardInterrupt\n"
    cut = subprocess.run(
        [sys.executable, "-c", f"from crossvault.kube.operator import main\n{begins}main(begins())"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (cut.returncode, cut.stderr.splitlines()) == (INTERRUPTED, ["Interrupted"])
