"""Virtual time: rate, freeze, jumps, and things that happen although nobody reads."""

from __future__ import annotations

import math
import threading
import time

import pytest

from backup_simulator.clock import Clock, Failure, RealTime, Scheduler
from backup_simulator.control import Control
from backup_simulator.server import SimulatorServer
from backup_simulator.simulator import Simulator
from backup_simulator.wire import HappeningError
from backup_simulator.world import files, units
from simulator_kit import scenes
from simulator_kit.copies import Scene


class Wall:
    """A wall clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time it is."""
        return self.now

    @property
    def real(self) -> RealTime:
        """A machine whose clocks both show this time."""
        return RealTime(self, self)


def test_time_passes_at_its_rate() -> None:
    """A minute per second."""
    wall = Wall()
    clock = Clock(wall.real, 0.0, wall.now, rate=60.0)
    wall.now += 2

    assert clock.now() == 120.0
    assert clock.wall_delay(180.0) == 1.0
    assert clock.wall_moment(180.0) == wall.now + 1


def test_changes_of_the_clock_make_no_jump() -> None:
    """Rate and freeze act from now on."""
    wall = Wall()
    clock = Clock(wall.real, 0.0, wall.now, rate=10.0)
    wall.now += 1
    clock.set_rate(100.0)
    wall.now += 1
    clock.freeze(frozen=True)
    wall.now += 1
    frozen = clock.now()
    clock.advance(5.0)
    clock.freeze(frozen=False)
    wall.now += 1

    assert frozen == 110.0
    assert clock.now() == 215.0


def test_a_frozen_clock_never_gets_there() -> None:
    """The next event is infinitely far, sessions are given the time of rate 1."""
    wall = Wall()
    clock = Clock(wall.real, 0.0, wall.now, frozen=True)

    assert clock.wall_delay(1.0) == math.inf
    assert clock.wall_moment(10.0) == wall.now + 10


def test_the_clock_never_runs_backwards() -> None:
    """The wall clock may be set back, or forward: virtual time passes as it did, also across a change of rate."""
    wall, steady = Wall(), Wall()
    opened = Simulator(files.opened(scenes.world()), real=RealTime(wall, steady))
    control = Control(opened)
    control.freeze(frozen=False)
    control.rate(10)
    began = control.now()
    seen = []
    for step in (0, -3600, 7200, -40_000):
        wall.now += step
        steady.now += 1
        control.rate(10)
        seen.append(round(control.now() - began, 3))
        opened.restore(opened.keep())

    assert seen == [10, 20, 30, 40]


def test_events_happen_in_order_of_time() -> None:
    """Also those that events plan for a moment that is due already."""
    scheduler, seen = Scheduler(), []
    failures: list[Failure] = []
    scheduler.at(2.0, lambda now: seen.append(("second", now)))
    scheduler.at(1.0, lambda now: scheduler.at(1.5, lambda then: seen.append((f"planned at {now}", then))))
    scheduler.at(9.0, lambda now: seen.append(("later", now)))
    count = scheduler.run(5.0, failures.append)

    assert seen == [("planned at 1.0", 1.5), ("second", 2.0)]
    assert count == 3
    assert failures == []
    assert scheduler.next_due() == 9.0


HAPPENED: list[str] = []


def _fail(word: str, _now: float) -> None:
    raise ZeroDivisionError(word)


def _happen(word: str, _now: float) -> None:
    HAPPENED.append(word)


def _plan_trouble(server: SimulatorServer) -> None:
    """Something fails in ten seconds, before and after something that does not."""
    HAPPENED.clear()
    now, scheduler = server.control.now(), server.state.scheduler
    scheduler.at(now + 9, _happen, "before")
    scheduler.at(now + 10, _fail, "planned trouble")
    scheduler.at(now + 10, _fail, "more of it")
    scheduler.at(now + 11, _happen, "after")


def test_what_fails_when_it_is_due_stops_nothing_else(
    server: SimulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever moves time is told, once, and the log with a traceback."""
    _plan_trouble(server)
    with pytest.raises(HappeningError, match=r"_fail, due at .*: ZeroDivisionError: planned trouble \(and 1 more\)"):
        server.control.advance(20)
    server.control.advance(20)

    assert HAPPENED == ["before", "after"]
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 2
    assert "more of it" in server.control.dump()["failures"][-1]


def test_over_http_what_fails_is_an_error_of_the_server(server: SimulatorServer) -> None:
    """500, in JSON like every answer there."""
    _plan_trouble(server)
    moved = scenes.control(server, "POST", "clock", {"advance": "20s"})

    assert moved.status == 500
    assert "HappeningError: failed on" in moved.json["error"]
    assert "planned trouble" in moved.json["error"]
    assert "planned trouble" in scenes.control(server, "GET", "state").json["failures"][-2]


def test_who_only_calls_does_not_answer_for_what_fails(server: SimulatorServer) -> None:
    """The caller gets its answer; the failure is kept for whoever moves time next, or for the end of the test."""
    _plan_trouble(server)
    server.state.clock.advance(20)
    listed = scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()

    assert listed["BackupVaultList"]
    assert HAPPENED == ["before", "after"]
    with pytest.raises(HappeningError, match="planned trouble"):
        server.simulator.tell()


def test_a_failure_that_nobody_was_told_ends_the_servers_context() -> None:
    """A test that uses the server notices what failed in the clock's thread."""
    server = SimulatorServer(scenes.world())
    with pytest.raises(HappeningError, match="planned trouble"), server:  # noqa: PT012 - the end of the context raises
        _plan_trouble(server)
        server.control.load(server.world)  # hides nothing
        _plan_trouble(server)
        with server.simulator.lock:
            server.state.clock.advance(20)
            server.simulator.run_due()


def test_a_jump_ends_in_the_same_state_as_many_steps(server: SimulatorServer) -> None:
    """History does not depend on who looks when."""
    scene, histories = Scene(server), []
    for steps in (1, 400):
        server.control.load(scenes.world())
        for age in ("1d", "2d", "3d"):
            scene.start(scene.add(age=age))
        for _ in range(steps):
            server.control.advance(400 / steps)
        jobs = scene.source.list_copy_jobs()["CopyJobs"]
        histories.append([(job["CopyJobId"], job["State"], job["CompletionDate"]) for job in jobs])

    assert histories[0] == histories[1]


def test_things_happen_although_nobody_reads(server: SimulatorServer) -> None:
    """The clock's thread ends the job; the waiting is on the world's own condition."""
    scene = Scene(server)
    scene.start()
    server.control.rate(100_000)
    server.control.freeze(frozen=False)
    deadline = time.monotonic() + scenes.PATIENCE
    with server.simulator.changed:
        while not server.state.vault(scenes.vault_arn()).points and time.monotonic() < deadline:  # type: ignore[union-attr] # exists
            server.simulator.changed.wait(0.05)
        jobs = server.state.accounts[scenes.SOURCE].region(scenes.HOME).copy_jobs.values()
        states = [job.state for job in jobs]

    assert states == ["COMPLETED"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90s", 90, id="seconds"),
        pytest.param("1h30m", 5400, id="hours and minutes"),
        pytest.param("1.5d", 129_600, id="a fraction of a day"),
        pytest.param(12, 12, id="a number"),
        pytest.param("2w", 1_209_600, id="weeks"),
    ],
)
def test_durations_have_short_forms(text: str | float, seconds: float) -> None:
    """As world files and the control API take them."""
    assert units.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "x", "5y", "-3s", True])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """With examples of what is one."""
    with pytest.raises(ValueError, match="duration"):
        units.seconds(text)


def test_thirty_two_callers_never_see_a_torn_world(server: SimulatorServer) -> None:
    """Every page that is read while copies complete is whole: as many points as finished jobs or none in between."""
    scene = Scene(server)
    for number in range(32):
        scene.add(resource=f"fs-{number}")
    arns = [point["RecoveryPointArn"] for point in scene.points() if point["ResourceType"] == "EFS"]
    problems: list[str] = []
    gate = threading.Barrier(32)

    def work(arn: str) -> None:
        try:
            client = scenes.client(server, "backup", scenes.SOURCE)
            gate.wait(timeout=60)
            asked = {"SourceBackupVaultName": "backups", "DestinationBackupVaultArn": scenes.vault_arn()}
            asked |= {"RecoveryPointArn": arn, "IamRoleArn": scenes.COPIER, "IdempotencyToken": arn}
            ids = {client.start_copy_job(**asked)["CopyJobId"] for _ in range(3)}
            server.control.advance(7)
            jobs = client.list_copy_jobs(MaxResults=1000)["CopyJobs"]
            problems.extend(
                f"torn: {job}"
                for job in jobs
                if (job["State"] == "COMPLETED") != ("DestinationRecoveryPointArn" in job)
            )
            if len(ids) != 1:
                problems.append(f"several jobs for one token: {ids}")
        except Exception as error:  # noqa: BLE001 - a thread reports everything
            problems.append(repr(error))

    threads = [threading.Thread(target=work, args=(arn,)) for arn in arns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    server.control.advance("10m")

    assert problems == []
    assert len(scene.copies()) == 32
