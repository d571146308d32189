"""The control API over HTTP: JSON under `/_sim/`, never signed, never part of AWS."""

from __future__ import annotations

import inspect
import json
import logging
import urllib.parse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import calls, faults
from .engine import json_bodies
from .wire import Response
from .world import files, order_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .control import Control
    from .snapshot import Snapshot
    from .wire import Request

Json = dict[str, Any]
log = logging.getLogger(__name__)
HEADERS = (("Content-Type", "application/json"),)


class ControlApi:
    """Routes control requests to a `Control`."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._routes: Mapping[tuple[str, str], Callable[[Json], Any]] = {
            ("POST", "reset"): self._reset,
            ("GET", "state"): lambda _asked: control.dump(),
            ("GET", "clock"): lambda _asked: self._clock({}),
            ("POST", "clock"): self._clock,
            ("POST", "world"): self._world,
            ("GET", "faults"): lambda _asked: {"faults": [faults.shown(fault) for fault in control.faults.list()]},
            ("POST", "faults"): lambda asked: faults.shown(control.faults.add(**asked)),
            ("DELETE", "faults"): lambda _asked: control.faults.clear(),
            ("GET", "outcomes"): lambda _asked: {"outcomes": [asdict(outcome) for outcome in control.outcomes()]},
            ("POST", "outcomes"): lambda asked: asdict(control.order(**asked)),
            ("DELETE", "outcomes"): lambda _asked: control.clear_outcomes(),
            ("GET", "calls"): self._calls,
            ("GET", "calls/summary"): lambda asked: {"roles": calls.summary(self._found(asked))},
            ("GET", "actions"): lambda asked: {"actions": _called(control.judged, asked, "filter of actions")},
            ("GET", "explanations"): lambda asked: {
                "explanations": [asdict(one) for one in _called(control.explanations, asked, "filter of explanations")]
            },
            ("DELETE", "calls"): lambda _asked: control.clear_calls(),
            ("GET", "events"): lambda _asked: control.events.shown(),
            ("POST", "events"): lambda asked: control.events.set(**asked),
            ("POST", "events/publish"): lambda asked: _called(control.events.publish, asked),
            ("POST", "events/flush"): lambda asked: _called(control.events.flush, asked),
            ("POST", "seed"): self._seed,
            ("POST", "resources"): self._add_resources,
            ("DELETE", "resources"): lambda asked: _called(control.remove_resource, asked),
            ("POST", "tokens"): lambda asked: {"token": _called(control.web_identity_token, asked)},
            ("GET", "snapshot"): lambda _asked: {"snapshots": _shown(control.snapshots())},
            ("POST", "snapshot"): lambda asked: _shown({_name(asked): control.snapshot(_name(asked))})[0],
            ("POST", "restore"): lambda asked: control.restore(_name(asked)),
        }

    def handle(self, request: Request) -> Response:
        """Answer one control request."""
        name = request.path.removeprefix("/_sim").strip("/")
        route = self._routes.get((request.method, name))
        if route is None:
            known = ", ".join(sorted(f"{method} /_sim/{path}" for method, path in self._routes))
            return _answer(404, {"error": f"no {request.method} {request.path}; there are {known}"})
        try:
            asked = json.loads(request.body or b"{}")
            if not isinstance(asked, dict):
                return _answer(400, {"error": "the body is no JSON object"})
            asked |= dict(urllib.parse.parse_qsl(request.query))
            return _answer(200, route(asked) or {})
        except (ValueError, TypeError, KeyError, LookupError, OverflowError, RecursionError) as error:
            return _answer(400, {"error": str(error)})
        except Exception as error:
            log.exception("Failing on %s %s", request.method, request.path)
            return _answer(500, {"error": f"{type(error).__name__}: {error}"})

    def _reset(self, _asked: Json) -> None:
        self._control.reset()

    def _clock(self, asked: Json) -> Json:
        if unknown := set(asked) - {"freeze", "rate", "advance", "skew"}:
            raise ValueError(f"unknown field of the clock: {', '.join(sorted(unknown))}")
        if empty := [name for name, value in asked.items() if value is None]:
            raise ValueError(f"no value of the clock: {', '.join(empty)}")
        if not isinstance(asked.get("freeze", False), bool):
            raise ValueError("freeze is true or false")  # noqa: TRY004 - 400
        if "rate" in asked:
            asked = asked | {"rate": float(asked["rate"])}
        if asked:
            self._control.set_clock(**asked)
        dump = self._control.dump()
        return {name: dump[name] for name in ("now", "rate", "frozen", "skew")}

    def _world(self, asked: Json) -> None:
        if "yaml" in asked:
            self._control.load(files.from_text(str(asked["yaml"])))
            return
        world = asked.get("world")
        if not isinstance(world, dict):
            raise ValueError("give the world as an object under `world`, or as text under `yaml`")  # noqa: TRY004 - 400
        self._control.load(world)

    def _calls(self, asked: Json) -> Json:
        found = self._found(asked)
        return {"count": len(found), "calls": [calls.shown(call) for call in found]}

    def _found(self, asked: Json) -> list[calls.Call]:
        _check_fields(calls.CallLog().find, asked, "filter of calls")
        wanted = dict(asked)
        if "mutating" in wanted:
            wanted["mutating"] = str(wanted["mutating"]).lower() == "true"
        if "since" in wanted:
            wanted["since"] = float(wanted["since"])
        return self._control.calls(**wanted)

    def _add_resources(self, asked: Json) -> Json:
        if missing := [name for name in ("account", "resources") if name not in asked]:
            raise ValueError(f"missing: {', '.join(missing)}")
        added = self._control.add_resources(str(asked["account"]), asked["resources"])
        return {"resources": [resource.arn for resource in added]}

    def _seed(self, asked: Json) -> Json:
        added = _called(self._control.seed, asked)
        return {"recovery_points": [point.arn for point in added]}


def _called(function: Callable[..., Any], asked: Json, what: str = "field here") -> Any:  # noqa: ANN401 - whatever it returns
    """Call a function of the control with the fields of a request, once they are those that it takes."""
    _check_fields(function, asked, what)
    return function(**asked)


def _name(asked: Json) -> str:
    if unknown := set(asked) - {"name"}:
        raise ValueError(f"unknown field of a snapshot: {', '.join(sorted(unknown))}")
    return str(asked.get("name", "default"))


def _shown(kept: dict[str, Snapshot]) -> list[Json]:
    return [{"name": name, "taken": one.taken, "bytes": len(one.content)} for name, one in kept.items()]


def _answer(status: int, body: Json) -> Response:
    return Response(status, HEADERS, json_bodies.plain(body))


def _check_fields(function: Callable[..., object], given: Collection[str], what: str) -> None:
    """Raise ValueError for names that a function does not take, or for those that it lacks."""
    parameters = inspect.signature(function).parameters
    for name in given:
        if name not in parameters:
            near = order_names.near(name, parameters)
            meant = f", did you mean {near!r}?" if near else ";"
            raise ValueError(f"{name!r} is no {what}{meant} there are {', '.join(parameters)}")
    missing = [name for name, each in parameters.items() if each.default is each.empty and name not in given]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")
