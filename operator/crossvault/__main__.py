"""Entry point of ``crossvault``, ``kubectl crossvault`` and ``python -m crossvault``.

From its first line on Ctrl-C ends the process with one line and its exit code, so what takes time is imported in it.
"""

import os
import sys

from . import INTERRUPTED

TYPE_CHECKING = False  # that of typing, like annotations of the future, would have to be imported
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

_LONGEST = 65536


def main() -> None:
    """Run the command line and leave with its exit code.

    click leaves with 2 on wrong usage; here 2 means that something was found, so wrong usage is 1.
    """
    try:
        import signal  # noqa: PLC0415

        listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else a shell has it ignored
        if listens:
            signal.signal(signal.SIGINT, _interrupted)
            sys.unraisablehook = _unraised
        if sys.stdout is None:  # it was closed
            _stand_in()
        code = _run()
        if listens:  # the end waits for threads that wait for AWS
            signal.signal(signal.SIGINT, lambda _number, _frame: _leave())
    except KeyboardInterrupt:
        _leave()
    sys.exit(code)


def _run() -> int:
    import io  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    import click  # noqa: PLC0415

    from .cli import FAILED  # noqa: PLC0415
    from .cli import main as group  # noqa: PLC0415

    try:
        code = group.main(prog_name="crossvault", standalone_mode=False)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        _tell(told.getvalue())
        return FAILED
    except click.exceptions.Abort:
        _leave()
    except OSError as error:
        if _is_of_stdout(error):
            _stand_in()
            _tell(f"Error: the answer cannot be written: {error.strerror}.")
        else:
            _tell(traceback.format_exc())
        return FAILED
    except Exception:  # noqa: BLE001 - Python would print it raw, with whatever texts of others it holds
        _tell(traceback.format_exc())
        return FAILED
    return code if isinstance(code, int) else 0


def _is_of_stdout(error: OSError) -> bool:
    """Tell whether an error of the operating system that names no file is about what is printed."""
    import errno  # noqa: PLC0415

    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
    return error.errno in full and error.filename is None


def _stand_in() -> None:
    """Put in the place of stdout what nothing can be written to, and what holds nothing that Python would write."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    if nowhere != 1:
        os.dup2(nowhere, 1)
        os.close(nowhere)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - of a descriptor, until the end


def _tell(text: str) -> None:
    """Print an error as a terminal may have it; the words of a wrong command line are those of others too."""
    import click  # noqa: PLC0415

    from .words import texts  # noqa: PLC0415

    click.echo(texts.lines(text.rstrip("\n"), _LONGEST), err=True)


def _interrupted(_number: int, frame: "FrameType | None") -> None:
    """End what is under way, or at once in the midst of an import: some modules, and Python, swallow what is raised."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _unraised(error: "sys.UnraisableHookArgs") -> None:
    """End where Python would print that it was interrupted, and go on: in the midst of tidying up."""
    if error.exc_type is KeyboardInterrupt:
        _leave()
    sys.__unraisablehook__(error)


def _leave() -> "NoReturn":
    """End without a wait: threads that wait for AWS cannot be ended, and a plain exit would wait for them."""
    try:
        os.write(2, b"Interrupted.\n")
        sys.stdout.flush()
    finally:
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
