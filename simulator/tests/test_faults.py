"""Faults beyond the single call: buckets, stale reads, expired sessions, clocks that differ, jobs that vanish."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator.transport import InProcess
from backup_simulator.world.files import WorldError
from simulator_kit import scenes


@pytest.fixture
def opened() -> InProcess:
    """A simulator without a socket; its clock stands still."""
    return InProcess(scenes.world())


def client(opened: InProcess, account: str = scenes.SOURCE, service: str = "backup", region: str = scenes.HOME) -> Any:
    """The admin's client, which repeats nothing."""
    return opened.client(service, account, "admin", region=region, config=scenes.fast())


def start(opened: InProcess) -> str:
    """Start a copy of the world's recovery point; returns the job's id."""
    source = client(opened)
    point = source.list_recovery_points_by_backup_vault(BackupVaultName="backups")["RecoveryPoints"][0]
    asked = {"DestinationBackupVaultArn": scenes.vault_arn(), "IamRoleArn": scenes.COPIER}
    arn = point["RecoveryPointArn"]
    return str(source.start_copy_job(RecoveryPointArn=arn, SourceBackupVaultName="backups", **asked)["CopyJobId"])


def pattern(call: Any, times: int) -> str:
    """Which of so many calls pass (`.`) and which are refused (`x`)."""
    found = ""
    for _ in range(times):
        try:
            call()
            found += "."
        except ClientError:
            found += "x"
    return found


def test_a_bucket_throttles_what_comes_too_fast(opened: InProcess) -> None:
    """Burst first, then what refills in virtual time; never more than the burst."""
    opened.control.faults.add("throttle", per_second=2, burst=3)
    listing = client(opened).list_backup_vaults
    first = pattern(listing, 5)
    opened.control.advance(1)
    second = pattern(listing, 4)
    opened.control.advance("1h")

    assert (first, second, pattern(listing, 5)) == ("...xx", "..xx", "...xx")


def test_every_account_has_a_bucket_of_its_own(opened: InProcess) -> None:
    """One account's traffic does not throttle another's."""
    opened.control.faults.add("throttle", per_second=1, burst=2)
    patterns = [pattern(client(opened, account).list_backup_vaults, 3) for account in (scenes.SOURCE, scenes.TARGET)]

    assert patterns == ["..x", "..x"]


def test_a_bucket_can_be_one_operations(opened: InProcess) -> None:
    """As AWS has it: rates are per account and operation."""
    opened.control.faults.add("throttle", operation="ListCopyJobs", per_second=1, burst=1)

    assert pattern(client(opened).list_copy_jobs, 2) == ".x"
    assert pattern(client(opened).list_backup_vaults, 3) == "..."


def test_a_stale_read_shows_the_world_of_a_while_ago(opened: InProcess) -> None:
    """Listings and descriptions agree with each other about the past; writes act on the present."""
    opened.control.faults.add("stale", seconds=30)
    job, source = start(opened), client(opened)
    with scenes.refused() as refusal:
        source.describe_copy_job(CopyJobId=job)
    at_once = source.list_copy_jobs()["CopyJobs"]
    opened.control.advance(30)
    later = source.describe_copy_job(CopyJobId=job)["CopyJob"]["State"]
    opened.control.advance(6)

    assert refusal.code == "ResourceNotFoundException"
    assert at_once == []
    assert later == "CREATED"
    assert [found["State"] for found in source.list_copy_jobs()["CopyJobs"]] == ["RUNNING"]


def test_a_jump_in_time_keeps_what_happened_in_between(opened: InProcess) -> None:
    """The world of thirty seconds ago, not the one before the jump."""
    opened.control.faults.add("stale", seconds=30)
    start(opened)
    opened.control.advance(80)

    assert [found["State"] for found in client(opened).list_copy_jobs()["CopyJobs"]] == ["RUNNING"]
    opened.control.faults.clear()
    assert [found["State"] for found in client(opened).list_copy_jobs()["CopyJobs"]] == ["COMPLETED"]


def test_what_is_deleted_stays_visible_to_stale_reads(opened: InProcess) -> None:
    """And its second deletion is refused, because writes are of today."""
    opened.control.faults.add("stale", seconds=60, operation="ListBackupVaults")
    source = client(opened)
    source.create_backup_vault(BackupVaultName="fleeting")
    opened.control.advance("2m")
    source.delete_backup_vault(BackupVaultName="fleeting")
    names = [vault["BackupVaultName"] for vault in source.list_backup_vaults()["BackupVaultList"]]

    assert "fleeting" in names
    with scenes.refused():
        source.delete_backup_vault(BackupVaultName="fleeting")


def test_a_stale_read_of_one_account_leaves_the_others_alone(opened: InProcess) -> None:
    """Faults hit what they name."""
    opened.control.faults.add("stale", seconds=60, account=scenes.TARGET)
    client(opened).create_backup_vault(BackupVaultName="fresh")
    client(opened, scenes.TARGET).create_backup_vault(BackupVaultName="fresh")

    assert len(client(opened).list_backup_vaults()["BackupVaultList"]) == 2
    assert client(opened, scenes.TARGET).list_backup_vaults()["BackupVaultList"] == []


def test_a_session_is_of_today_whatever_reads_show(opened: InProcess) -> None:
    """One that was opened in the past would be known to nobody, and the next one would have its key."""
    opened.control.faults.add("stale", seconds=60)
    operator = opened.client("sts", scenes.TOOLS, "operator", region=scenes.HOME)
    asked = {"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator", "ExternalId": scenes.EXTERNAL_ID}
    given = [operator.assume_role(RoleSessionName="test", **asked)["Credentials"] for _ in "ab"]
    keys = {each["AccessKeyId"] for each in given}

    assert len(keys) == 2
    assert keys <= opened.simulator.state.credentials.keys()


@pytest.mark.parametrize(
    ("member", "instead", "rest"),
    [
        pytest.param("BackupVaultList", "nothing", None, id="a whole list"),
        pytest.param("BackupVaultList", "null", None, id="null for a list"),
        pytest.param("BackupVaultList[].BackupVaultName", "nothing", [None], id="a member of every row"),
        pytest.param("BackupVaultList[].BackupVaultName", "other", ["{'of': 'another kind'}"], id="another kind"),
        pytest.param("Nothing[].Of[].This", "null", ["backups"], id="what the answer does not have"),
    ],
)
def test_an_omission_takes_a_member_out_of_an_answer(
    opened: InProcess, member: str, instead: str, rest: list[str | None] | None
) -> None:
    """AWS acts, and the answer is whole but for one member; the next one has it."""
    opened.control.faults.add("omit", operation="ListBackupVaults", member=member, instead=instead, times=1)
    short, whole = (client(opened).list_backup_vaults() for _ in range(2))

    names = [each.get("BackupVaultName") for each in short.get("BackupVaultList", ())]
    assert ("BackupVaultList" in short) is (rest is not None)
    assert [each and str(each) for each in names] == (rest or [])
    assert [each["BackupVaultName"] for each in whole["BackupVaultList"]] == ["backups"]


@pytest.mark.parametrize(("instead", "found"), [("nothing", None), ("null", ""), ("other", "")])
def test_an_omission_reaches_into_xml(opened: InProcess, instead: str, found: str | None) -> None:
    """STS speaks XML: an element is gone, empty, or has elements where a text should be."""
    opened.control.faults.add("omit", operation="GetCallerIdentity", member="Account", instead=instead)
    told = client(opened, service="sts").get_caller_identity()

    assert (told.get("Account") or "").strip() == (found or "")
    assert ("Account" in told) is (instead != "nothing")
    assert told["Arn"]


def test_an_expired_token_stays_expired_and_a_new_session_works(opened: InProcess) -> None:
    """Only sessions expire; keys of users do not."""
    operator = opened.client("sts", scenes.TOOLS, "operator", region=scenes.HOME)
    asked = {"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator", "ExternalId": scenes.EXTERNAL_ID}

    def session() -> Any:
        given = operator.assume_role(RoleSessionName="test", **asked)["Credentials"]
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return opened.client_with("backup", *keys, region_name=scenes.HOME, config=scenes.fast())

    first = session()
    opened.control.faults.add("expired_token", role="operator", times=1)
    refusals = []
    for _ in range(2):
        with scenes.refused() as refusal:
            first.list_backup_vaults()
        refusals.append((refusal.code, refusal.message, refusal.status))

    assert set(refusals) == {("ExpiredTokenException", "The security token included in the request is expired", 403)}
    assert session().list_backup_vaults()["BackupVaultList"] == []
    assert client(opened).list_backup_vaults()


SKEWS = [
    pytest.param("20m", r"Signature expired: (\w+) is now earlier than \w+ \(\w+ - 15 min\.\)", id="ahead"),
    pytest.param("-20m", r"Signature not yet current: (\w+) is still later than \w+ \(\w+ \+ 15 min\.\)", id="behind"),
]


@pytest.mark.parametrize(("skew", "words"), SKEWS)
@pytest.mark.parametrize(
    ("service", "code"), [("backup", "InvalidSignatureException"), ("sts", "SignatureDoesNotMatch")]
)
def test_clocks_that_differ_are_told_in_awss_words(
    opened: InProcess, skew: str, words: str, service: str, code: str
) -> None:
    """A quarter of an hour is forgiven, more is not."""
    opened.control.skew("14m")
    caller = client(opened, service=service)
    call = caller.list_backup_vaults if service == "backup" else caller.get_caller_identity
    call()
    opened.control.skew(skew)

    with pytest.raises(ClientError, match=words) as refusal:
        call()
    assert refusal.value.response["Error"]["Code"] == code


def test_a_job_vanishes_as_ordered(opened: InProcess) -> None:
    """Neither described nor listed; nothing arrives, and its resource is free for the next."""
    opened.control.order("VANISHED", resource="vol-1", times=1)
    lost = start(opened)
    opened.control.advance("1m")
    kept = start(opened)
    opened.control.advance("5m")
    with scenes.refused() as refusal:
        client(opened).describe_copy_job(CopyJobId=lost)

    assert refusal.code == "ResourceNotFoundException"
    assert [(job["CopyJobId"], job["State"]) for job in client(opened).list_copy_jobs()["CopyJobs"]] == [
        (kept, "COMPLETED")
    ]


MATCHES = [
    pytest.param({"account": scenes.SOURCE}, True, id="account"),
    pytest.param({"account": scenes.TARGET}, False, id="another account"),
    pytest.param({"role": "copier"}, True, id="copy role"),
    pytest.param({"role": "reader"}, False, id="another role"),
    pytest.param({"resource": "vol-1"}, True, id="resource"),
    pytest.param({"destination": "elsewhere"}, False, id="another destination"),
    pytest.param({"skip": 1}, False, id="a job that is let through first"),
    pytest.param({"probability": 0.0}, False, id="never"),
    pytest.param({"times": 0}, False, id="used up"),
]


@pytest.mark.parametrize(("match", "hits"), MATCHES)
def test_outcomes_hit_what_they_name(opened: InProcess, match: dict[str, Any], hits: bool) -> None:
    """All given fields must agree."""
    opened.control.order("FAILED", message="as ordered", **match)
    job = start(opened)
    opened.control.advance("5m")

    assert client(opened).describe_copy_job(CopyJobId=job)["CopyJob"]["State"] == ("FAILED" if hits else "COMPLETED")


def test_a_job_is_named_by_its_id(opened: InProcess) -> None:
    """While it waits in CREATED."""
    job, other = start(opened), start(opened)
    opened.control.order("FAILED", job=other)
    opened.control.advance("5m")
    states = {found["CopyJobId"]: found["State"] for found in client(opened).list_copy_jobs()["CopyJobs"]}

    assert states == {job: "COMPLETED", other: "FAILED"}


def test_a_fault_with_dice_leaves_the_ids_alone(opened: InProcess) -> None:
    """What the world makes afterwards is what it would have made without."""
    plain = start(opened)
    opened.control.reset()
    opened.control.faults.add("error", operation="ListBackupVaults", probability=0.5)
    pattern(client(opened).list_backup_vaults, 5)

    assert start(opened) == plain


def test_a_world_orders_its_own_trouble() -> None:
    """Faults, outcomes and skew stand in the file and are there again after a reset."""
    scene = scenes.world()
    scene["faults"] = [{"kind": "throttle", "operation": "ListBackupVaults", "times": 1}]
    scene["outcomes"] = [{"state": "FAILED", "message": "as written"}]
    scene["clock"]["skew"] = "1m"
    opened = InProcess(scene)
    for _ in range(2):
        assert pattern(client(opened).list_backup_vaults, 2) == "x."
        job = start(opened)
        opened.control.advance("5m")
        assert client(opened).describe_copy_job(CopyJobId=job)["CopyJob"]["StatusMessage"] == "as written"
        assert opened.simulator.skew == 60
        opened.control.reset()


BROKEN = [
    pytest.param({"kind": "stale"}, "seconds", id="a stale read without an age"),
    pytest.param({"kind": "error", "per_second": 2}, "per_second", id="a bucket that does not throttle"),
    pytest.param({"kind": "expired_token", "after_effect": True}, "after_effect", id="an expiry after the effect"),
    pytest.param({"kind": "error", "probability": 2}, "probability", id="a probability above one"),
    pytest.param({"kind": "error", "status": 200}, "status", id="an error that is none"),
    pytest.param({"kind": "omit"}, "member", id="an omission of nothing"),
    pytest.param({"kind": "reset", "member": "Policy"}, "member", id="a member of no answer"),
    pytest.param({"kind": "throttle", "times": -1}, "times", id="fewer than no times"),
]


@pytest.mark.parametrize(("fault", "words"), BROKEN)
def test_faults_that_cannot_be_are_refused(opened: InProcess, fault: dict[str, Any], words: str) -> None:
    """By the control object and in a world file, naming the field."""
    with pytest.raises(ValueError, match=words):
        opened.control.faults.add(**fault)
    with pytest.raises(WorldError, match=words):
        InProcess(scenes.world() | {"faults": [fault]})
