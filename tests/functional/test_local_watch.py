"""A run over files hears of every change, whatever the files were in between, and says once what it cannot use."""

import asyncio
import copy
import functools
import io
import logging
import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.kit import builders
from tests.kit.broken_folders import FILES, TEXTS
from tests.kit.fake_aws import FakeAws
from tests.kit.folders import FAST, KEY, aws_of_today, manifests, write
from tests.kit.waiting import until_in_loop

from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.vault import CreateVault
from crossvault.engine.declared import Desired
from crossvault.engine.looks import NO_PATIENCE, Patience
from crossvault.engine.observed import Observed
from crossvault.kinds import POLICY
from crossvault.local import Folder, LocalRunner, LocalSettings, ManifestError
from crossvault.local.runner import protected
from crossvault.local.watch import Watch
from crossvault.status.outcome import Cadence
from crossvault.work import logs
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

KEPT = "Keeping the manifests as they were"
AGAIN = "can be used again"
State = Callable[[Path], object]


class Counting(Watch):
    """Counts its looks, so that a test can wait for them."""

    looks = 0

    def changed(self) -> Folder | None:
        """Look, and count it."""
        try:
            return super().changed()
        finally:
            self.looks += 1


def running(path: Path, aws: FakeAws, watch: Watch) -> LocalRunner:
    """Return a runner that looks at its files all the time."""
    settings = LocalSettings(cadence=FAST, reload=timedelta(milliseconds=5))
    return LocalRunner(path, aws, settings=settings, board=Board(), vitals=Vitals(), watch=watch)


def told(caplog: pytest.LogCaptureFixture, what: str) -> int:
    """Return how often something was said."""
    return sum(what in record.getMessage() for record in caplog.records)


def _written(text: str) -> State:
    return lambda place: place.write_text(text, "utf-8")


BREAKING: list[tuple[str, State]] = [
    *((name, _written(text)) for name, text, *_ in TEXTS),
    *((name, make) for name, make, _ in FILES),
    ("half a manifest", _written("kind: [")),
    ("no file", lambda _place: None),
    ("a folder", lambda place: place.mkdir()),
]


def _repaired(place: Path, *, suspend: bool) -> None:
    write(place.parent, *manifests(suspend=suspend), name=place.name)


def _is_suspended(going: LocalRunner, wanted: bool) -> bool:
    return going.statuses()[KEY]["spec"]["suspend"] is wanted


def _more_than(watch: Counting, looks: int) -> bool:
    return watch.looks > looks


def put(folder: Path, make: State) -> None:
    """Have the manifest become something else in one step, as far as the file system can."""
    place, aside = folder / "all.yaml", folder / ".aside"
    make(aside)
    if place.is_dir() or aside.is_dir() or not os.path.lexists(aside):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    if os.path.lexists(aside):
        aside.rename(place)


async def test_every_kind_of_broken_file_is_outlived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One living run: the last good declaration holds, each state is told of once, and the next good one is taken."""
    caplog.set_level("INFO")
    write(tmp_path, *manifests())
    watch = Counting(tmp_path)
    going = running(tmp_path, aws_of_today(), watch)
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: KEY in going.outcomes)
    for number, (name, make) in enumerate(BREAKING, start=1):
        caplog.clear()
        declared = going.statuses()[KEY]["spec"]
        put(tmp_path, make)
        # The look under way, and with it that of a moment without any file, may have begun before.
        await until_in_loop(functools.partial(_more_than, watch, watch.looks + 2))
        said = told(caplog, KEPT)
        await until_in_loop(functools.partial(_more_than, watch, watch.looks + 5))
        assert 1 <= told(caplog, KEPT) == said <= 2, f"{name}: told once, and once more if its absence was seen, too"
        assert going.statuses()[KEY]["spec"] == declared, name

        put(tmp_path, functools.partial(_repaired, suspend=bool(number % 2)))
        await until_in_loop(functools.partial(_is_suspended, going, bool(number % 2)))
        assert told(caplog, AGAIN) == 1, name
    going.stop()
    await asyncio.wait_for(life, 30)


def test_the_same_slip_after_a_repair_is_told_again(tmp_path: Path) -> None:
    """The log keeps repetitions back; this is none."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(logs.Repeats())
    logger = logging.getLogger("crossvault.local.watch")
    logger.addHandler(handler)
    watch = Watch(tmp_path)
    try:
        for text in ("good", "kind: [", "good", "kind: ["):
            write(tmp_path, *manifests()) if text == "good" else (tmp_path / "all.yaml").write_text(text)
            watch.changed()
    finally:
        logger.removeHandler(handler)

    assert lines.getvalue().count(KEPT) == 2


def test_a_bug_over_one_state_of_the_files_is_told_and_outlived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever reading raises: the next state is heard of."""
    write(tmp_path, *manifests())
    broken = True

    def read(path: Path) -> Folder:
        if broken:
            raise ZeroDivisionError
        return Folder.read(path)

    watch = Watch(tmp_path, read=read)
    assert watch.changed() is None
    broken = False
    write(tmp_path, *manifests(suspend=True))

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "bug" in caplog.text
    folder = watch.changed()
    assert folder is not None
    assert folder.policies[KEY]["spec"]["suspend"] is True


async def test_a_watch_that_dies_ends_the_run_with_its_error(tmp_path: Path) -> None:
    """Nobody is left alone with a run that hears nothing."""

    class Dead(Watch):
        def changed(self) -> Folder | None:
            raise MemoryError

    write(tmp_path, *manifests())
    going = running(tmp_path, aws_of_today(), Dead(tmp_path))

    with pytest.raises(MemoryError):
        await asyncio.wait_for(going.run(), 30)


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """The state is noted before the reading, not after."""
    write(tmp_path, *manifests())

    def read(path: Path) -> Folder:
        folder = Folder.read(path)
        if len(folder.policies) == 1 and not (path / "more.yaml").exists():
            (path / "more.yaml").write_text("---\n")
        return folder

    watch = Watch(tmp_path, read=read)
    watch.first()

    assert watch.changed() is not None
    assert watch.changed() is None


async def test_a_policy_that_is_taken_out_is_waited_for_no_more(tmp_path: Path) -> None:
    """A run until all is protected ends when what is not protected is no longer declared."""
    aws = aws_of_today()
    one, two, first = manifests()
    source = {**first["spec"]["source"], "accountRef": {"name": "nobody"}}
    second = {**first, "metadata": {"name": "second"}, "spec": {**first["spec"], "source": source}}
    write(tmp_path, one, two, first)
    write(tmp_path, second, name="second.yaml")
    settings = LocalSettings(cadence=FAST, reload=timedelta(milliseconds=5), until_protected=True)
    going = LocalRunner(tmp_path, aws, settings=settings, board=Board(), vitals=Vitals())
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: len(going.outcomes) == 2)
    (tmp_path / "second.yaml").unlink()

    await asyncio.wait_for(life, 30)
    assert set(going.outcomes) == {KEY}


# --- Files that change while a pass is under way -------------------------------------------------------------------


class HeldAws(FakeAws):
    """An AWS of the present in which every look waits as long as a test wants."""

    def __init__(self, *points: RecoveryPoint) -> None:
        super().__init__(*points)
        self.now = datetime.now(UTC) + timedelta(hours=1)
        self.free = threading.Event()
        self.begun = 0

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Wait, then look."""
        self.begun += 1
        assert self.free.wait(30)
        return super().observe(desired, not_before=not_before, patience=patience)


async def changed_meanwhile(path: Path, aws: HeldAws, change: Callable[[], object], **settings: Any) -> LocalRunner:
    """Run over a folder, change its files while the first pass looks, and end when a second one has ended."""
    watch = Counting(path)
    chosen = LocalSettings(cadence=FAST, reload=timedelta(milliseconds=5), **settings)
    going = LocalRunner(path, aws, settings=chosen, board=Board(), vitals=Vitals(), watch=watch)
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: aws.begun)
    looks = watch.looks
    change()
    await until_in_loop(functools.partial(_more_than, watch, looks + 2))
    aws.free.set()
    if not settings:
        await until_in_loop(lambda: KEY in going.outcomes)
        going.stop()
    await asyncio.wait_for(life, 30)
    return going


async def test_a_pass_stops_when_the_files_suspend_its_policy(tmp_path: Path) -> None:
    """Who suspends a policy wants nothing done after."""
    aws = HeldAws(builders.point(1))
    write(tmp_path, *manifests())
    going = await changed_meanwhile(tmp_path, aws, lambda: write(tmp_path, *manifests(suspend=True)))

    assert aws.log == []
    assert going.statuses()[KEY]["spec"]["suspend"] is True


async def test_a_pass_stops_when_the_files_take_a_grant_away(tmp_path: Path) -> None:
    """As in a cluster, also in the middle of a pass."""
    aws = HeldAws(builders.point(1))
    source, target, policy = manifests()
    write(tmp_path, source, target, policy)
    taken = {**target, "spec": {**target["spec"], "allowedNamespaces": {"names": ["nobody"]}}}
    going = await changed_meanwhile(tmp_path, aws, lambda: write(tmp_path, source, taken, policy))

    assert aws.log == []
    assert going.statuses()[KEY]["status"]["conditions"][0]["reason"] == "AccountNotFound"


async def test_a_policy_that_goes_and_comes_back_during_a_pass_is_as_the_files_say(tmp_path: Path) -> None:
    """What the pass ends with is of another policy, although both are the first generation."""
    aws = HeldAws(builders.point(1))
    one, two, policy = manifests()
    write(tmp_path, one, two, {**policy, "metadata": {**policy["metadata"], "name": "other"}}, name="rest.yaml")
    write(tmp_path, policy, name="all.yaml")
    folder = Watch(tmp_path)

    def change() -> None:
        (tmp_path / "all.yaml").unlink()
        assert folder.changed() is not None
        write(tmp_path, *manifests(suspend=True)[2:])

    folder.first()
    going = await changed_meanwhile(tmp_path, aws, change)

    assert going.statuses()[KEY]["spec"]["suspend"] is True


async def test_what_was_protected_before_an_edit_reaches_no_goal(tmp_path: Path) -> None:
    """A run until all is protected waits for the vault that is declared now."""
    aws = aws_of_today()
    one, two, policy = manifests()
    nobody = {**policy["spec"]["source"], "accountRef": {"name": "nobody"}}
    other = {
        **policy,
        "metadata": {**policy["metadata"], "name": "other"},
        "spec": {**policy["spec"], "source": nobody},
    }
    write(tmp_path, one, two, policy)
    write(tmp_path, other, name="other.yaml")
    settings = LocalSettings(cadence=FAST, reload=timedelta(milliseconds=5), until_protected=True)
    going = LocalRunner(tmp_path, aws, settings=settings, board=Board(), vitals=Vitals())
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: len(going.outcomes) == 2 and protected(going.outcomes[KEY]))
    moved = copy.deepcopy(policy)
    moved["spec"]["destinations"][0]["vault"]["name"] = "another"
    write(tmp_path, one, two, moved)
    (tmp_path / "other.yaml").unlink()
    await asyncio.wait_for(life, 30)

    assert [each.vault.name for each in aws.log if isinstance(each, CreateVault)][-1] == "another"


async def test_an_account_keeps_its_name_whatever_namespace_its_manifest_has(tmp_path: Path) -> None:
    """Accounts lie in no namespace: taking a wrong one out of a manifest changes nothing."""
    one, two, policy = manifests()
    odd = {**two, "metadata": {**two["metadata"], "namespace": "shop"}}
    before, after = Folder.read(write(tmp_path, one, odd, policy)), Folder.read(write(tmp_path, one, two, policy))

    assert before.objects.keys() == after.objects.keys()
    with pytest.raises(ManifestError, match="is declared twice"):
        Folder.read(write(tmp_path, one, two, odd, policy))


async def test_a_pass_is_to_see_what_the_one_before_it_did(tmp_path: Path) -> None:
    """Copies that have landed meanwhile make room for others, so no older listing will do."""
    aws = aws_of_today(*(builders.point(number) for number in range(3)))
    write(tmp_path, *manifests())
    settings = LocalSettings(cadence=Cadence(timedelta(minutes=5), timedelta(minutes=1)))
    began = datetime.now(UTC)
    going = LocalRunner(tmp_path, aws, settings=settings, board=Board(), vitals=Vitals())
    life = asyncio.create_task(going.run())
    await until_in_loop(lambda: KEY in going.outcomes)
    going.stop()
    await asyncio.wait_for(life, 30)

    assert aws.log
    assert going._freshness.not_before(POLICY.key(KEY), datetime.now(UTC)) > began
