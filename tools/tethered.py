"""Become another program that the kernel kills when the parent dies: ``python tethered.py PARENT PROGRAM [ARG…]``.

The parent asks for it in a process of its own because code between fork and exec (``preexec_fn``) can deadlock in a
program with threads. Systems other than Linux have no such signal; there the program starts without the tether.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then turn into the program.

    The parent may have died before the tether was there, hence the comparison afterwards.
    """
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only Linux has prctl

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"The parent {parent} is gone, {program[0]} is not started")
    os.execv(program[0], program)  # noqa: S606 - replacing this process is the purpose


if __name__ == "__main__":
    main()
