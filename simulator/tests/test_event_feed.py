"""The feed of events: batches, delays, and a feed that is not reliable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from simulator_kit import listening, scenes
from simulator_kit.listening import Listener

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def test_events_come_in_batches_of_five_minutes() -> None:
    """Nothing before the full five minutes, everything then, in order; the next with the next."""
    listener = Listener()
    for name in ("one", "two"):
        listener.backup.create_backup_vault(BackupVaultName=name)
        listener.opened.control.advance(100)
    early = listener.heard()
    listener.opened.control.advance(100)
    first = [detail["backupVaultName"] for detail in listener.details("Backup Vault State Change")]
    listener.backup.delete_backup_vault(BackupVaultName="one")
    listener.opened.control.advance("5m")
    (second,) = listener.heard()

    assert early == []
    assert first == ["one", "two"]
    assert second["detail"] == {"backupVaultName": "one", "state": "DELETED"}
    assert second["time"] == "2026-03-01T00:05:00Z"


def order_of(listener: Listener, count: int = 40) -> list[int]:
    """Let so many things happen in one batch, and tell in which order they are heard of."""
    for number in range(count):
        listener.opened.control.events.publish(
            "Copy Job State Change", {"number": number}, account=listener.account, region=listener.region
        )
    listener.opened.control.events.flush()
    listener.opened.control.advance("1m")
    return [event["detail"]["number"] for event in listener.heard()]


def test_the_feed_is_as_bad_as_ordered() -> None:
    """Some lost, some doubled, some elsewhere; the same ones for the same seed."""
    listener = Listener()
    plain = order_of(listener)
    knobs = listener.opened.control.events
    knobs.set(loss=0.3)
    lossy = order_of(listener)
    knobs.set(loss=0, duplication=0.3)
    doubled = order_of(listener)
    knobs.set(duplication=0, reordering=0.5)
    mixed = order_of(listener)

    assert plain == list(range(40))
    assert lossy == sorted(set(lossy))
    assert 10 < len(lossy) < 40
    assert sorted(set(doubled)) == plain
    assert 40 < len(doubled) < 70
    assert mixed != plain
    assert sorted(mixed) == plain
    assert len(knobs.log(outcome="lost on order")) == 40 - len(lossy)


def test_events_are_delayed_as_ordered() -> None:
    """In virtual time, after their batch."""
    listener = Listener(change=lambda scene: scene.update(events={"batch": "1m", "delay": "30s"}))
    listener.backup.create_backup_vault(BackupVaultName="fresh")
    listener.opened.control.advance(89)
    early = listener.heard()
    listener.opened.control.advance(1)

    assert early == []
    assert len(listener.heard()) == 1


def test_listening_changes_no_id_of_the_world() -> None:
    """A world with listeners makes the same keys and jobs as one without."""
    quiet, listener = Listener(), Listener()
    for number in range(3):
        listener.put(Detail=json.dumps({"number": number}))
    ids = [one.client("kms").create_key()["KeyMetadata"]["KeyId"] for one in (quiet, listener)]

    assert ids[0] == ids[1]


def test_events_arrive_although_nobody_calls(server: SimulatorServer) -> None:
    """A reader that only waits hears of what happened, over HTTP and with the clock running."""
    sqs, events, backup = (scenes.client(server, name, scenes.SOURCE) for name in ("sqs", "events", "backup"))
    url = sqs.create_queue(QueueName="news", Attributes={"Policy": listening.let_events_in()})["QueueUrl"]
    events.put_rule(Name="all", EventPattern=scenes.text(listening.BACKUP))
    queue = f"arn:aws:sqs:{scenes.HOME}:{scenes.SOURCE}:news"
    events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": queue}])
    server.control.events.set(batch=20)
    backup.create_backup_vault(BackupVaultName="fresh")
    server.control.rate(100)
    server.control.freeze(False)
    while not (found := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")):
        assert server.control.now() < 1_772_323_200 + 3600

    assert json.loads(found[0]["Body"])["detail"] == {"backupVaultName": "fresh", "state": "CREATED"}


def test_knobs_and_log_are_there_over_http(server: SimulatorServer) -> None:
    """GET shows, POST sets, publish injects, flush lets go."""
    made = scenes.control(server, "POST", "events", {"batch": "1m", "loss": 0.5}).json
    wrong = scenes.control(server, "POST", "events", {"speed": 1})
    event = {"detail_type": "t", "detail": {}, "account": scenes.SOURCE, "region": scenes.HOME}
    published = scenes.control(server, "POST", "events/publish", event)
    waiting = scenes.control(server, "GET", "events").json["waiting"]
    scenes.control(server, "POST", "events/flush")
    shown = scenes.control(server, "GET", "events").json

    assert made == {"batch": 60.0, "delay": 0.0, "loss": 0.5, "duplication": 0.0, "reordering": 0.0}
    assert (wrong.status, published.status, waiting) == (400, 200, 1)
    assert "speed" in wrong.json["error"]
    assert (shown["waiting"], shown["batch"]) == (0, 60.0)
