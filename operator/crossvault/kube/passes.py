"""One pass over one object: look into the store, reconcile in a thread, write what became true, say when to look again.

Order matters: the finalizer before AWS, the status after AWS, events after the status, so that a process that dies
in between repeats something instead of losing it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from ..kinds import KINDS
from ..kinds.kind import Body, ObjectKey, Occasion, Parting, Request
from ..manifest.fields import format_duration
from ..status.events import Event
from ..status.outcome import Outcome
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from ..work import logs
from ..work.agenda import After, Done, Lane, Next, Retry
from ..work.hearing import Heard, found_any
from . import objects
from .client import ApiError, Trouble
from .deletion import Deletions
from .parts import Parts
from .threads import EndingError, Overdue
from .writer import OvertakenError, VanishedError

_logger = logging.getLogger(__name__)

Work: TypeAlias = Callable[[Callable[[], bool]], Outcome]

AWS = "AWS"
API = "the API server"
AGAIN = After(timedelta(milliseconds=200), Lane.CHANGE)
_API_LONGEST = timedelta(minutes=1)


class Passes:
    """Handles the keys of the queue."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._deletions = Deletions(parts)
        self._unsaid: dict[ObjectKey, tuple[Event, ...]] = {}

    async def handle(self, key: ObjectKey) -> Next:
        """Do one pass and say when the next one is due. Raises for bugs of ours only."""
        with logs.about(namespace=key.namespace, name=key.name, **{"pass": secrets.token_hex(2)}):
            try:
                return await self._pass(key)
            except VanishedError:
                self._forget(key)
                return Done()
            except OvertakenError:
                return AGAIN
            except EndingError:
                return Retry()
            except ApiError as error:
                return self._after_api_error(error)

    async def _pass(self, key: ObjectKey) -> Next:
        while self._parts.store.desk.settle():  # noqa: ASYNC110 - slices of work with turns for others, not polling
            await asyncio.sleep(0)
        body = self._parts.store.get(key)
        if body is None:
            raise VanishedError(str(key))
        parting = KINDS[key.kind].parting
        if parting is not None:
            if objects.deletion_of(body) is not None:
                return await self._deletion(key, body, parting)
            body = await self._held(key, body) if parting.leaves(body) else body
        now = self._parts.clock()
        occasion = Occasion(
            self._parts.freshness.not_before(key, now),
            self._looked(key),
            waiting=self._parts.board.waiting(key.kind, key.policy),
            patience=self._parts.freshness.patience(key, now),
        )
        return await self._look(key, body, self._parts.store.desk.request(key, body, occasion))

    def _looked(self, key: ObjectKey) -> Mapping[str, datetime]:
        return self._parts.board.looked(key.kind, key.policy)

    # --- what a pass does in its thread

    def _work(self, key: ObjectKey, request: Request, heard: Heard) -> Work:
        parts = self._parts

        def work(stopping: Callable[[], bool]) -> Outcome:
            for hint, at in heard.items():
                parts.heed(hint, at)
            return parts.work(key, request, stopping)

        return work

    # --- around it

    async def _held(self, key: ObjectKey, body: Body) -> Body:
        """Have our finalizer on the object before anything is done for it, so that its deletion is never missed.

        Where the API server refuses it, going on without it protects more than stopping.
        """
        try:
            return await self._parts.writer.add_finalizer(key, body)
        except ApiError as error:
            if error.trouble is not Trouble.REFUSED:
                raise
            self._bug("finalizer", error)
            return body

    async def _look(self, key: ObjectKey, body: Body, request: Request) -> Next:
        started, heard = self._parts.clock(), self._parts.hearing.take(key)
        deadline = self._parts.settings.pass_deadline
        try:
            work = self._work(key, request, heard)
            outcome = await self._parts.threads.run(work, deadline, lambda: self._parts.aside(key))
        except Overdue as overdue:
            self._parts.vitals.passes.observe((key.kind, "deadline"), deadline.total_seconds())
            text = f"The pass did not end within {format_duration(deadline)}; the next one begins when it has."
            await self._say_unfinished(key, request, Problem(Reason.DEADLINE_EXCEEDED, text))
            outcome = await overdue.pending
        except EndingError:
            raise
        except Exception:  # the workers log and count it; here it must not leave a status that may be untrue
            text = "The pass ended because of a bug in the operator; its log has the details. Please report it."
            await self._say_unfinished(key, request, Problem(Reason.INTERNAL_ERROR, text, ErrorClass.BUG))
            raise
        before = self._parts.store.get(key)
        then = await self._conclude(key, body, outcome, started)
        found = found_any(outcome, changed=self._parts.store.get(key) is not before)
        self._parts.hearing.looked(key, heard, asyncio.get_running_loop().time(), found=found)
        return then

    async def _conclude(self, key: ObjectKey, body: Body, outcome: Outcome, started: datetime) -> Next:
        parts = self._parts
        if outcome.report is not None:
            parts.board.put(outcome.report)
        if outcome.summary:
            _logger.info("%s", outcome.summary)
        for line in outcome.warnings:
            _logger.warning("%s", line)
        self._unsaid[key] = tuple(dict.fromkeys((*self._unsaid.get(key, ()), *outcome.events)))
        parts.freshness.note(key, outcome, started, parts.clock())
        current = parts.store.get(key)
        if current is None or objects.uid_of(current) != objects.uid_of(body):
            raise VanishedError(str(key)) if current is None else OvertakenError(str(key))
        if outcome.status is not None:
            try:
                current = await parts.writer.put_status(key, current, outcome.status)
            except ApiError as error:
                if error.trouble is not Trouble.REFUSED:
                    raise
                self._bug("status", error)
                return After(parts.settings.cadence.interval)
        parts.recorder.record(key.kind, current, self._unsaid.pop(key))
        return _next(outcome)

    async def _deletion(self, key: ObjectKey, body: Body, parting: Parting) -> Next:
        then = await self._deletions.run(key, body, parting)
        if isinstance(then, Done):
            self._forget(key)
        return then

    def _forget(self, key: ObjectKey) -> None:
        self._unsaid.pop(key, None)
        self._parts.freshness.forget(key)
        self._parts.hearing.forget(key)
        self._parts.board.drop(key.kind, key.policy)
        if KINDS[key.kind].is_way_in:
            self._parts.forget_account(key.name)

    # --- what goes wrong

    async def _say_unfinished(self, key: ObjectKey, request: Request, problem: Problem) -> None:
        """Take back what the status claims: it was not seen to be true this time."""
        _logger.warning("%s", problem.message, extra={"reason": problem.reason.value})
        parts = self._parts
        outcome = request.unfinished(problem, now=parts.clock(), cadence=parts.settings.cadence)
        if outcome.report is not None:
            self._parts.board.put(outcome.report)
        try:
            after = await self._parts.writer.put_status(key, request.body, outcome.status or {})
            self._parts.recorder.record(key.kind, after, outcome.events)
        except (ApiError, OvertakenError, VanishedError) as error:
            _logger.warning("Leaving the status as it is: %s", error)

    def _after_api_error(self, error: ApiError) -> Next:
        if error.trouble is Trouble.REFUSED:
            self._bug("request", error)
            return Retry()
        _logger.warning("Trying again later: %s", error)
        return Retry(API, _API_LONGEST)

    def _bug(self, where: str, error: ApiError) -> None:
        self._parts.vitals.internal_errors.add(where)
        _logger.error("Being refused by the API server, which is a bug of ours: %s", error)


def _next(outcome: Outcome) -> Next:
    if outcome.failed:
        return Retry(AWS)
    return Done() if outcome.requeue is None else After(outcome.requeue)
