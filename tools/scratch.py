"""A temporary folder that is removed even when its owner was killed: by the next one who makes such a folder."""

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path


class ScratchFolder:
    """A private folder with a locked file in it for as long as the owner lives.

    The kernel drops the lock of a killed owner, so a folder whose lock is free belongs to nobody: control planes leave
    some hundred megabytes each. A folder that is kept loses the file, and with it the mark.
    """

    def __init__(self, prefix: str) -> None:
        self._remove_abandoned(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        # Locked under another name first: nobody may find the file before the lock is there.
        unlocked = self.path / "alive.new"
        self._alive = unlocked.open("w")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        unlocked.rename(self.path / "alive")

    def close(self, *, keep: bool) -> None:
        """Remove the folder, or leave it to the user."""
        self._alive.close()
        if keep:
            (self.path / "alive").unlink(missing_ok=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    @staticmethod
    def _remove_abandoned(prefix: str) -> None:
        for alive in Path(tempfile.gettempdir()).glob(f"{prefix}*/alive"):
            with contextlib.suppress(OSError), alive.open() as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(alive.parent, ignore_errors=True)
