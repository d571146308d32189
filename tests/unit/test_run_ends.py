"""How a run without a cluster ends that is asked to: it waits for answers to writes, and for no read."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.kit import builders
from tests.kit.fake_aws import FakeAws
from tests.kit.folders import FAST, aws_of_today, manifests, write
from tests.kit.waiting import until_in_loop

from crossvault.cli import run
from crossvault.engine.plan import Action, Result
from crossvault.local import LocalRunner, LocalSettings
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals


class Hanging:
    """An AWS that does not answer what is asked of it by one method, until ``answer`` is set."""

    def __init__(self, aws: FakeAws, method: str) -> None:
        self._aws, self._method = aws, method
        self.asked, self.answer = threading.Event(), threading.Event()
        self.done: list[Action] = []

    def _wait(self, method: str) -> None:
        if method == self._method:
            self.asked.set()
            assert self.answer.wait(60)

    def observe(self, *words: Any, **options: Any) -> Any:
        """Look, late."""
        self._wait("observe")
        return self._aws.observe(*words, **options)

    def look_at_account(self, *words: Any, **options: Any) -> Any:
        """Look at an account."""
        return self._aws.look_at_account(*words, **options)

    def look_at_organization(self, *words: Any, **options: Any) -> Any:
        """Look at an organization."""
        return self._aws.look_at_organization(*words, **options)

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Act, late."""
        self._wait("apply")
        self.done.append(action)
        return self._aws.apply(action, namespace=namespace)


def running(folder: Path, method: str) -> tuple[Hanging, LocalRunner, list[str]]:
    """Return an AWS, a run that it keeps waiting, and where the run says so."""
    aws, said = Hanging(aws_of_today(builders.point(1), builders.point(2)), method), list[str]()
    runner = LocalRunner(
        write(folder, *manifests()),
        aws,
        settings=LocalSettings(cadence=FAST, reload=timedelta(milliseconds=50)),
        board=Board(),
        vitals=Vitals(),
        on_wait=lambda: said.append("waits"),
    )
    return aws, runner, said


async def test_a_read_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """It is asked again some other time, and nothing is written once it is answered."""
    aws, runner, said = running(tmp_path, "observe")
    task = asyncio.create_task(runner.run())
    await until_in_loop(aws.asked.is_set)
    runner.stop()
    await asyncio.wait_for(task, 30)
    hung = threading.enumerate()
    aws.answer.set()
    await until_in_loop(lambda: not any(each.name == "pass" and each.is_alive() for each in hung))

    assert (said, aws.done) == ([], [])


async def test_a_write_that_hangs_is_waited_for_and_said(tmp_path: Path) -> None:
    """What was sent may be done, so its answer counts; nothing else is sent after it."""
    aws, runner, said = running(tmp_path, "apply")
    task = asyncio.create_task(runner.run())
    await until_in_loop(aws.asked.is_set)
    runner.stop()
    await until_in_loop(lambda: said)
    assert not task.done()
    aws.answer.set()
    await asyncio.wait_for(task, 30)

    assert (said, len(aws.done)) == (["waits"], 1)


class LeftError(Exception):
    """The process ended at once, with this code."""


@pytest.mark.parametrize(
    ("numbers", "goal", "code"),
    [
        pytest.param((signal.SIGTERM, signal.SIGTERM), {}, 0, id="a service that is stopped"),
        pytest.param((signal.SIGTERM, signal.SIGTERM), {"once": True}, 1, id="a goal that is not reached"),
        pytest.param((signal.SIGINT, signal.SIGINT), {}, 130, id="Ctrl-C"),
        pytest.param((signal.SIGINT, signal.SIGTERM), {"once": True}, 130, id="Ctrl-C, then a signal"),
        pytest.param((signal.SIGTERM, signal.SIGINT), {}, 130, id="a signal, then Ctrl-C"),
    ],
)
async def test_a_second_signal_ends_at_once_with_the_code_that_the_help_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, numbers: tuple[signal.Signals, ...], goal: Any, code: int
) -> None:
    """Whatever is under way."""

    def leave(left_with: int) -> None:
        raise LeftError(left_with)

    monkeypatch.setattr(os, "_exit", leave)
    _, runner, _ = running(tmp_path, "apply")
    signals: list[signal.Signals] = []
    settings = LocalSettings(cadence=FAST, **goal)
    run._stop(runner, settings, signals, numbers[0])
    with pytest.raises(LeftError) as left:
        run._stop(runner, settings, signals, numbers[1])

    assert left.value.args == (code,)
