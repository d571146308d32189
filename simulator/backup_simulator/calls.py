"""The call log: the witness for needless calls and least privilege."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

READS = ("Get", "List", "Describe", "Batch", "Export")
SESSION = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"})
LIMIT = 500_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it ended; `outcome` is `OK`, an error code, or the kind of a transport fault."""

    time: float
    account: str
    principal: str
    service: str
    operation: str
    region: str
    mutating: bool
    outcome: str


def mutates(operation: str) -> bool:
    """Whether an operation changes AWS; opening a session does not."""
    return not operation.startswith(READS) and operation not in SESSION


class CallLog:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=LIMIT)

    def add(self, call: Call) -> None:
        """Remember a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def find(
        self,
        *,
        account: str | None = None,
        service: str | None = None,
        operation: str | None = None,
        mutating: bool | None = None,
        outcome: str | None = None,
    ) -> list[Call]:
        """The calls that match every given filter."""
        wanted = {
            name: value
            for name, value in (
                ("account", account),
                ("service", service),
                ("operation", operation),
                ("mutating", mutating),
                ("outcome", outcome),
            )
            if value is not None
        }
        return [call for call in tuple(self._calls) if _matches(call, wanted)]

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)


def _matches(call: Call, wanted: dict[str, Any]) -> bool:
    return all(getattr(call, name) == value for name, value in wanted.items())


def shown(call: Call) -> dict[str, Any]:
    """A call as JSON."""
    return asdict(call)
