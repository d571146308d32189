"""The call log: the witness for needless calls and least privilege."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

READS = ("Get", "List", "Describe", "Lookup", "Batch", "Export", "Receive", "Test", "Simulate")
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

    @property
    def role(self) -> str:
        """The name of the role or user behind the principal; empty when nobody is known."""
        parts = self.principal.split("/")
        return parts[1] if ":assumed-role/" in self.principal else parts[-1]


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
        role: str | None = None,
        service: str | None = None,
        operation: str | None = None,
        region: str | None = None,
        mutating: bool | None = None,
        outcome: str | None = None,
        since: float | None = None,
    ) -> list[Call]:
        """The calls that match every given filter; `role` is the name of a role or user, `since` virtual time."""
        wanted = {
            name: value
            for name, value in (
                ("account", account),
                ("role", role),
                ("service", service),
                ("operation", operation),
                ("region", region),
                ("mutating", mutating),
                ("outcome", outcome),
            )
            if value is not None
        }
        return [call for call in tuple(self._calls) if _matches(call, wanted) and (since is None or call.time >= since)]

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)


def _matches(call: Call, wanted: dict[str, Any]) -> bool:
    return all(getattr(call, name) == value for name, value in wanted.items())


def shown(call: Call) -> dict[str, Any]:
    """A call as JSON."""
    return asdict(call)


def summary(found: Iterable[Call]) -> list[dict[str, Any]]:
    """What each role and user used: how often each action ended how, in alphabetical order.

    Actions are named as IAM names them, which for the services here is the operation's name.
    """
    used: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    for call in found:
        actions = used.setdefault((call.account, call.role), {})
        actions.setdefault(f"{call.service}:{call.operation}", Counter())[call.outcome] += 1
    return [
        {
            "account": account,
            "role": role,
            "calls": sum(outcomes.total() for outcomes in actions.values()),
            "actions": {action: dict(sorted(actions[action].items())) for action in sorted(actions)},
        }
        for (account, role), actions in sorted(used.items())
    ]


FIDELITY = (
    Behaviour(
        "The call log counts which actions each role used and how they ended, refused signatures included",
        "ours",
        "test_calls.py::test_a_summary_tells_which_actions_each_role_used",
    ),
    Behaviour(
        "Every action on which a user or role was judged is counted, those of copy roles included",
        "ours",
        "test_calls.py::test_copy_roles_and_callers_are_judged_on_all_they_need",
    ),
)
