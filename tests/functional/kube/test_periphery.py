"""What is around the passes: events, freshness, the comparison with lists, health, and kopf's settings."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.kit.fake_api import POLICIES, FakeApi, account, policy

from crossvault.aspects.copies.starts import PASS_SECONDS
from crossvault.engine.looks import NO_PATIENCE, Patience
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.kind import ObjectKey
from crossvault.kube import handlers, objects
from crossvault.kube import settings as tuning
from crossvault.kube.access import Access
from crossvault.kube.client import Api, ApiError, Health, Trouble
from crossvault.kube.events import Recorder
from crossvault.kube.login import Login
from crossvault.kube.relist import DeafError, Relist
from crossvault.kube.settings import OperatorSettings
from crossvault.kube.store import Store
from crossvault.status.events import Event
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.reasons import Reason
from crossvault.work.freshness import STARTING, Freshness
from crossvault.work.vitals import Vitals

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDERS = ObjectKey(POLICY.name, "shop", "orders")


class Desk:
    """A recorder with a clock to turn."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.seconds = 0.0
        self.recorder = Recorder(cast("Api", self.api), "pod-1", clock=lambda: NOW, monotonic=lambda: self.seconds)

    async def post(self, *events: Event, kind: str = POLICY.name) -> int:
        """Record events; return how many have been posted in all."""
        self.recorder.record(kind, policy() if kind is POLICY.name else account(), events)
        task = asyncio.create_task(self.recorder.run())
        await self.recorder.flush()
        task.cancel()
        return len(self.api.events)


def warning(message: str) -> Event:
    """Return a Warning."""
    return Event("Warning", Reason.DRIFTED, message)


async def test_event_has_what_the_api_demands() -> None:
    """MicroTime with six decimals even at a full second, our controller's name, who reports, and what it is about."""
    desk = Desk()
    await desk.post(warning("Otherwise."))
    event = desk.api.events[0]

    assert event["eventTime"] == "2026-11-23T12:00:00.000000Z"
    assert (event["reportingController"], event["reportingInstance"]) == ("crossvault.io/crossvault", "pod-1")
    assert event["metadata"] == {"generateName": "orders-", "namespace": "shop"}
    assert (event["regarding"]["kind"], event["regarding"]["uid"]) == ("CrossAccountBackupPolicy", "uid-orders")


async def test_events_of_cluster_scoped_objects_are_in_default() -> None:
    """Where kubectl describe looks for them."""
    desk = Desk()
    await desk.post(warning("x"), kind=ACCOUNT.name)

    assert desk.api.events[0]["metadata"]["namespace"] == "default"


async def test_long_notes_are_cut_by_bytes() -> None:
    """The API server counts bytes, not characters."""
    desk = Desk()
    await desk.post(warning("ü" * 1000))
    note = desk.api.events[0]["note"]

    assert len(note.encode()) <= 1024
    assert note.endswith("…")


async def test_notes_are_clean() -> None:
    """What AWS or a manifest says cannot paint the terminal of whoever reads events, nor fail the request."""
    desk = Desk()
    await desk.post(warning("no\n\x1b[2J\u202e\ud800 more" + " " * 100_000))

    assert desk.api.events[0]["note"].rstrip("…") == "no [2J more"


async def test_same_warning_is_posted_once_an_hour() -> None:
    """Steady trouble is not news."""
    desk = Desk()
    for _ in range(50):
        await desk.post(warning("Otherwise."))
    assert len(desk.api.events) == 1
    desk.seconds = 3600

    assert await desk.post(warning("Otherwise.")) == 2


async def test_no_object_gets_more_than_ten_warnings_an_hour() -> None:
    """Even when every one reads differently."""
    desk = Desk()
    for number in range(50):
        desk.seconds += 1
        await desk.post(warning(f"Number {number}."))
    assert len(desk.api.events) == 10
    desk.seconds = 3605

    assert await desk.post(warning("Later.")) == 11


async def test_deeds_are_told_each_time() -> None:
    """Ten copies started now and ten in a minute are two facts."""
    desk = Desk()
    for _ in range(3):
        await desk.post(Event("Normal", Reason.COPIES_STARTED, "Started 10 copies."))

    assert len(desk.api.events) == 3


async def test_no_deed_is_told_more_than_ten_times_an_hour() -> None:
    """A backfill of days would fill the namespace with events; other deeds are still told, and warnings too."""
    desk = Desk()
    for number in range(50):
        desk.seconds += 1
        await desk.post(Event("Normal", Reason.COPIES_STARTED, f"Started {number} copies."))
    assert len(desk.api.events) == 10
    await desk.post(Event("Normal", Reason.DRIFT_CORRECTED, "Restored."))
    assert await desk.post(warning("Otherwise.")) == 12
    desk.seconds = 3605

    assert await desk.post(Event("Normal", Reason.COPIES_STARTED, "Started 10 copies.")) == 13


async def test_refused_event_is_lost_and_holds_up_nothing() -> None:
    """Events are a courtesy."""
    desk = Desk()
    desk.api.refuse = lambda _verb, _what: ApiError(Trouble.FORBIDDEN, "no")
    assert await desk.post(warning("one")) == 0
    desk.api.refuse = lambda _verb, _what: None

    assert await desk.post(warning("two")) == 1


async def test_events_of_a_namespace_do_not_push_out_those_of_others() -> None:
    """Policies are made and deleted in a row faster than events are posted: who has one to tell is heard."""
    desk = Desk()
    for number in range(2000):
        loud = policy(f"loud-{number}", namespace="loud")
        desk.recorder.record(POLICY.name, loud, [warning("Look at me.")])
    posted = await desk.post(warning("My copies are failing."))
    again = await desk.post(warning("They still are."))

    assert (posted, again) == (201, 202)
    assert [each["note"] for each in desk.api.events[200:]] == ["My copies are failing.", "They still are."]


# --- Freshness


def test_change_is_looked_at_with_nothing_older() -> None:
    """Until a pass that started afterwards has succeeded."""
    fresh = Freshness(Cadence(timedelta(minutes=5), timedelta(seconds=30)))
    fresh.demand(ORDERS, NOW)

    assert fresh.not_before(ORDERS, NOW + timedelta(seconds=1)) == NOW
    fresh.passed(ORDERS, NOW - timedelta(seconds=1), wrote_at=None, requeue=None)
    assert fresh.not_before(ORDERS, NOW + timedelta(seconds=1)) == NOW
    fresh.passed(ORDERS, NOW, wrote_at=None, requeue=None)
    assert fresh.not_before(ORDERS, NOW + timedelta(seconds=1)) == NOW - timedelta(seconds=269)


@pytest.mark.parametrize(
    ("requeue", "patience"),
    [
        pytest.param(timedelta(minutes=5), 270, id="resync"),
        pytest.param(timedelta(seconds=30), 15, id="follow"),
        pytest.param(timedelta(seconds=1), 0.5, id="at once"),
        pytest.param(None, 270, id="never"),
    ],
)
def test_patience_follows_the_next_look(requeue: timedelta | None, patience: float) -> None:
    """Half the distance while something moves, nine tenths in steady state."""
    fresh = Freshness(Cadence(timedelta(minutes=5), timedelta(seconds=30)))
    fresh.passed(ORDERS, NOW, wrote_at=None, requeue=requeue)

    assert fresh.not_before(ORDERS, NOW) == NOW - timedelta(seconds=patience)
    fresh.forget(ORDERS)
    assert fresh.not_before(ORDERS, NOW) == NOW - timedelta(seconds=270)


@pytest.mark.parametrize(
    ("requeue", "calm", "ages"),
    [
        pytest.param(timedelta(seconds=30), True, (15, 270, 1500), id="copies are followed"),
        pytest.param(timedelta(seconds=1), True, (7, 270, 1500), id="more copies are started"),
        pytest.param(timedelta(milliseconds=100), True, (7, 270, 1500), id="more copies are started at once"),
        pytest.param(timedelta(minutes=2), True, (60, 270, 1500), id="something is due"),
        pytest.param(timedelta(seconds=30), False, (15, 15, 15), id="something is wrong"),
        pytest.param(timedelta(minutes=5), True, (270, 270, 1500), id="resync"),
        pytest.param(timedelta(minutes=5), False, (270, 270, 270), id="resync, and something is wrong"),
    ],
)
def test_what_somebody_has_to_change_is_seen_less_often(
    requeue: timedelta, calm: bool, ages: tuple[float, float, float]
) -> None:
    """In every interval, or every sixth; as often as what moves by itself, while it is not as it has to be."""
    fresh = Freshness(Cadence(timedelta(minutes=5), timedelta(seconds=30)))
    fresh.passed(ORDERS, NOW, wrote_at=None, requeue=requeue, calm=calm)
    moving, settings, settled = (timedelta(seconds=each) for each in ages)

    assert fresh.not_before(ORDERS, NOW) == NOW - moving
    assert fresh.patience(ORDERS, NOW) == Patience(settings - moving, settled - moving)
    fresh.demand(ORDERS, NOW)
    assert (fresh.not_before(ORDERS, NOW), fresh.patience(ORDERS, NOW)) == (NOW, NO_PATIENCE)


@pytest.mark.parametrize("cadence", [Cadence(timedelta(seconds=5)), Cadence(timedelta(minutes=5))])
@pytest.mark.parametrize("calm", [True, False])
@pytest.mark.parametrize("seconds", [0.1, 1, 4, 30, 400])
def test_nothing_that_is_set_is_older_than_an_interval(cadence: Cadence, calm: bool, seconds: float) -> None:
    """What hardly anybody changes than five; and nothing that moves is older than what is set."""
    fresh = Freshness(cadence)
    fresh.passed(ORDERS, NOW, wrote_at=None, requeue=timedelta(seconds=seconds), calm=calm)
    moving, patience = fresh.not_before(ORDERS, NOW), fresh.patience(ORDERS, NOW)

    assert NOW - cadence.interval < moving - patience.settings <= moving <= NOW
    assert NOW - 5 * cadence.interval <= moving - patience.settled <= moving - patience.settings


def test_after_a_full_pass_of_starts_it_is_seen_which_of_the_last_are_over() -> None:
    """Else their places stay taken, and the policy stands still until copies are followed."""
    assert STARTING.total_seconds() <= PASS_SECONDS / 2


def test_only_what_a_copy_has_changed_is_seen_anew_after_it() -> None:
    """The request for it has had the copy jobs listed again; after any other write everything is."""
    fresh = Freshness(Cadence(timedelta(minutes=5), timedelta(seconds=30)))
    start, write = (cast("Any", SimpleNamespace(problem=None, action=SimpleNamespace(tells=tells))) for tells in (1, 0))
    soon = timedelta(seconds=1)

    fresh.note(ORDERS, Outcome(None, requeue=soon, calm=True, results=(start,)), NOW, NOW)
    assert fresh.not_before(ORDERS, NOW) == NOW - STARTING
    fresh.note(ORDERS, Outcome(None, requeue=soon, calm=True, results=(start, write)), NOW, NOW)
    assert (fresh.not_before(ORDERS, NOW), fresh.patience(ORDERS, NOW)) == (NOW, NO_PATIENCE)


# --- Comparison


def relist(api: FakeApi, store: Store, **seconds: float) -> tuple[Relist, Vitals]:
    """Return a comparison of a store with an API server."""
    vitals = Vitals()
    settings = OperatorSettings(**{name: timedelta(seconds=each) for name, each in seconds.items()})  # type: ignore[arg-type]
    return Relist(cast("Api", api), store, settings, vitals, pause=lambda _seconds: asyncio.sleep(0)), vitals


@pytest.mark.parametrize("late", [True, False], ids=["the watch is only behind", "the watch has lost it"])
async def test_only_what_the_watch_has_lost_is_told(caplog: pytest.LogCaptureFixture, *, late: bool) -> None:
    """A list is often ahead of the watch by a moment; nobody has to know of that."""
    caplog.set_level("INFO")
    api, store = FakeApi(), Store()
    kept, gone = (api.add(POLICIES, policy(name)) for name in ("kept", "gone"))

    async def pause(_seconds: float) -> None:
        if late:
            store.put(POLICY.name, changed)
            store.remove(POLICY.name, {**gone, "metadata": {**gone["metadata"], "resourceVersion": "900"}})

    comparison = Relist(cast("Api", api), store, OperatorSettings(), Vitals(), pause=pause)
    await comparison.compare()
    comparison.listed.set()
    changed = api.touch(POLICIES, kept, generation=2)
    del api.objects["crossaccountbackuppolicies", "shop", "gone"]
    await comparison.compare()

    assert store.keys(POLICY.name) == (ObjectKey(POLICY.name, "shop", "kept"),)
    assert [record.message for record in caplog.records] == (
        [] if late else ["Found 1 unheard changes and 1 ghosts of CrossAccountBackupPolicy"]
    )


@pytest.mark.parametrize(
    ("trouble", "said", "level"),
    [
        pytest.param(Trouble.FORBIDDEN, "... in namespace shop because it is being terminated", None, id="going"),
        pytest.param(Trouble.GONE, 'namespaces "shop" not found', None, id="gone"),
        pytest.param(Trouble.FORBIDDEN, "events is forbidden: no RBAC policy matched", "WARNING", id="no permission"),
        pytest.param(Trouble.UNREACHABLE, "no answer in time", "WARNING", id="no answer"),
    ],
)
async def test_an_event_without_a_place_is_dropped_quietly(
    caplog: pytest.LogCaptureFixture, trouble: Trouble, said: str, level: str | None
) -> None:
    """A namespace that goes takes no events, and nobody could read them; every other loss is told."""
    caplog.set_level("INFO")
    api = FakeApi()
    api.refuse = lambda _verb, _what: ApiError(trouble, said)
    recorder = Recorder(cast("Api", api), "test", clock=lambda: NOW, monotonic=lambda: 0.0)
    recorder.record(POLICY.name, policy(), [Event("Normal", Reason.DELETION_RETAINED, "Left.")])
    task = asyncio.create_task(recorder.run())
    await recorder.flush()
    task.cancel()

    assert [record.levelname for record in caplog.records] == ([level] if level else [])


async def test_events_that_find_no_place_are_counted_and_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand policies that become ready at once are not a thousand lines of log; other namespaces lose none."""
    recorder = Recorder(cast("Api", FakeApi()), "test", clock=lambda: NOW, monotonic=lambda: 0.0)
    for number in range(230):
        recorder.record(POLICY.name, policy(f"p-{number}"), [Event("Normal", Reason.PROTECTED, "Protected.")])
    recorder.record(POLICY.name, policy(namespace="other"), [Event("Normal", Reason.PROTECTED, "Protected.")])
    task = asyncio.create_task(recorder.run())
    await recorder.flush()
    task.cancel()

    told = [(record.message, record.__dict__["namespace"]) for record in caplog.records]
    assert told == [
        ("Dropping events: too many wait", "shop"),
        ("Dropped events: none wait any more", "shop"),
    ]
    assert caplog.records[1].__dict__["events"] == 30


async def test_history_older_than_ours_ends_the_process() -> None:
    """Etcd was restored: a watch would be accepted and stay silent."""
    api, store = FakeApi(), Store()
    store.put(POLICY.name, policy(version=1_000_000))
    with pytest.raises(DeafError, match="etcd was restored"):
        await relist(api, store)[0].compare()


async def test_definition_that_is_gone_takes_its_objects_along() -> None:
    """A 404 for the whole collection, once the first lists were complete."""
    api, store = FakeApi(), Store()
    api.add(POLICIES, policy())
    comparison, _ = relist(api, store)
    await comparison.compare()
    comparison.listed.set()
    api.refuse = lambda _verb, what: ApiError(Trouble.GONE, "no") if what == POLICIES.plural else None
    await comparison.compare()

    assert store.keys(POLICY.name) == ()


async def test_definition_that_is_not_there_yet_is_waited_for() -> None:
    """Nothing is complete without it."""
    api, store = FakeApi(), Store()
    api.refuse = lambda _verb, _what: ApiError(Trouble.GONE, "no")
    comparison, _ = relist(api, store, relist_interval=0.01)
    task = asyncio.create_task(comparison.run())
    await asyncio.sleep(0.05)
    assert not comparison.listed.is_set()
    api.refuse = lambda _verb, _what: None

    await asyncio.wait_for(comparison.listed.wait(), 5)
    task.cancel()


async def test_watch_that_fell_silent_ends_the_process() -> None:
    """Tasks inside kopf can die without ending it."""
    api, store = FakeApi(), Store()
    api.add(POLICIES, policy())
    comparison, vitals = relist(api, store, relist_interval=0.01, watch_timeout=1)
    comparison._listening_since = vitals.watch_activity["CrossAccountBackupPolicy"] = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(DeafError, match="silent"):
        await asyncio.wait_for(comparison.run(), 5)


# --- kopf


def test_kopf_never_gives_up_and_never_writes() -> None:
    """The settings that were found to matter, one by one."""
    kopf_settings = tuning.kopf_settings(OperatorSettings())

    assert kopf_settings.watching.server_timeout == 290
    assert isinstance(kopf_settings.watching.server_timeout, int)
    assert kopf_settings.watching.inactivity_timeout == 70
    assert list(islice(iter(tuning.Backoffs()), 10))[-2:] == [30, 30]
    assert kopf_settings.persistence.finalizer != objects.FINALIZER
    assert not kopf_settings.posting.enabled
    assert kopf_settings.peering.standalone


def test_kopf_lists_fewer_objects_at_once_down_to_one() -> None:
    """It asks for the same page for ever; whoever makes a page too large must not make it deaf."""
    kopf_settings = tuning.kopf_settings(OperatorSettings())
    sizes = [kopf_settings.watching.chunk_size]
    for _ in range(6):
        tuning.list_fewer(kopf_settings)
        sizes.append(kopf_settings.watching.chunk_size)

    assert sizes == [500, 125, 31, 7, 1, 1, 1]


def test_kopf_has_no_handlers_that_write() -> None:
    """Only on.event and login: no timers, daemons, or change handlers, which would put finalizers on our objects."""
    store, vitals = Store(), Vitals()
    login = Login(Access(), OperatorSettings(), vitals=vitals, health=Health())
    registry = handlers.registry(store, login, vitals)

    assert len(registry._watching.get_all_handlers()) == 4
    assert not registry._spawning.get_all_handlers()
    assert not registry._changing.get_all_handlers()
    source = "".join(path.read_text() for path in Path(handlers.__file__).parent.glob("*.py"))
    assert not re.findall(r"@?kopf\.(timer|daemon|on\.(create|update|delete|resume|field))\b", source)


async def test_each_login_differs_and_refused_ones_slow_down(tmp_path: Path) -> None:
    """Kopf ends when a login gives what was refused already; ours never equals the one before."""
    kubeconfig = tmp_path / "k"
    kubeconfig.write_text(
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
        " clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {token: t}}]}"
    )
    login = Login(Access(kubeconfig), OperatorSettings(), vitals=Vitals(), health=Health())
    start = asyncio.get_running_loop().time()
    logins = [await login.login() for _ in range(3)]
    took = asyncio.get_running_loop().time() - start
    for each in logins:
        await each.aiohttp_session.close()

    assert logins[0] != logins[1] != logins[2]
    assert [each.priority for each in logins] == [1, 2, 3]
    assert took >= 0.7
