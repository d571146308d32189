"""Keeps hearing of changed manifests, whatever the files turn into: what is declared holds until there is better.

A file that is half written, unreadable or gone never ends the watching, and is told of once, not at every look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from . import files
from .manifests import Folder, ManifestError

_logger = logging.getLogger(__name__)


class Watch:
    """The manifests of one folder over time. A look may take seconds and belongs into a thread."""

    def __init__(self, path: Path, *, read: Callable[[Path], Folder] = Folder.read) -> None:
        self._path = path
        self._read = read
        self._seen: files.Stamps | None = None
        self._complaint: str | None = None

    def first(self) -> Folder:
        """Read the manifests for the first time.

        Raises:
            ManifestError: They cannot be used.
        """
        self._seen = files.stamps(self._path)  # before reading: what changes meanwhile is read again
        return self._read(self._path)

    def changed(self) -> Folder | None:
        """Return the manifests when they have changed and can be used; say so when they cannot, and when they can.

        Never raises for what a file holds or is: a bug of ours over one state of the files must not make the run deaf
        to the next one.
        """
        try:
            now = files.stamps(self._path)
            if now == self._seen:
                return None
            self._seen = now
            folder = self._read(self._path)
        except ManifestError as error:
            self._complain(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._complain(f"{error!r}. That is a bug; please report it", bug=True)
            return None
        if self._complaint is not None:
            self._complaint = None
            _logger.info("Taking over the manifests, because the files can be used again")
        return folder

    def _complain(self, why: str, *, bug: bool = False) -> None:
        if why == self._complaint:
            return
        self._complaint = why
        level = logging.ERROR if bug else logging.WARNING
        text = "Keeping the manifests as they were, because the files cannot be used: %s"
        _logger.log(level, text, why, exc_info=bug, extra={"transition": True})
