"""Child processes that cannot outlive us, and loopback ports that nobody can take from them."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import tethered


class TetheredProcess:
    """A child in its own process group, with its output in a file, killed by the kernel when we die.

    The kernel sends the parent-death signal when the *thread* that forked ends, so a keeper thread forks the child
    and waits for it: it lives exactly as long as the child does, whatever thread asked for the start. The own process
    group keeps a Ctrl-C in the terminal away from the child, which lets us stop children in the right order.
    """

    def __init__(
        self, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        self._environment = environment
        self._exited = threading.Event()
        started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
        arguments = [str(part) for part in command]
        keeper = threading.Thread(
            target=self._keep, args=(arguments, started), name=f"keeper of {self.name}", daemon=True
        )
        keeper.start()
        outcome = started.get()
        if isinstance(outcome, OSError):
            raise outcome
        self._process = outcome

    def _keep(self, command: list[str], started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError]) -> None:
        """Start the child and stay until it has ended."""
        tether = [sys.executable, "-I", "-S", tethered.__file__, str(os.getpid())]
        try:
            with self.log.open("ab") as output:
                process = subprocess.Popen(
                    [*tether, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=self._environment,
                )
        except OSError as error:
            started.put(error)
            return
        started.put(process)
        process.wait()
        self._exited.set()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the child has not ended yet; a paused child is running."""
        return not self._exited.is_set()

    @property
    def returncode(self) -> int | None:
        """The exit code of a child that has ended; negative for the signal that ended it."""
        return self._process.returncode

    def wait(self, timeout: float) -> bool:
        """Wait for the end; tell whether it came in time."""
        return self._exited.wait(timeout)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the child's whole group; a child that has ended needs none."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def pause(self) -> None:
        """Freeze the child and return when every thread of it stands still; the signal alone takes its time."""
        self.send(signal.SIGSTOP)
        with contextlib.suppress(ChildProcessError):
            while self.running and os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is None:
                self.wait(0.01)

    def resume(self) -> None:
        """Let a frozen child go on."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """End the child at once and wait until it is gone."""
        self.send(signal.SIGKILL)
        self._exited.wait()

    def stop(self, grace: float) -> None:
        """Ask the child to end, and kill it when ``grace`` seconds did not suffice.

        SIGCONT comes first because a paused process cannot react to SIGTERM. An interrupted wait kills as well.
        """
        try:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            self.wait(grace)
        finally:
            self.kill()

    def last_lines(self, count: int = 20) -> str:
        """The end of the child's output, for error messages."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-count:]) or "(no output)"


class ReservedPort:
    """A free port on 127.0.0.1 that stays ours while the server behind it is started, killed and started again.

    The reservation is a bound socket that never listens: the kernel gives its port to no one else, refuses
    connections while no server runs, and lets only a server with SO_REUSEPORT and our user id listen there.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        """Give the port back to the system."""
        self._socket.close()
