"""The simulator's core: a request comes in, an answer goes out; no HTTP server, no socket, no thread.

Order: signature, route, parameters, faults, permission, handler. One lock guards the world.
"""

from __future__ import annotations

import logging
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import calls, faults
from .engine import answers, catalogue, failures, parsing, routing, strict, validation
from .fidelity import Behaviour
from .identity import signature
from .services import backup, iam, kms, organizations, sts
from .services.operation import Scope
from .wire import Arrival, AwsError, CommonError, Params, Request, Response, SimulatorError
from .world import building

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .services.operation import Operation
    from .state import Credential, State
    from .world.schema import World

log = logging.getLogger(__name__)

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "backup": backup.OPERATIONS,
    "sts": sts.OPERATIONS,
    "iam": iam.OPERATIONS,
    "kms": kms.OPERATIONS,
    "organizations": organizations.OPERATIONS,
}
HANG = 3600.0


@dataclass(slots=True)
class _Passage:
    """What is known about a request so far, for the answer and the call log."""

    request_id: str
    protocol: str = "rest-json"
    service: str = ""
    found: catalogue.Service | None = None
    operation: str = "Unknown"
    region: str = ""
    credential: Credential | None = None


class Simulator:
    """An AWS. `handle` may be called from any number of threads.

    `strict_out` checks every answer against the service model; load runs may do without.
    """

    def __init__(
        self,
        world: World,
        *,
        rate: float | None = None,
        wall: Callable[[], float] = time.time,
        strict_out: bool = True,
    ) -> None:
        self.strict_out = strict_out
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.calls = calls.CallLog()
        self.faults = faults.Faults()
        self._wall = wall
        self._rate = rate
        self.world = world
        self.state: State = building.build(world, rate=rate, wall=wall)

    def reset(self) -> None:
        """Go back to the loaded world: state, clock, faults, outcomes and calls."""
        self.load(self.world)

    def load(self, world: World) -> None:
        """Replace the world."""
        fresh = building.build(world, rate=self._rate, wall=self._wall)
        with self.lock:
            self.world, self.state = world, fresh
            self.calls.clear()
            self.faults.clear()
            self.changed.notify_all()

    def run_due(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            self.state.scheduler.run(self.state.clock.now())

    def next_delay(self) -> float | None:
        """Wall seconds until something is due, None when nothing is planned."""
        due = self.state.scheduler.next_due()
        return None if due is None else self.state.clock.wall_delay(due)

    def handle(self, request: Request) -> Response:
        """Answer one request the way AWS would."""
        passage = _Passage(str(uuid.uuid4()))
        try:
            answer, outcome = self._answer(request, passage)
        except AwsError as error:
            answer = _failed(error, passage)
            outcome = failures.settle(error, passage.protocol)[0]
        except SimulatorError as error:
            log.error("Refusing to guess: %s:%s: %s", passage.service, passage.operation, error)  # noqa: TRY400 - ours
            answer = self._own_failure(passage, f"simulator: {error}")
            outcome = "SimulatorError"
        except Exception as error:
            log.exception("Failing on %s:%s", passage.service, passage.operation)
            answer = self._own_failure(passage, f"simulator: {type(error).__name__}: {error}")
            outcome = "SimulatorError"
        self._remember(passage, outcome)
        return answer

    def _own_failure(self, passage: _Passage, message: str) -> Response:
        return _failed(CommonError("InternalFailure", message), passage)

    def _answer(self, request: Request, passage: _Passage) -> tuple[Response, str]:
        service, claimed = _identify(request, passage)
        with self.lock:
            credential = signature.verify(
                request, claimed, self.state.credentials, now=self.state.clock.now(), wall=self._wall()
            )
        passage.credential = credential
        if service is None:
            raise CommonError("NotImplemented", f"The simulator does not implement the service {passage.service}")
        route = routing.route(service, request)
        if route is None:
            raise CommonError("UnknownOperation", f"{service.name} has no such operation")
        passage.operation = route.operation.name
        fault = self._strike(request, passage)
        if fault and not fault.after_effect:
            early = _before(fault, passage)
            if early:
                return early
        operation = OPERATIONS.get(service.name, {}).get(route.operation.name)
        if operation is None:
            name = f"{service.name}:{route.operation.name}"
            raise CommonError("NotImplemented", f"The simulator does not implement {name}")
        params = parsing.parse(service, route, request)
        validation.check(service, route.operation, params)
        result = self._run(service, operation, passage, params)
        if self.strict_out:
            strict.check(route.operation, result)
        content_type, body = answers.write(service, route.operation, result, passage.request_id)
        status = int(route.operation.http.get("responseCode", 200))
        headers = (("Content-Type", content_type), ("x-amzn-RequestId", passage.request_id))
        return _delivered(Response(status, headers, body), fault, passage)

    def _strike(self, request: Request, passage: _Passage) -> faults.Fault | None:
        credential = passage.credential
        if credential is None:
            return None
        text = urllib.parse.unquote(f"{request.path}?{request.query}\n") + request.body.decode("utf-8", "replace")
        principal = credential.principal
        target = faults.Target(
            principal.account, principal.name, passage.service, passage.operation, text + urllib.parse.unquote(text)
        )
        with self.lock:
            return self.faults.strike(target, self.state.ids.chance)

    def _run(self, service: catalogue.Service, operation: Operation, passage: _Passage, params: Params) -> Params:
        credential = passage.credential
        if credential is None:
            raise AssertionError("an operation runs for an authenticated caller only")
        with self.lock:
            state = self.state
            state.scheduler.run(state.clock.now())
            scope = Scope(state, credential.principal, credential.token is not None, passage.region, state.now())
            if operation.target is not None:
                resource, policy = operation.target(scope, params)
                scope.authorise(f"{service.name}:{passage.operation}", resource, policy=policy)
            due = state.scheduler.next_due()
            result = operation.handle(scope, params)
            if state.scheduler.next_due() != due:
                self.changed.notify_all()
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


def _identify(request: Request, passage: _Passage) -> tuple[catalogue.Service | None, signature.Claim]:
    """Find service, protocol and claimed identity; unsigned STS calls are named before they are refused."""
    if "authorization" not in request.headers:
        fields = urllib.parse.parse_qs(request.body.decode("utf-8", "replace") or request.query)
        if "Action" in fields:
            passage.protocol, passage.service, passage.operation = "query", "sts", fields["Action"][0]
            if passage.operation == "AssumeRoleWithWebIdentity":
                raise CommonError("NotImplemented", "The simulator does not implement sts:AssumeRoleWithWebIdentity")
        elif "x-amz-target" in request.headers:
            passage.protocol = "json"
    claimed = signature.claim(request)
    passage.service, passage.region = claimed.service, claimed.region
    service = catalogue.load().get(claimed.service)
    if service:
        passage.protocol, passage.found = service.protocol, service
    elif request.body.startswith(b"Action="):
        passage.protocol = "query"
    elif "x-amz-target" in request.headers:
        passage.protocol = "json"
    return service, claimed


def _failed(error: AwsError, passage: _Passage) -> Response:
    return failures.write(error, passage.protocol, passage.request_id, passage.found)


def _before(fault: faults.Fault, passage: _Passage) -> tuple[Response, str] | None:
    """What a fault answers instead of the operation; None lets the operation run."""
    match fault.kind:
        case faults.Kind.ERROR:
            error = AwsError(fault.code, fault.message, status=fault.status)
            return _failed(error, passage), fault.code
        case faults.Kind.THROTTLE:
            throttled = CommonError("Throttling", fault.message or "Rate exceeded")
            code = failures.settle(throttled, passage.protocol)[0]
            return _failed(throttled, passage), code
        case faults.Kind.HANG:
            return Response(500, (), b"", fault.seconds or HANG, Arrival.DROPPED), "hang"
        case faults.Kind.RESET:
            return Response(500, (), b"", fault.seconds, Arrival.DROPPED), "reset"
        case _:
            return None


def _delivered(answer: Response, fault: faults.Fault | None, passage: _Passage) -> tuple[Response, str]:
    """Apply what a fault does to an answer that AWS has already acted on."""
    if fault is None:
        return answer, "OK"
    match fault.kind:
        case faults.Kind.LATENCY:
            return replace(answer, delay=fault.seconds), "OK"
        case faults.Kind.TRUNCATE:
            return replace(answer, delay=fault.seconds, arrival=Arrival.TRUNCATED), "truncate"
        case faults.Kind.RESET:
            return replace(answer, delay=fault.seconds, arrival=Arrival.DROPPED), "reset after effect"
        case faults.Kind.HANG:
            return replace(answer, delay=fault.seconds or HANG, arrival=Arrival.DROPPED), "hang after effect"
        case _:
            early = _before(fault, passage)
            return early or (answer, "OK")


FIDELITY = (
    Behaviour(
        "Signature, route, parameters, permission, handler: judged in this order",
        "assumed",
    ),
)
