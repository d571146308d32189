"""Nobody acts in an account whose identity was not verified, and credentials renew themselves."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.credentials import Credentials
from botocore.model import StructureShape
from tests.kit.scripted_aws import (
    Answer,
    Clock,
    account,
    accounts,
    assumed_xml,
    error_json,
    error_xml,
    identity_xml,
    let_in,
    scripted,
)

from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault_policy.aws.writes import vault_policy
from crossvault.aws import AwsSettings, CallCounts
from crossvault.aws.calls import CallHooks
from crossvault.aws.clients import SharedClients
from crossvault.aws.members import ANSWERS
from crossvault.aws.own import ASKED, LeanFiles, OwnIdentity, plain_session
from crossvault.engine.declared import Account, Limits
from crossvault.words.problems import CrossvaultError
from crossvault.words.reasons import Reason

REGION = "eu-west-1"
PROD = account(external_id="tenant-7")


def _enter(aws: AwsAccounts, who: Account = PROD) -> Any:
    return aws._reach.sessions.enter(who)


def _problem(work: Callable[[], object]) -> Reason:
    with pytest.raises(CrossvaultError) as caught:
        work()
    return caught.value.problem.reason


def _soon() -> datetime:
    """Credentials that end so soon that botocore renews them before every use."""
    return datetime.now(UTC) + timedelta(minutes=5)


def test_role_is_assumed_with_what_the_account_declares() -> None:
    """External ID, session tags, a session name that tells who asks, and the longest duration that chaining allows."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        _enter(aws, replace(PROD, session_tags=(("team", "backup"),))).verify()
        aws.close()
    sent = dict(urllib.parse.parse_qsl(script.bodies[0]))

    assert sent["RoleArn"] == "arn:aws:iam::111111111111:role/crossvault-source"
    assert sent["ExternalId"] == "tenant-7"
    assert sent["RoleSessionName"] == "crossvault@unnamed@prod"
    assert "SourceIdentity" not in sent
    assert sent["DurationSeconds"] == "3600"
    assert (sent["Tags.member.1.Key"], sent["Tags.member.1.Value"]) == ("team", "backup")


def test_account_without_a_role_uses_the_operators_identity() -> None:
    """Nothing is assumed, and the identity is verified all the same."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        found = _enter(aws, account(role=None)).verify()
        aws.close()

    assert found == "111111111111"
    assert [operation for operation, _ in script.asked] == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    "who", [pytest.param(PROD, id="behind a role"), pytest.param(account(role=None), id="of the operator itself")]
)
def test_wrong_account_is_told_and_nothing_is_asked_with_it(who: Account) -> None:
    """Invariant 5: the identity is verified before anything is read or written with it."""
    with scripted() as script:
        let_in(script, "999999999999")
        script.on("GetBackupVaultAccessPolicy", {"Policy": "{}"})
        aws = accounts(script.url)

        reasons = {
            _problem(_enter(aws, who).verify),
            _problem(lambda: vault_policy(_enter(aws, who), REGION, "v")),
        }
        aws.close()

    assert reasons == {Reason.WRONG_ACCOUNT}
    assert script.count("GetBackupVaultAccessPolicy") == 0


def test_renewed_credentials_are_verified_before_they_are_used() -> None:
    """Invariant 5 holds across the renewal of credentials: a role that moved is noticed before the next request."""
    with scripted() as script:
        script.on("AssumeRole", assumed_xml(_soon()))
        script.on("GetCallerIdentity", identity_xml("111111111111"), identity_xml("999999999999"))
        script.on("GetBackupVaultAccessPolicy", {"Policy": "{}"})
        aws = accounts(script.url)
        access = _enter(aws)
        access.verify()

        reason = _problem(lambda: vault_policy(access, REGION, "v"))
        aws.close()

    assert reason is Reason.WRONG_ACCOUNT
    assert script.count("GetBackupVaultAccessPolicy") == 0


def test_identity_is_verified_again_when_it_is_too_old() -> None:
    """A verification counts for whoever may use one of its age."""
    clock = Clock(datetime.now(UTC))
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url, clock=clock)
        access = _enter(aws)
        access.verify(clock.now)
        access.verify(clock.now)
        access.verify()
        assert script.count("GetCallerIdentity") == 1

        access.verify(clock.tick(minutes=5))
        aws.close()

    assert script.count("GetCallerIdentity") == 2
    assert script.count("AssumeRole") == 1


def test_role_is_assumed_once_for_all_who_wait() -> None:
    """Eight threads that enter at once make one session."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: _enter(aws).verify(), range(8)))
        aws.close()

    assert found == ["111111111111"] * 8
    assert [operation for operation, _ in script.asked] == ["AssumeRole", "GetCallerIdentity"]


@pytest.mark.parametrize(
    ("changed", "sessions"),
    [
        pytest.param(replace(PROD, external_id="other"), 2, id="another External ID is another way in"),
        pytest.param(
            replace(PROD, role_arn="arn:aws:iam::111111111111:role/b"), 2, id="another role is another way in"
        ),
        pytest.param(replace(PROD, session_tags=(("a", "b"),)), 2, id="other tags are another way in"),
        pytest.param(replace(PROD, source_identity=True), 2, id="a source identity is another way in"),
        pytest.param(replace(PROD, namespace="shop"), 2, id="a namespace of its own is another way in"),
        pytest.param(replace(PROD, limits=Limits()), 1, id="other limits are not"),
        pytest.param(replace(PROD, regions=("eu-west-1",)), 1, id="other Regions are not"),
    ],
)
def test_changed_account_is_entered_anew(changed: Account, sessions: int) -> None:
    """What was proved for one declaration is not taken for another."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        _enter(aws).verify()
        _enter(aws, changed).verify()
        aws.close()

    assert script.count("AssumeRole") == sessions


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("ExpiredTokenException", Reason.CREDENTIALS_EXPIRED, id="expired although the clock says no"),
        pytest.param("UnrecognizedClientException", Reason.CREDENTIALS_REFUSED, id="not known any more, says STS too"),
    ],
)
def test_refused_credentials_are_replaced(code: str, reason: Reason) -> None:
    """The pass that meets them says so; the next one has new ones, without a restart."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        script.on("GetBackupVaultAccessPolicy", error_json(code, status=403), {"Policy": "{}"})
        if reason is Reason.CREDENTIALS_REFUSED:
            good = identity_xml("111111111111")
            script.on("GetCallerIdentity", good, error_xml("InvalidClientTokenId"), good)
        _enter(aws).verify()
        assert _problem(lambda: vault_policy(_enter(aws), REGION, "v")) is reason

        found = vault_policy(_enter(aws), REGION, "v")
        aws.close()

    assert found == "{}"
    assert script.count("AssumeRole") == 2


def test_refused_role_is_tried_again_and_recovers() -> None:
    """A trust policy that was put right works with the next look, which enters anew: nothing is remembered."""
    with scripted() as script:
        let_in(script)
        script.on("AssumeRole", error_xml("AccessDenied"), assumed_xml(datetime.now(UTC) + timedelta(hours=1)))
        aws = accounts(script.url)
        refused = _enter(aws)
        assert _problem(refused.verify) is Reason.ASSUME_ROLE_DENIED

        entered = _enter(aws)
        assert entered is not refused
        assert entered.verify() == "111111111111"
        aws.close()


def test_missing_credentials_are_told_and_found_when_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator without an identity says so and works as soon as it has one."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        with monkeypatch.context() as without:
            without.delenv("AWS_ACCESS_KEY_ID")
            without.delenv("AWS_SECRET_ACCESS_KEY")
            assert _problem(_enter(aws).verify) is Reason.NO_CREDENTIALS
        assert script.asked == []

        assert _enter(aws).verify() == "111111111111"
        aws.close()


def test_refused_web_identity_is_no_fault_of_the_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the operator itself is not let in, that is said, and not that the account's role lacks something."""
    token = tmp_path / "token"
    token.write_text("a.web.identity")
    with scripted() as script:
        script.on("AssumeRoleWithWebIdentity", error_xml("AccessDenied", "Not authorized to perform"))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::555555555555:role/operator")
        aws = accounts(script.url)

        assert _problem(_enter(aws).verify) is Reason.NO_CREDENTIALS
        aws.close()


def test_pods_web_identity_is_exchanged_and_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With IRSA the operator's own credentials come from STS too, and that request is counted like any other."""
    token = tmp_path / "token"
    token.write_text("a.web.identity")
    answer = assumed_xml(datetime.now(UTC) + timedelta(hours=1)).body.replace("AssumeRole", "AssumeRoleWithWebIdentity")
    with scripted() as script:
        let_in(script)
        script.on("AssumeRoleWithWebIdentity", Answer(answer))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::555555555555:role/operator")
        aws = accounts(script.url)
        _enter(aws).verify()
        aws.close()
    assert isinstance(aws.recorder, CallCounts)

    assert [operation for operation, _ in script.asked] == [
        "AssumeRoleWithWebIdentity",
        "AssumeRole",
        "GetCallerIdentity",
    ]
    assert aws.recorder.requests()["", "sts", "AssumeRoleWithWebIdentity", "ok"] == 1
    assert "crossvault/9.9" in script.headers[0]["user-agent"]


def test_broken_answer_of_sts_is_a_problem() -> None:
    """Half an answer of STS opens nothing."""
    with scripted() as script:
        script.on("AssumeRole", Answer("<AssumeRoleResponse><AssumeRoleResult>"))
        aws = accounts(script.url)

        assert _problem(_enter(aws).verify) is Reason.UNEXPECTED_ANSWER
        aws.close()


def test_clients_are_made_once_per_service_and_region() -> None:
    """Of an account: many threads share it."""
    aws = accounts("http://127.0.0.1:1")
    access = _enter(aws)

    same = access.backup(REGION) is access.backup(REGION)
    other = access.backup(REGION) is access.backup("eu-central-1")
    aws.close()

    assert (same, other) == (True, False)


def test_least_recently_used_account_is_left_first() -> None:
    """Memory is bounded by the number of accounts kept ready."""
    aws = accounts("http://127.0.0.1:1", sessions=2)
    first, second = _enter(aws, account("a")), _enter(aws, account("b"))
    _enter(aws, account("a"))
    _enter(aws, account("c"))

    assert _enter(aws, account("a")) is first
    assert _enter(aws, account("b")) is not second
    aws.close()


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda aws, _: aws.drop("prod"), id="its BackupAccount was deleted"),
        pytest.param(lambda _, clock: clock.tick(hours=3), id="nobody has used it for hours"),
    ],
)
def test_account_is_left(leave: Callable[[AwsAccounts, Clock], object]) -> None:
    """Sessions of accounts that are gone go too."""
    clock = Clock()
    aws = accounts("http://127.0.0.1:1", clock=clock)
    before = _enter(aws)

    leave(aws, clock)

    assert _enter(aws) is not before
    aws.close()


def test_partition_and_regional_endpoint_of_sts_are_used() -> None:
    """STS of the operator's own Region is asked: it is the one its network certainly reaches."""
    settings, calls = AwsSettings(region=REGION), CallCounts()
    clients = SharedClients(OwnIdentity(settings, calls, plain_session).new_session, settings)
    hooks, nobody = CallHooks("prod", calls, lambda _: None), Credentials("key", "secret")

    made = [clients.client("sts", region, nobody, hooks) for region in ("us-east-1", "eu-west-1", "cn-north-1")]
    clients.close()

    assert [each.meta.endpoint_url for each in made] == [
        "https://sts.us-east-1.amazonaws.com",
        "https://sts.eu-west-1.amazonaws.com",
        "https://sts.cn-north-1.amazonaws.com.cn",
    ]


def test_getting_ready_makes_no_request() -> None:
    """Warming up reads models from the disk only."""
    with scripted() as script:
        aws = accounts(script.url)
        aws.warm()
        aws.close()

    assert script.asked == []


def test_models_of_services_are_kept_without_what_nobody_reads() -> None:
    """A tenth of their memory; all that our requests are made of, and their answers are read by, is there."""
    session = OwnIdentity(AwsSettings(region=REGION), CallCounts(), plain_session).new_session()
    plain = botocore.session.Session()
    asked: set[str] = set()
    for service in ASKED:
        lean, whole = session.get_service_model(service), plain.get_service_model(service)
        assert set(lean.operation_names) == {*whole.operation_names} & {*ANSWERS}
        assert not any(lean.operation_model(name).documentation for name in lean.operation_names)
        for name in lean.operation_names:
            mine, theirs = lean.operation_model(name), whole.operation_model(name)
            assert (mine.http, mine.metadata) == (theirs.http, theirs.metadata)
            assert [each.name for each in mine.error_shapes] == [each.name for each in theirs.error_shapes]
        for name in lean.shape_names:
            mine_, theirs_ = lean.shape_for(name), whole.shape_for(name)
            assert mine_.metadata == theirs_.metadata
            if isinstance(mine_, StructureShape) and isinstance(theirs_, StructureShape):
                assert list(mine_.members) == list(theirs_.members)
        asked.update(lean.operation_names)
    assert asked == set(ANSWERS)


def test_a_loader_that_sessions_share_is_made_lean_once() -> None:
    """However many begin with it, each of whom would load through all before."""
    loader = plain_session().get_component("data_loader")

    def sharing() -> botocore.session.Session:
        session = plain_session()
        session.register_component("data_loader", loader)
        return session

    for _ in range(3):
        OwnIdentity(AwsSettings(region=REGION), CallCounts(), sharing)

    assert isinstance(loader.file_loader, LeanFiles)
    assert not isinstance(loader.file_loader._inner, LeanFiles)


def test_endpoints_of_who_is_asked_are_where_aws_says() -> None:
    """Those of all other services are left out of what is kept."""
    lean = OwnIdentity(AwsSettings(region=REGION), CallCounts(), plain_session).new_session()
    whole = botocore.session.Session()
    resolver = "endpoint_resolver"  # the public way to it is deprecated
    resolvers = [each._get_internal_component(resolver) for each in (lean, whole)]  # type: ignore[attr-defined]
    prefixes = {whole.get_service_model(each).endpoint_prefix for each in (*ASKED, "sso", "sso-oidc", "signin")}
    for partition in whole.get_available_partitions():
        for region in whole.get_available_regions("sts", partition, allow_non_regional=True):
            for prefix in prefixes:
                found, expected = (each.construct_endpoint(prefix, region) for each in resolvers)
                assert found == expected, f"{prefix} in {region}"
    kept = lean.get_component("data_loader").load_data("endpoints")["partitions"]
    assert all(len(each["services"]) <= len(ASKED) + 5 for each in kept)


def test_models_of_other_services_are_whole() -> None:
    """Botocore may need them for the operator's own credentials, as those of IAM Identity Center."""
    session = OwnIdentity(AwsSettings(region=REGION), CallCounts(), plain_session).new_session()
    for service in ("sso", "sso-oidc", "signin"):
        whole = botocore.session.Session().get_service_model(service)
        assert session.get_service_model(service).operation_names == whole.operation_names
