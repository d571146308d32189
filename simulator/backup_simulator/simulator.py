"""The simulator's core: a request comes in, an answer goes out; no HTTP server, no socket, no thread.

Order: signature, route, faults, parameters, permission, handler. One lock guards the world.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import urllib.parse
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from . import calls, clock, effects, faults, history, ids, snapshot
from .engine import answers, catalogue, failures, parsing, routing, strict, validation
from .fidelity import Behaviour
from .identity import claims, signature
from .policies.principal import Principal
from .records import regions
from .records.state import Credential
from .services import request_keys, table
from .services.operation import Scope
from .services.sts import operations as sts
from .wire import AwsError, CommonError, HappeningError, Params, Request, Response, SimulatorError, unimplemented
from .world import building

if TYPE_CHECKING:
    from .policies.condition_keys import ConditionKeys
    from .records.state import State
    from .services.operation import Operation
    from .world.schema import World

NOBODY = Credential("", "", Principal(kind="anonymous"))
"""Who calls without a signature."""
UNSIGNED_REGION = "us-east-1"
ANSWERED_IN_XML = frozenset({"s3"})
"""Services that are not simulated and whose clients cannot read errors in JSON, besides those that send `Action`."""
log = logging.getLogger(__name__)
POLL = 0.05
"""Real seconds after which a waiting call looks again for what only time brings, such as hidden messages."""
_PRESENT = calls.SESSION | {"ReceiveMessage"}
"""Operations that act on the present although they change nothing of what is there."""


@dataclass(slots=True)
class _Passage:
    """What is known about a request so far, for the answer and the call log."""

    request_id: str
    protocol: str = "rest-json"
    service: str = ""
    found: catalogue.Service | None = None
    operation: str = "Unknown"
    region: str = ""
    host: str = ""
    credential: Credential | None = None
    facts: ConditionKeys = field(default_factory=dict)

    def failed(self, error: AwsError) -> tuple[Response, str]:
        """Write an error in the protocol of the call; returns it with its code."""
        answer = failures.write(error, self.protocol, self.request_id, self.found)
        return answer, failures.settle(error, self.protocol, self.found)[0]


class Simulator:
    """An AWS. `handle` may be called from any number of threads.

    `strict_out` checks every answer against the service model; load runs may do without.
    `patient` lets long polls wait in real time, which makes sense only when somebody else can act meanwhile.
    """

    def __init__(
        self,
        world: World,
        *,
        rate: float | None = None,
        real: clock.RealTime = clock.REAL,
        strict_out: bool = True,
    ) -> None:
        self.strict_out = strict_out
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.calls = calls.CallLog()
        self.history = history.History()
        self.patient = False
        self.ending = threading.Event()
        self.pollers = 0
        self.failures: deque[clock.Failure] = deque(maxlen=100)
        self._untold: list[clock.Failure] = []
        self._real = real
        self._rate = rate
        self.load(world)

    def reset(self) -> None:
        """Go back to the loaded world: state, clock, faults, outcomes and calls."""
        self.load(self.world)

    def load(self, world: World) -> None:
        """Replace the world."""
        fresh = building.build(world, rate=self._rate, real=self._real)
        with self.lock:
            self.world, self.state = world, fresh
            self.faults = faults.Faults(world.seed, [faults.of(part) for part in world.faults])
            self._request_ids = ids.Ids(world.seed)
            self.skew = world.clock.skew
            self.calls.clear()
            self.history.clear()
            self.changed.notify_all()

    def keep(self) -> snapshot.Snapshot:
        """Keep the world as it is now."""
        with self.lock:
            return snapshot.take(self.world, self.state, self.faults)

    def restore(self, kept: snapshot.Snapshot) -> None:
        """Bring a kept world back; the call log begins anew."""
        with self.lock:
            self.state, self.faults = snapshot.restored(kept, self._real)
            self.world = kept.world
            self._request_ids = ids.Ids(kept.world.seed)
            self.state.judged.clear()
            self.calls.clear()
            self.history.clear()
            self.changed.notify_all()

    def run_due(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            state, depth = self.state, self.faults.staleness()
            now = state.clock.now()
            if not depth:
                state.scheduler.run(now, self._fail, self.ending.is_set)
                return
            self.history.begin(state, now)
            while (due := state.scheduler.next_due()) is not None and due <= now and not self.ending.is_set():
                state.scheduler.run(due, self._fail)
                self.history.keep(state, due, depth)

    def _fail(self, failure: clock.Failure) -> None:
        log.error("Failing on %s", failure, exc_info=failure.error)
        self.failures.append(failure)
        self._untold.append(failure)

    def tell(self) -> None:
        """Raise a HappeningError if something that was due has failed since the last time."""
        with self.lock:
            untold, self._untold = self._untold, []
        if untold:
            more = f" (and {len(untold) - 1} more)" if len(untold) > 1 else ""
            raise HappeningError(f"failed on {untold[0]}{more}") from untold[0].error

    def next_delay(self) -> float | None:
        """Wall seconds until something is due, None when nothing is planned."""
        due = self.state.scheduler.next_due()
        return None if due is None else self.state.clock.wall_delay(due)

    def handle(self, request: Request) -> Response:
        """Answer one request the way AWS would."""
        headers = request.headers
        passage = _Passage(self._request_ids.uuid(), host=headers.get("host", ""))
        try:
            answer, outcome = self._answer(request, passage)
        except AwsError as error:
            answer, outcome = passage.failed(error)
        except SimulatorError as error:
            # What it cannot judge is not implemented, which clients do not try again.
            log.error("Refusing to guess: %s:%s: %s", passage.service, passage.operation, error)  # noqa: TRY400 - ours
            answer, _ = passage.failed(CommonError("NotImplemented", f"The simulator cannot tell: {error}"))
            outcome = "SimulatorError"
        except Exception as error:
            log.exception("Failing on %s:%s", passage.service, passage.operation)
            text = f"simulator: {type(error).__name__}: {error}"
            answer, _ = passage.failed(CommonError("InternalFailure", text))
            outcome = "SimulatorError"
        self._remember(passage, outcome)
        return answer

    def may_wait(self, request: Request) -> bool:
        """Tell whether a request may wait for something to happen: receiving messages does, if `patient`."""
        if claims.service(request) != "sqs":
            return False
        target = request.headers.get("x-amz-target")
        asked = routing.form(request).get("Action", [""])[0] if target is None else target.rpartition(".")[2]
        return asked == "ReceiveMessage"

    def _answer(self, request: Request, passage: _Passage) -> tuple[Response, str]:
        service, claimed = _identify(request, passage)
        if service is None:
            raise self._unknown_here(request, passage, claimed)
        passage.facts = {"aws:sourceip": (request.peer,), "aws:useragent": (request.headers.get("user-agent", ""),)}
        passage.credential = self._verified(request, claimed) if claimed else NOBODY
        route = routing.route(service, request)
        if route is None:
            raise CommonError("UnknownOperation", f"{service.name} has no such operation")
        passage.operation = route.operation.name
        fault = self._strike(request, passage)
        if early := effects.instead(fault, passage.failed):
            return early
        operation = table.OPERATIONS.get(service.name, {}).get(route.operation.name)
        if operation is None:
            name = f"{service.name}:{route.operation.name}"
            raise unimplemented(name)
        params = parsing.parse(service, route, request)
        validation.check(service, route.operation, params)
        result = self._run(service, operation, passage, params, _age(fault))
        if self.strict_out:
            strict.check(route.operation, result)
        content_type, body = answers.write(service, route.operation, result, passage.request_id)
        status = int(route.operation.http.get("responseCode", 200))
        headers = (("Content-Type", content_type), ("x-amzn-RequestId", passage.request_id))
        return effects.delivered(Response(status, headers, body), fault, passage.failed)

    def _unknown_here(self, request: Request, passage: _Passage, claimed: claims.Claim | None) -> CommonError:
        """Say of a call to another service that it is not implemented; the log tells who calls, where that is true."""
        if claimed:
            with contextlib.suppress(AwsError):
                passage.credential = self._verified(request, claimed)
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        passage.operation = target or routing.form(request).get("Action", ["Unknown"])[0]
        named = passage.operation if passage.operation != "Unknown" else f"{request.method} {request.path}"
        return unimplemented(f"the service {passage.service} ({named})")

    def _verified(self, request: Request, claimed: claims.Claim) -> Credential:
        if claimed.region not in regions.known():
            text = f"Credential should be scoped to a valid region, not '{claimed.region}'."
            raise CommonError("BadSignature", text)
        with self.lock:
            now, wall = self.state.now(), self._real.wall() + self.skew
            found = signature.verify(request, claimed, self.state.credentials, now=now, wall=wall)
            if claimed.region in self.state.accounts[found.principal.account].disabled_regions:
                raise CommonError("UnknownKey", "The security token included in the request is invalid.")
            return found

    def _strike(self, request: Request, passage: _Passage) -> faults.Fault | None:
        credential = passage.credential
        if credential is None or not self.faults:
            return None
        principal = credential.principal
        target = faults.Target(
            principal.account,
            principal.name,
            passage.service,
            passage.operation,
            _spoken_of(request) if self.faults.name_resources() else "",
            self.state.now(),
            mutating=calls.mutates(passage.operation) or passage.operation in _PRESENT,
            session=credential.token is not None,
        )
        with self.lock:
            fault = self.faults.strike(target)
            if fault and fault.kind is faults.Kind.EXPIRED_TOKEN:
                # The session is over for good; the next one of the same role is a new one.
                self.state.credentials[credential.key_id] = replace(credential, expiry=self.state.now())
            return fault

    def _run(
        self, service: catalogue.Service, operation: Operation, passage: _Passage, params: Params, age: float
    ) -> Params:
        credential = passage.credential
        if credential is None:
            raise AssertionError("an operation runs for an authenticated caller only")
        with self.lock:
            self.run_due()
            state = self.state
            if age:
                state = self.history.as_of(state.clock.now() - age, state, credential.principal)
            scope = _scope(state, credential, passage)
            if operation.target is not None:
                resource, policy = operation.target(scope, params)
                action = f"{service.name}:{passage.operation}"
                scope.authorise(action, resource, policy=policy, keys=request_keys.of(action, params, resource))
            due = state.scheduler.next_due()
            result = self._patiently(operation, scope, params)
            if self.pollers or state.scheduler.next_due() != due:
                self.changed.notify_all()
            if calls.mutates(passage.operation) and (depth := self.faults.staleness()):
                self.history.keep(state, state.clock.now(), depth)
            return result

    def _patiently(self, operation: Operation, scope: Scope, params: Params) -> Params:
        """Let an operation act, again and again while its answer is empty and it has patience."""
        result = operation.handle(scope, params)
        if result or operation.patience is None or not self.patient:
            return result
        virtual = self.state.clock
        seconds = operation.patience(scope, params) / (1.0 if virtual.frozen else virtual.rate)
        deadline = time.monotonic() + seconds
        self.pollers += 1
        try:
            while (left := deadline - time.monotonic()) > 0 and not self.ending.is_set():
                self.changed.wait(min(left, POLL))
                self.run_due()
                result = operation.handle(replace(scope, state=self.state, now=self.state.now()), params)
                if result:
                    break
        finally:
            self.pollers -= 1
        return result

    def _remember(self, passage: _Passage, outcome: str) -> None:
        principal = passage.credential.principal if passage.credential else None
        with self.lock:
            self.calls.add(
                calls.Call(
                    time=self.state.now(),
                    account=principal.account if principal else "",
                    principal=principal.arn if principal else "",
                    service=passage.service,
                    operation=passage.operation,
                    region=passage.region,
                    mutating=calls.mutates(passage.operation),
                    outcome=outcome,
                )
            )


def _spoken_of(request: Request) -> str:
    """Return all that a request says, as it stands there and unquoted."""
    text = urllib.parse.unquote(f"{request.path}?{request.query}\n") + request.body.decode("utf-8", "replace")
    return text + urllib.parse.unquote(text)


def _identify(request: Request, passage: _Passage) -> tuple[catalogue.Service | None, claims.Claim | None]:
    """Find service, protocol and claimed identity, None for calls of STS that nobody signs."""
    if "authorization" not in request.headers:
        fields = urllib.parse.parse_qs(request.body.decode("utf-8", "replace") or request.query)
        if "Action" in fields:
            passage.protocol, passage.service, passage.operation = "query", "sts", fields["Action"][0]
            if passage.operation in sts.UNSIGNED:
                passage.found = catalogue.load()["sts"]
                passage.region = UNSIGNED_REGION
                return passage.found, None
    passage.service = claims.service(request) or passage.service
    service = catalogue.load().get(passage.service)
    service = passage.found = routing.spoken(service, request) if service else None
    passage.protocol = _protocol(service, passage, request)
    claimed = claims.read(request)
    passage.region = claimed.region
    return service, claimed


def _protocol(service: catalogue.Service | None, passage: _Passage, request: Request) -> str:
    """The protocol of a service, guessed where it is none of ours."""
    if service:
        return service.protocol
    if request.body.startswith(b"Action=") or passage.service in ANSWERED_IN_XML:
        return "query"
    return "json" if "x-amz-target" in request.headers else passage.protocol


def _scope(state: State, credential: Credential, passage: _Passage) -> Scope:
    """What an operation knows of its call; `state` is the world of a while ago when reads are stale."""
    session = credential.token is not None
    return Scope(state, credential.principal, session, passage.region, state.now(), passage.facts, host=passage.host)


def _age(fault: faults.Fault | None) -> float:
    """How many virtual seconds ago the world was that a call gets to see."""
    return fault.seconds if fault and fault.kind is faults.Kind.STALE else 0.0


FIDELITY = (
    Behaviour(
        "Thirty-two callers at once never see a torn world",
        "ours",
        "test_clock.py::test_thirty_two_callers_never_see_a_torn_world",
    ),
    Behaviour(
        "In a Region that its account has not enabled no key is known, and nothing is copied there",
        "DG (General Reference); that copies fail like refused ones: assumed",
        "test_disabled_regions.py::test_no_key_is_known_in_a_disabled_region",
    ),
    Behaviour(
        "Every Region of the partition is at this one address; a signature for any other Region is a bad one",
        "issue (aws-sdk-php 493 and others, of services that have one Region); other Regions have no address in AWS",
        "test_signatures.py::test_a_region_that_there_is_not_is_refused",
    ),
    Behaviour(
        "A call to a service that is not simulated answers 501 by name, whoever signed it",
        "ours",
        "test_engine.py::test_a_service_that_is_not_simulated_answers_501_by_name",
    ),
    Behaviour(
        "Signature, route, parameters, permission, handler: judged in this order",
        "assumed",
        "test_signatures.py::test_what_is_judged_first",
    ),
)
