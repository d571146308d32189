"""The end of a policy: nothing of ours stays that was to be removed, and nothing stays stuck on our finalizer.

What AWS keeps from completing is let go after a bounded wait, with a Warning that says what is left.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ..model import DeletionPolicy, Event
from ..reasons import Reason
from ..reconcile import PolicyRequest
from ..status import Outcome
from ..work.agenda import After, Done, Lane, Next
from . import objects
from .client import ApiError
from .objects import Body, Kind, ObjectKey
from .parts import Parts
from .threads import EndingError, Overdue

_logger = logging.getLogger(__name__)

_DEFINITION = f"{objects.POLICIES.plural}.{objects.GROUP}"
_AT_LEAST = timedelta(seconds=30)
_UNUSABLE = frozenset({Reason.INVALID_SPEC.value, Reason.ACCOUNT_NOT_FOUND.value})


class Deletions:
    """Brings policies with a deletionTimestamp to their end."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, key: ObjectKey, body: Body) -> Next:
        """Do one pass over a policy that is being deleted; Done when it is let go."""
        if objects.FINALIZER not in objects.finalizers_of(body):
            return Done()  # it waits for somebody else
        until = self._until(body)
        ordered = await self._ordered(body, until)
        pending = None
        try:
            outcome = await self._work(key, body, ordered=ordered, until=until)
        except Overdue as overdue:
            pending, outcome = overdue.pending, None
        except EndingError:
            raise
        except Exception:  # the object must not stay for ever because of a bug of ours
            self._parts.vitals.internal_errors.add("deletion")
            _logger.exception("Failing because of a bug in the deletion; please report it")
            outcome = None
        then = await self._conclude(key, body, outcome, until)
        if pending is not None:
            await pending  # the key stays taken until its thread returns
        return then

    def _until(self, body: Body) -> datetime:
        asked = objects.deletion_of(body) or self._parts.clock()
        return asked + self._parts.settings.deletion_wait

    async def _work(self, key: ObjectKey, body: Body, *, ordered: bool, until: datetime) -> Outcome:
        parts = self._parts
        now = parts.clock()
        request = PolicyRequest(
            body=body,
            accounts=parts.store.accounts(),
            namespace_labels=parts.store.place(key.namespace).labels,
            not_before=now,
            claims=parts.store.claims_beside(key),
            ordered=ordered,
        )
        deadline = min(parts.settings.pass_deadline, max(until - now, _AT_LEAST))
        return await parts.threads.run(
            lambda stopping: parts.engine.policy(
                request, parts.aws, clock=parts.clock, cadence=parts.settings.cadence, stopping=stopping
            ),
            deadline,
        )

    async def _conclude(self, key: ObjectKey, body: Body, outcome: Outcome | None, until: datetime) -> Next:
        if outcome is not None and outcome.done:
            await self._release(key, body, _farewell(body, outcome), outcome.summary)
            return Done()
        left = until - self._parts.clock()
        if left <= timedelta(0):
            await self._release(key, body, (_incomplete(_why(outcome)),), "")
            return Done()
        pace = self._parts.settings.cadence.follow
        return After(min(pace, max(left, timedelta(milliseconds=100))), Lane.CHANGE)

    async def _release(self, key: ObjectKey, body: Body, events: tuple[Event, ...], summary: str) -> None:
        current = self._parts.store.get(key) or body
        await self._parts.writer.release(key, current)
        for line in [summary] if summary else [event.message for event in events]:
            _logger.info("%s", line)
        self._parts.recorder.record(Kind.POLICY, body, events)

    async def _ordered(self, body: Body, until: datetime) -> bool:
        """Tell whether somebody deleted this policy by name, and not all of them with the CRD or the namespace.

        Both get their deletionTimestamp before their objects do, so they are asked now, not remembered. A policy that
        removes nothing anyway does not need to know.
        """
        spec = body.get("spec") or {}
        if spec.get("deletionPolicy") != DeletionPolicy.REMOVE_OWNED:
            return True
        namespace = body["metadata"].get("namespace") or ""
        try:
            for resource, name in ((objects.NAMESPACES, namespace), (objects.DEFINITIONS, _DEFINITION)):
                found = await self._parts.api.look(resource, "", name, metadata_only=True)
                if found is None or objects.deletion_of(found) is not None:
                    return False
        except ApiError:
            if self._parts.clock() < until:
                raise
            return False
        return True


def _farewell(body: Body, outcome: Outcome) -> tuple[Event, ...]:
    """Return the events of a completed deletion; without usable accounts nothing could be removed."""
    conditions = outcome.report.conditions if outcome.report is not None else ()
    unusable = any(reason in _UNUSABLE for _, _, reason in conditions)
    if not unusable:
        return outcome.events
    if (body.get("spec") or {}).get("deletionPolicy") != DeletionPolicy.REMOVE_OWNED:
        return ()
    return (_incomplete("its accounts are not usable any more"),)


def _why(outcome: Outcome | None) -> str:
    problem = outcome.problem if outcome is not None else None
    return problem.message.rstrip(".") if problem is not None else "AWS did not answer in time"


def _incomplete(why: str) -> Event:
    text = f"Left in AWS what this policy owned there: {why}. Remove its vault policy statements by hand."
    return Event("Warning", Reason.DELETION_INCOMPLETE, text)
