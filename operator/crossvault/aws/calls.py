"""The one place every request to AWS passes: host and answer are checked, it waits for its budget, is timed and logged.

It hangs on botocore's events, so a page, a retry and the refresh of credentials count like
any other request.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.awsrequest import AWSRequest
from botocore.model import OperationModel

from ..words.reasons import Reason
from . import answers, budget, endpoints, errors, large

_LOG = logging.getLogger(__name__)

OK = "ok"
THROTTLED = "throttled"
DENIED = "denied"
TIMEOUT = "timeout"
ERROR = "error"

_OUTCOMES: dict[Reason, str] = {
    Reason.THROTTLED: THROTTLED,
    Reason.ACCESS_DENIED: DENIED,
    Reason.TIMED_OUT: TIMEOUT,
}

# "There is none" is an answer: a vault without a policy must not look like a failing service.
_ANSWERS = frozenset(
    {"ResourceNotFoundException", "NotFoundException", "AWSOrganizationsNotInUseException", "AlreadyExistsException"}
)

_STARTS = frozenset({"StartCopyJob"})


class CallRecorder(Protocol):
    """Takes note of every request and of every wait for the budget."""

    def record(self, account: str, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Note one request; ``outcome`` is ok, throttled, denied, timeout or error."""

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Note a wait for the account's own budget; ``kind`` is reads or starts."""


class CallCounts:
    """A recorder that keeps the figures in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str, str]] = Counter()
        self._seconds = 0.0
        self._waits: dict[tuple[str, str], float] = {}

    def record(self, account: str, service: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self._requests[account, service, operation, outcome] += 1
            self._seconds += seconds

    def waited(self, account: str, kind: str, seconds: float) -> None:
        """Add up the waits."""
        with self._lock:
            self._waits[account, kind] = self._waits.get((account, kind), 0.0) + seconds

    def requests(self) -> Mapping[tuple[str, str, str, str], int]:
        """Return a snapshot: (account, service, operation, outcome) → requests."""
        with self._lock:
            return dict(self._requests)

    def seconds(self) -> float:
        """Return how long AWS took for all requests together."""
        with self._lock:
            return self._seconds

    def waits(self) -> Mapping[tuple[str, str], float]:
        """Return a snapshot: (account, kind) → seconds waited."""
        with self._lock:
            return dict(self._waits)


class Events(Protocol):
    """What botocore's sessions and clients offer for hooking in."""

    def register(self, event_name: str, handler: Callable[..., Any]) -> None:
        """Call ``handler`` for the event and everything below it."""


class CallHooks:
    """The hooks for the requests of one account."""

    def __init__(
        self,
        account: str,
        recorder: CallRecorder,
        spend: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._recorder = recorder
        self._spend = spend
        self._clock = clock
        self._local = threading.local()

    def attach(self, events: Events) -> None:
        """Hook into every client that will be made from a session."""
        # Before signing: a request that waited minutes for the budget would carry a signature that is too old.
        events.register("before-sign", self._wait)
        events.register("before-send", self._start)
        events.register("before-parse", self._check)
        events.register("response-received", self._finish)
        events.register("after-call-error", self._fail)

    def _wait(self, *, operation_name: str, request: AWSRequest, **_: object) -> None:
        large.TURNS.end()
        endpoints.check(request.url or "")
        self._spend(budget.STARTS if operation_name in _STARTS else budget.READS)

    def _start(self, **_: object) -> None:
        self._local.started = self._clock()

    def _check(
        self,
        *,
        operation_model: OperationModel,
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_: object,
    ) -> None:
        """Refuse half an answer: botocore reads a page of JSON cut in the middle as a page with nothing in it."""
        found = answers.checked(operation_model, response_dict["status_code"], response_dict["body"])
        response_dict["body"] = found.body
        customized_response_dict.update(found.members)  # botocore puts it beside what it reads of the body

    def _finish(
        self,
        *,
        event_name: str,
        parsed_response: Mapping[str, Any] | None,
        exception: BaseException | None,
        **_: object,
    ) -> None:
        self._note(event_name, _outcome(parsed_response, exception))

    def _fail(self, *, event_name: str, exception: BaseException, **_: object) -> None:
        """Note what ended between sending and reading the answer; everything else has been noted already."""
        if getattr(self._local, "started", None) is not None:
            self._note(event_name, _outcome(None, exception))

    def _note(self, event_name: str, outcome: str) -> None:
        started, self._local.started = getattr(self._local, "started", None), None
        seconds = 0.0 if started is None else self._clock() - started
        _, service, operation = event_name.split(".", 2)
        self._recorder.record(self._account, service, operation, outcome, seconds)
        _LOG.debug(
            "Asking AWS for %s:%s",
            service,
            operation,
            extra={"account": self._account, "outcome": outcome, "seconds": round(seconds, 3)},
        )


def _outcome(parsed: Mapping[str, Any] | None, exception: BaseException | None) -> str:
    if exception is not None:
        reason, _ = errors.classify(exception)
        return _OUTCOMES.get(reason, ERROR)
    answer = parsed or {}
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
    code = answer.get("Error", {}).get("Code") or ""
    if status < 300 or code in _ANSWERS:
        return OK
    reason, _ = errors.classify_code(code, status)
    return _OUTCOMES.get(reason, ERROR)
