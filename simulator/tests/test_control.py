"""The control API: in process and over HTTP, faults, outcomes, calls, seeds, worlds."""

from __future__ import annotations

import http.client
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from backup_simulator.world.files import WorldError
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer


def test_a_reset_brings_everything_back_within_milliseconds(server: SimulatorServer) -> None:
    """World, clock, faults, outcomes and calls."""
    scene = Scene(server)
    scene.start()
    server.control.advance("2m")
    server.control.faults.add("throttle", operation="CreateKey")
    server.control.order("FAILED", message="x")
    started = time.process_time()
    server.control.reset()
    spent = time.process_time() - started

    assert spent < 0.25
    assert server.control.dump()["calls"] == 0
    assert server.control.faults.list() == []
    assert server.control.outcomes() == []
    assert scene.copies() == []


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        pytest.param("S3", r".*:recovery-point:orders-[0-9a-f]{8}", id="a bucket, by its name"),
        pytest.param("RDS", r".*:recovery-point:continuous:[0-9a-f-]{36}", id="a database"),
    ],
)
def test_a_continuous_point_is_named_as_plans_name_it(server: SimulatorServer, kind: str, form: str) -> None:
    """Clients tell such points by their ARNs, for lists do not say it otherwise."""
    part = {"resource_type": kind, "resource": "orders", "continuous": True, "status": "AVAILABLE"}
    (point,) = server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [part])

    assert re.fullmatch(form, point.arn)


def test_a_seeded_point_is_there_at_once(server: SimulatorServer) -> None:
    """A test can say: a new recovery point appeared."""
    part = {"resource_type": "EFS", "resource": "fs-new", "tags": {"a": "b"}}
    answer = scenes.control(
        server,
        "POST",
        "seed",
        {"account": scenes.SOURCE, "region": scenes.HOME, "vault": "backups", "recovery_points": [part]},
    )
    client = scenes.client(server, "backup", scenes.SOURCE)
    arn = answer.json["recovery_points"][0]

    assert client.describe_recovery_point(BackupVaultName="backups", RecoveryPointArn=arn)["ResourceType"] == "EFS"


def test_the_clock_is_moved_over_http(server: SimulatorServer) -> None:
    """Advance, freeze, rate; durations in short form."""
    before = scenes.control(server, "GET", "clock").json
    after = scenes.control(server, "POST", "clock", {"advance": "1h", "rate": 60}).json

    assert before["frozen"] is True
    assert after["now"] - before["now"] == 3600
    assert after["rate"] == 60


@pytest.mark.parametrize(
    "wrong", [{"advance": "soon"}, {"advance": -1}, {"advance": {}}, {"skew": "x"}, {"freeze": 1}, {"rate": 0}]
)
def test_a_clock_that_cannot_be_set_stays(server: SimulatorServer, wrong: scenes.Json) -> None:
    """Nothing of a request has an effect when some of it is wrong."""
    server.control.freeze()
    before = scenes.control(server, "GET", "clock").json
    answer = scenes.control(server, "POST", "clock", {"rate": 7, "freeze": False, "skew": 9, "advance": 5} | wrong)

    assert answer.status == 400
    assert scenes.control(server, "GET", "clock").json == before


def test_time_ends_before_dates_do(server: SimulatorServer) -> None:
    """Seven times a thousand years would be too far."""
    server.control.freeze()
    for _ in range(6):
        server.control.advance("365250d")
    answer = scenes.control(server, "POST", "clock", {"advance": "365250d"})
    server.control.advance(1)

    assert answer.status == 400
    assert "year 9000" in answer.json["error"]


def test_the_state_is_told_in_short(server: SimulatorServer) -> None:
    """Vaults with counts, jobs by state."""
    Scene(server).start()
    found = scenes.control(server, "GET", "state").json["accounts"]

    assert found[scenes.SOURCE][scenes.HOME]["vaults"]["backups"]["recovery_points"] == 1
    assert found[scenes.SOURCE][scenes.HOME]["copy_jobs"] == {"CREATED": 1}
    assert found[scenes.TARGET][scenes.AWAY]["vaults"]["copies"]["policy"] is True


def test_a_world_is_loaded_over_http(server: SimulatorServer) -> None:
    """As an object or as YAML text."""
    scene = scenes.world()
    scenes.source_vault(scene)["name"] = "renamed"
    as_object = scenes.control(server, "POST", "world", {"world": scene})
    as_text = scenes.control(server, "POST", "world", {"yaml": json.dumps(scene)})
    names = [
        v["BackupVaultName"]
        for v in scenes.client(server, "backup", scenes.SOURCE).list_backup_vaults()["BackupVaultList"]
    ]

    assert (as_object.status, as_text.status) == (200, 200)
    assert names == ["renamed"]


BAD = [
    pytest.param("GET", "nothing", None, 404, "GET /_sim/calls", id="an unknown path tells the known ones"),
    pytest.param("POST", "clock", {"advanced": 1}, 400, "advanced", id="an unknown field of the clock"),
    pytest.param("POST", "clock", {"advance": "soon"}, 400, "duration", id="a duration in words"),
    pytest.param("POST", "clock", {"rate": -1}, 400, "rate", id="a negative rate"),
    pytest.param("POST", "clock", {"advance": 10**400}, 400, "thousand years", id="four hundred digits of seconds"),
    pytest.param("POST", "clock", {"rate": 10**400}, 400, "too large", id="four hundred digits of a rate"),
    pytest.param("POST", "clock", {"freeze": "false"}, 400, "true or false", id="a boolean in words"),
    pytest.param("POST", "clock", {"freeze": None}, 400, "freeze", id="null"),
    pytest.param("POST", "world", {"yaml": "\0"}, 400, "0x0000", id="a control character"),
    pytest.param("POST", "world", {"yaml": "[" * 3000}, 400, "deep", id="a world without end"),
    pytest.param(
        "POST",
        "resources",
        {"account": "1", "resources": [{"resource_type": "EBS", "resource": "v", "region": "r", "count": 10**400}]},
        400,
        "count",
        id="more resources than can be",
    ),
    pytest.param("POST", "faults", {"kind": "explode"}, 400, "explode", id="an unknown kind of fault"),
    pytest.param("POST", "faults", {"kind": "error", "colour": 1}, 400, "colour", id="an unknown field of a fault"),
    pytest.param("POST", "outcomes", {"state": "LOST"}, 400, "FAILED", id="an unknown outcome"),
    pytest.param("POST", "world", {"world": {"version": 9}}, 400, "version", id="a broken world"),
    pytest.param("POST", "world", {}, 400, "world", id="no world"),
    pytest.param("GET", "calls?colour=1", None, 400, "colour", id="an unknown filter of calls"),
    pytest.param(
        "POST",
        "seed",
        {"account": "1", "region": "r", "vault": "v", "recovery_points": []},
        400,
        "no vault v",
        id="no such vault",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), BAD)
def test_wrong_requests_are_told_what_is_wrong(
    server: SimulatorServer, method: str, path: str, body: scenes.Json | None, status: int, words: str
) -> None:
    """JSON with an error; the world stays as it is."""
    answer = scenes.control(server, method, path, body)

    assert answer.status == status
    assert words in answer.json["error"]


def test_seeds_are_checked_like_worlds(server: SimulatorServer) -> None:
    """A WorldError in process."""
    with pytest.raises(WorldError, match="Tape"):
        server.control.seed(scenes.SOURCE, scenes.HOME, "backups", [{"resource_type": "Tape", "resource": "t"}])


def test_calls_are_remembered_with_who_and_what(server: SimulatorServer) -> None:
    """Account, principal, service, operation, mutating, outcome."""
    client = scenes.client(server, "backup", scenes.SOURCE)
    client.list_backup_vaults()
    client.create_backup_vault(BackupVaultName="fresh")
    with scenes.refused():
        client.describe_backup_vault(BackupVaultName="nowhere")
    found = scenes.control(server, "GET", "calls").json

    assert found["count"] == 3
    assert [(call["operation"], call["mutating"], call["outcome"]) for call in found["calls"]] == [
        ("ListBackupVaults", False, "OK"),
        ("CreateBackupVault", True, "OK"),
        ("DescribeBackupVault", False, "AccessDeniedException"),
    ]
    assert {(call["account"], call["service"], call["region"]) for call in found["calls"]} == {
        (scenes.SOURCE, "backup", scenes.HOME)
    }
    assert found["calls"][0]["principal"] == f"arn:aws:iam::{scenes.SOURCE}:user/admin"


def test_calls_are_filtered_counted_and_cleared(server: SimulatorServer) -> None:
    """mutating=true is the question "did it write"."""
    scenes.assume(server, f"arn:aws:iam::{scenes.TARGET}:role/operator")
    scenes.client(server, "backup", scenes.TARGET, region=scenes.AWAY).create_backup_vault(BackupVaultName="fresh")
    by_service = scenes.control(server, "GET", "calls?service=sts").json["count"]
    by_account = scenes.control(server, "GET", f"calls?account={scenes.TARGET}").json["count"]
    writes = scenes.control(server, "GET", "calls?mutating=true").json["calls"]
    scenes.control(server, "DELETE", "calls")

    assert (by_service, by_account) == (1, 1)
    assert [call["operation"] for call in writes] == ["CreateBackupVault"]
    assert server.control.calls() == []


def test_refused_signatures_are_calls_too(server: SimulatorServer) -> None:
    """Without an account, because nobody is known."""
    scenes.send(server, "GET", "/backup-vaults/")
    call = server.control.calls()[0]

    assert (call.account, call.outcome) == ("", "MissingAuthenticationTokenException")


def listing(
    server: SimulatorServer, account: str = scenes.SOURCE, *, read_timeout: float = scenes.PATIENCE, **options: Any
) -> Any:
    """A client with own retry options."""
    config = Config(read_timeout=read_timeout, connect_timeout=scenes.PATIENCE, **options)
    return server.client("backup", account, "admin", region=scenes.HOME, config=config)


ONCE: scenes.Json = {"retries": {"total_max_attempts": 1}}


def test_an_ordered_error_comes_as_ordered(server: SimulatorServer) -> None:
    """Code, status and message; as often as ordered."""
    server.control.faults.add("error", operation="ListBackupVaults", code="IceCold", status=418, message="brr", times=1)
    client = listing(server, **ONCE)
    with scenes.refused() as refusal:
        client.list_backup_vaults()
    client.list_backup_vaults()

    assert (refusal.code, refusal.status, refusal.message) == ("IceCold", 418, "brr")
    assert server.control.faults.list()[0].hits == 1


MATCHES = [
    pytest.param({"account": scenes.SOURCE}, True, id="account"),
    pytest.param({"account": scenes.TARGET}, False, id="another account"),
    pytest.param({"role": "admin"}, True, id="user or role"),
    pytest.param({"role": "reader"}, False, id="another role"),
    pytest.param({"service": "backup"}, True, id="service"),
    pytest.param({"service": "kms"}, False, id="another service"),
    pytest.param({"operation": "DescribeBackupVault"}, True, id="operation"),
    pytest.param({"operation": "CreateBackupVault"}, False, id="another operation"),
    pytest.param({"resource": "backups"}, True, id="resource"),
    pytest.param({"resource": "elsewhere"}, False, id="another resource"),
    pytest.param({"skip": 1}, False, id="a call that is let through first"),
    pytest.param({"probability": 0.0}, False, id="never"),
    pytest.param({"times": 0}, False, id="used up"),
]


@pytest.mark.parametrize(("match", "hits"), MATCHES)
def test_faults_hit_what_they_name(server: SimulatorServer, match: scenes.Json, hits: bool) -> None:
    """All given fields must agree."""
    fault = server.control.faults.add("throttle", **match)
    client = listing(server, **ONCE)
    if hits:
        with scenes.refused() as refusal:
            client.describe_backup_vault(BackupVaultName="backups")
        assert (refusal.code, refusal.message) == ("ThrottlingException", "Rate exceeded")
    else:
        client.describe_backup_vault(BackupVaultName="backups")
    assert fault.hits == int(hits)


def test_a_probability_follows_the_seed(server: SimulatorServer) -> None:
    """The same world misses and hits in the same order."""
    patterns = []
    for _ in range(2):
        server.control.reset()
        server.control.faults.add("error", probability=0.5, code="Coin", status=400)
        client, pattern = listing(server, **ONCE), ""
        for _ in range(12):
            try:
                client.list_backup_vaults()
                pattern += "."
            except client.exceptions.ClientError:
                pattern += "x"
        patterns.append(pattern)

    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {".", "x"}


def test_throttled_calls_are_repeated_by_the_client(server: SimulatorServer) -> None:
    """Two throttles and then an answer."""
    server.control.faults.add("throttle", times=2)
    answer = listing(server, retries={"mode": "standard", "max_attempts": 4}).list_backup_vaults()

    assert answer["ResponseMetadata"]["RetryAttempts"] == 2


def start(client: Any) -> Any:
    """Start a copy of the world's only recovery point."""
    point = client.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"][0]
    return client.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="backups",
        DestinationBackupVaultArn=scenes.vault_arn(),
        IamRoleArn=scenes.COPIER,
    )


@pytest.mark.parametrize(
    ("after", "jobs"), [pytest.param(False, 0, id="before the effect"), pytest.param(True, 1, id="after the effect")]
)
def test_a_connection_is_cut(server: SimulatorServer, after: bool, jobs: int) -> None:
    """The caller learns nothing; AWS has acted or not."""
    server.control.faults.add("reset", operation="StartCopyJob", after_effect=after)
    with pytest.raises(ConnectionClosedError):
        start(listing(server, **ONCE))
    server.control.faults.clear()

    assert len(listing(server).list_copy_jobs()["CopyJobs"]) == jobs


def test_a_lost_answer_and_its_retry_make_one_job(server: SimulatorServer) -> None:
    """Botocore repeats with the same token."""
    server.control.faults.add("reset", operation="StartCopyJob", after_effect=True, times=1)
    start(listing(server, retries={"mode": "standard", "max_attempts": 3}))

    assert len(listing(server).list_copy_jobs()["CopyJobs"]) == 1


def test_a_body_is_cut_short(server: SimulatorServer) -> None:
    """The client sees that something is missing."""
    server.control.faults.add("truncate", operation="ListBackupVaults")
    with pytest.raises(http.client.IncompleteRead):
        scenes.signed(server, "backup", "GET", "/backup-vaults/")


def test_botocore_takes_a_body_cut_short_for_an_empty_answer(server: SimulatorServer) -> None:
    """A trap for its users: no error, no retry, and the list's member is absent."""
    server.control.faults.add("truncate", operation="ListBackupVaults", times=1)
    answer = listing(server, retries={"mode": "standard", "max_attempts": 3}).list_backup_vaults()

    assert "BackupVaultList" not in answer
    assert len(server.control.calls()) == 1


def test_a_hanging_call_runs_into_the_clients_timeout(server: SimulatorServer) -> None:
    """And does not hold the server when it stops."""
    server.control.faults.add("hang", operation="ListBackupVaults")
    with pytest.raises(ReadTimeoutError):
        listing(server, read_timeout=0.3, **ONCE).list_backup_vaults()


def test_latency_is_real_time(server: SimulatorServer) -> None:
    """The answer is right and late."""
    server.control.faults.add("latency", operation="ListBackupVaults", seconds=0.3)
    started = time.monotonic()
    listing(server, **ONCE).list_backup_vaults()

    assert time.monotonic() - started >= 0.3


def test_faults_are_ordered_listed_and_cleared_over_http(server: SimulatorServer) -> None:
    """The JSON mirrors the fields."""
    made = scenes.control(server, "POST", "faults", {"kind": "throttle", "operation": "CreateKey", "times": 3})
    listed = scenes.control(server, "GET", "faults").json["faults"]
    scenes.control(server, "DELETE", "faults")

    assert listed == [made.json]
    assert scenes.control(server, "GET", "faults").json["faults"] == []


def test_a_job_fails_as_ordered(server: SimulatorServer) -> None:
    """Text and category come from the order; the next job is well."""
    expired = {"message": "Token expired. Try again.", "category": "TOKEN_EXPIRED"}
    scenes.control(
        server,
        "POST",
        "outcomes",
        {"state": "FAILED", "resource": "vol-1", "times": 1} | expired,
    )
    scene = Scene(server)
    first = scene.start()
    server.control.advance("2m")
    second = scene.start()
    server.control.advance("2m")

    assert (scene.job(first)["StatusMessage"], scene.job(first)["MessageCategory"]) == (
        "Token expired. Try again.",
        "TOKEN_EXPIRED",
    )
    assert scene.job(second)["State"] == "COMPLETED"


@pytest.mark.parametrize(("order", "state"), [("STUCK_CREATED", "CREATED"), ("STUCK_RUNNING", "RUNNING")])
def test_a_job_gets_stuck_as_ordered(server: SimulatorServer, order: Any, state: str) -> None:
    """It stays there for days, and its resource with it."""
    server.control.order(order, destination="copies", times=1)
    scene = Scene(server)
    scene.start()
    scene.start()
    server.control.advance("3d")

    assert scene.states() == [state, "CREATED"]
