"""The end of an object: nothing of ours stays that was to be removed, and nothing stays stuck on our finalizer.

What AWS keeps from completing is let go after a bounded wait, with a Warning that says what is left.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from ..kinds.kind import Body, ObjectKey, Occasion, Parting, Request
from ..status.events import Event
from ..status.outcome import Outcome
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from ..work.agenda import After, Done, Lane, Next
from . import objects
from .client import ApiError
from .parts import Parts
from .threads import EndingError, Overdue

_logger = logging.getLogger(__name__)

_AT_LEAST = timedelta(seconds=30)
_BUG = "The deletion ended because of a bug in the operator; its log has the details. Please report it."


class Deletions:
    """Brings objects with a deletionTimestamp to their end, of kinds with a :class:`~crossvault.kinds.kind.Parting`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, key: ObjectKey, body: Body, parting: Parting) -> Next:
        """Do one pass over an object that is being deleted; Done when it is let go."""
        if objects.FINALIZER not in objects.finalizers_of(body):
            return Done()  # it waits for somebody else
        until = self._until(body)
        ordered = not parting.removes(body) or await self._ordered(key, until)
        request = self._parts.store.desk.request(key, body, Occasion(self._parts.clock(), ordered=ordered))
        pending = None
        try:
            outcome = await self._work(key, request, until)
        except Overdue as overdue:
            pending = overdue.pending
            outcome = self._unfinished(request, Problem(Reason.DEADLINE_EXCEEDED, "AWS did not answer in time."))
        except EndingError:
            raise
        except Exception:  # the object must not stay for ever because of a bug of ours
            self._parts.vitals.internal_errors.add("deletion")
            _logger.exception("Failing because of a bug in the deletion; please report it")
            outcome = self._unfinished(request, Problem(Reason.INTERNAL_ERROR, _BUG, ErrorClass.BUG))
        try:
            return await self._conclude(key, body, outcome, until, parting)
        finally:
            if pending is not None:
                await pending  # the key stays taken until its thread returns

    def _unfinished(self, request: Request, problem: Problem) -> Outcome:
        try:
            return request.unfinished(problem, now=self._parts.clock(), cadence=self._parts.settings.cadence)
        except Exception:  # what is wrong with the object may keep it from being told, too
            _logger.exception("Failing because of a bug in what a deletion waits for; please report it")
            return Outcome(None, failed=True, problem=problem)

    def _until(self, body: Body) -> datetime:
        asked = objects.deletion_of(body) or self._parts.clock()
        return asked + self._parts.settings.deletion_wait

    async def _work(self, key: ObjectKey, request: Request, until: datetime) -> Outcome:
        parts = self._parts
        deadline = min(parts.settings.pass_deadline, max(until - request.not_before, _AT_LEAST))
        return await parts.threads.run(lambda stopping: parts.work(key, request, stopping), deadline)

    async def _conclude(self, key: ObjectKey, body: Body, outcome: Outcome, until: datetime, parting: Parting) -> Next:
        if outcome.done:
            await self._release(key, body, outcome.events, outcome.summary)
            return Done()
        left = until - self._parts.clock()
        if left <= timedelta(0):
            await self._release(key, body, (parting.given_up(outcome.problem),), "")
            return Done()
        await self._tell(key, body, outcome)
        pace = self._parts.settings.cadence.follow
        return After(min(pace, max(left, timedelta(milliseconds=100))), Lane.CHANGE)

    async def _tell(self, key: ObjectKey, body: Body, outcome: Outcome) -> None:
        """Say in the status, and once as an event, what the deletion waits for. It does not wait for this, too."""
        for event in outcome.events:
            _logger.warning("%s", event.message, extra={"reason": event.reason.value})
        if outcome.report is not None:
            known = self._parts.board.get(outcome.report.kind, outcome.report.key)
            conditions = outcome.report.conditions
            self._parts.board.put(replace(known, conditions=conditions) if known else outcome.report)
        if outcome.status is None:
            return
        try:
            current = await self._parts.writer.put_status(key, self._parts.store.get(key) or body, outcome.status)
        except ApiError as error:
            _logger.warning("Leaving the status as it is: %s", error)
            return
        self._parts.recorder.record(key.kind, current, outcome.events)

    async def _release(self, key: ObjectKey, body: Body, events: tuple[Event, ...], summary: str) -> None:
        current = self._parts.store.get(key) or body
        await self._parts.writer.release(key, current)
        for line in [summary] if summary else [event.message for event in events]:
            _logger.info("%s", line)
        self._parts.recorder.record(key.kind, body, events)

    async def _ordered(self, key: ObjectKey, until: datetime) -> bool:
        """Tell whether somebody deleted this object by name, and not all of them with the CRD or the namespace.

        Both get their deletionTimestamp before their objects do, so they are asked now, not remembered.
        """
        definition = f"{objects.WATCHED[key.kind].plural}.{objects.GROUP}"
        places = [(objects.NAMESPACES, key.namespace)] if key.namespace else []
        try:
            for resource, name in (*places, (objects.DEFINITIONS, definition)):
                found = await self._parts.api.look(resource, "", name, metadata_only=True)
                if found is None or objects.deletion_of(found) is not None:
                    return False
        except ApiError:
            if self._parts.clock() < until:
                raise
            return False
        return True
