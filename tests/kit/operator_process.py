"""The operator of the tests as a process of its own: ``python -m tests.kit.operator_process KUBECONFIG [HOLD]``.

With HOLD, every pass hangs for that many seconds, as in an AWS call that does not return.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from tests.kit.kube_operator import FakeCore, fast

from crossvault.engine.rounds import Aws
from crossvault.kube import operator
from crossvault.metrics import Exposition
from crossvault.work import logs
from crossvault.work.board import Board


class _Hang(threading.Event):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        sys.stderr.write("hanging\n")
        sys.stderr.flush()
        time.sleep(self._seconds)
        return True


@contextmanager
def process(log: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the operator; whatever happens, it does not outlive the test."""
    command = [sys.executable, "-m", "tests.kit.operator_process", *map(str, arguments)]
    with log.open("wb") as stderr, subprocess.Popen(command, stderr=stderr) as running:
        try:
            yield running
        finally:
            running.kill()


def main() -> None:
    """Run until a signal comes."""
    logs.configure("json")
    core = FakeCore()
    if len(sys.argv) > 2:
        core.hold = _Hang(float(sys.argv[2]))
    board, around = Board(), operator.Surroundings(reconcile=core.reconcile)
    page = Exposition(board.reports, vitals=around.vitals, queue=lambda: None, clock=lambda: datetime.now(UTC))
    around.metrics = page.render
    operator.main(operator.run(fast(Path(sys.argv[1])), cast("Aws", None), board, around))


if __name__ == "__main__":
    main()
