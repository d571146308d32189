"""In which order messages are received: a standard queue's line, or the groups of a FIFO queue. Pure.

Both answer the same calls of a queue, each in time independent of how many messages wait.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .queue import Message


@dataclass(slots=True)
class Line:
    """First come, first served; what comes back goes to the end."""

    waiting: deque[Message] = field(default_factory=deque)

    def add(self, message: Message) -> None:
        """A message was sent; it may not be visible yet."""

    def back(self, message: Message) -> None:
        """A message is visible, for the first time or again."""
        self.waiting.append(message)

    def held(self, message: Message) -> None:
        """A message is in flight."""

    def freed(self, message: Message) -> None:
        """A message is in flight no more."""

    def gone(self, message: Message) -> None:
        """A message has left the queue."""

    def following(self) -> Message | None:
        """The next visible message; those that are gone or hidden by now are passed over."""
        while self.waiting:
            message = self.waiting.popleft()
            if not message.gone and message.hidden_until is None:
                return message
        return None

    def received(self, taken: list[Message]) -> None:
        """One receive is over; what it did not hide is visible again at once, behind the others."""
        self.waiting.extend(message for message in taken if message.hidden_until is None)

    def clear(self) -> None:
        """All messages are gone."""
        self.waiting.clear()


@dataclass(slots=True, eq=False)
class Group:
    """The messages of one group in the order in which they were sent; those in flight stay at their place."""

    messages: deque[Message] = field(default_factory=deque)
    living: int = 0
    in_flight: int = 0
    queued: bool = False


@dataclass(slots=True)
class Groups:
    """Strict order within each group: while one of its messages is in flight, no other of it is received."""

    groups: dict[str, Group] = field(default_factory=dict)
    open: deque[Group] = field(default_factory=deque)
    visited: list[Group] = field(default_factory=list)
    position: int = 0

    def add(self, message: Message) -> None:
        """Put a message at the end of its group."""
        group = self.groups.get(message.group or "")
        if group is None:
            group = self.groups[message.group or ""] = Group()
        group.messages.append(message)
        group.living += 1

    def back(self, message: Message) -> None:
        """A message is visible: its group is open, unless another one is in flight."""
        self._offer(self.groups[message.group or ""])

    def held(self, message: Message) -> None:
        """A message is in flight, and its group closed."""
        self.groups[message.group or ""].in_flight += 1

    def freed(self, message: Message) -> None:
        """A message is in flight no more; the last one opens the group."""
        group = self.groups[message.group or ""]
        group.in_flight -= 1
        self._offer(group)

    def gone(self, message: Message) -> None:
        """A message has left the queue; a group without messages is none."""
        group = self.groups[message.group or ""]
        group.living -= 1
        if not group.living:
            del self.groups[message.group or ""]

    def following(self) -> Message | None:
        """The next visible message: of the group at hand as long as it has some, then of the next open one."""
        while True:
            group = self.visited[-1] if self.visited else None
            if group is not None:
                while self.position < len(group.messages):
                    message = group.messages[self.position]
                    if not message.gone and message.hidden_until is not None:
                        break
                    self.position += 1
                    if not message.gone:
                        return message
            if not self.open:
                return None
            self._visit(self.open.popleft())

    def _visit(self, group: Group) -> None:
        group.queued = False
        if group.in_flight or not group.living:
            return
        while group.messages and group.messages[0].gone:
            group.messages.popleft()
        self.visited.append(group)
        self.position = 0

    def received(self, _taken: list[Message]) -> None:
        """One receive is over: the groups it has seen are open again if nothing of them is in flight."""
        visited, self.visited, self.position = self.visited, [], 0
        for group in visited:
            self._offer(group)

    def clear(self) -> None:
        """All messages are gone."""
        self.groups.clear()
        self.open.clear()

    def _offer(self, group: Group) -> None:
        if group.living and not group.in_flight and not group.queued:
            group.queued = True
            self.open.append(group)
