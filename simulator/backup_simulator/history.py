"""What the world was like a while ago, for stale reads: a version after every change, as long as somebody may ask.

AWS calls it eventual consistency. A stale read is judged and answered by the whole world as it was, so that all
listings and descriptions agree with each other; only who calls is of today.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from . import snapshot
from .fidelity import Behaviour

if TYPE_CHECKING:
    from .policies.principal import Principal
    from .records.state import State


class History:
    """Versions of a world with the virtual moment from which each was true, oldest first."""

    def __init__(self) -> None:
        self._versions: deque[tuple[float, bytes]] = deque()
        self._opened: tuple[bytes, State] | None = None

    def clear(self) -> None:
        """Forget all versions."""
        self._versions.clear()
        self._opened = None

    def begin(self, state: State, moment: float) -> None:
        """Keep the first version, if there is none yet."""
        if not self._versions:
            self._versions.append((moment, snapshot.packed(state)))

    def keep(self, state: State, moment: float, depth: float) -> None:
        """Keep what is true from now on, and drop what no read looks back to any more."""
        self._versions.append((moment, snapshot.packed(state)))
        while len(self._versions) > 1 and self._versions[1][0] <= moment - depth:
            self._versions.popleft()

    def as_of(self, moment: float, present: State, caller: Principal) -> State:
        """The world as it was at a moment, or as far back as is known; it shares the present's clock."""
        if not self._versions:
            return present
        content = next((kept for since, kept in reversed(self._versions) if since <= moment), self._versions[0][1])
        if self._opened is None or self._opened[0] is not content:
            (state,) = snapshot.unpacked(content)
            state.clock = present.clock
            self._opened = (content, state)
        found = self._opened[1]
        if caller.unique_id in present.anchors:
            found.anchors[caller.unique_id] = present.anchors[caller.unique_id]
        return found


FIDELITY = (
    Behaviour(
        "Stale reads on order: every read shows the whole world as of so many virtual seconds ago",
        "DG (AWS Backup and IAM are eventually consistent); extent: assumed",
        "test_faults.py::test_a_stale_read_shows_the_world_of_a_while_ago",
    ),
    Behaviour(
        "AssumeRole under stale reads opens a session of the present",
        "botocore (each session has a key of its own)",
        "test_faults.py::test_a_session_is_of_today_whatever_reads_show",
    ),
)
