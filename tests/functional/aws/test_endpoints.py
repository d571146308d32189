"""Whoever can set an endpoint, or stands between, reads no credentials: nothing is sent in the clear."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
import urllib3
from botocore import exceptions
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import sessions
from tests.kit.scripted_aws import Script, account, let_in, scripted

from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault_policy.aws.writes import vault_policy
from crossvault.aws import AwsSettings, endpoints, errors
from crossvault.aws.causes import Ask
from crossvault.words.problems import CrossvaultError, ErrorClass
from crossvault.words.reasons import Reason

REGION = "eu-west-1"
PROD = account()


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        pytest.param("https://backup.eu-west-1.amazonaws.com", True, id="AWS"),
        pytest.param("https://vpce-1.backup.eu-west-1.vpce.amazonaws.com/", True, id="a VPC endpoint"),
        pytest.param("http://127.0.0.1:4566", True, id="this machine"),
        pytest.param("http://127.8.9.1", True, id="under another address"),
        pytest.param("http://localhost:4566/x", True, id="by its name"),
        pytest.param("http://[::1]:4566", True, id="in IPv6"),
        pytest.param("http://LOCALHOST", True, id="in capitals"),
        pytest.param("http://aws.example", False, id="another machine"),
        pytest.param("HTTP://aws.example", False, id="in capitals, too"),
        pytest.param("http://10.0.0.1:4566", False, id="of the cluster"),
        pytest.param("http://169.254.169.254", False, id="of the link"),
        pytest.param("http://0.0.0.0:80", False, id="any address"),
        pytest.param("http://localhost.example", False, id="one that only begins like this machine"),
        pytest.param("http://127.0.0.1.example", False, id="or like its address"),
        pytest.param("http://127.0.0.1@aws.example", False, id="or has it as a user"),
        pytest.param("http://aws.example#@127.0.0.1", False, id="or behind"),
        pytest.param("http://[::1", False, id="no URL"),
        pytest.param("ftp://localhost", False, id="another protocol"),
        pytest.param("localhost:4566", False, id="no protocol"),
        pytest.param("https://", False, id="no host"),
        pytest.param("", False, id="nothing"),
        pytest.param("http://aws.example\\@127.0.0.1", False, id="another machine to who connects"),
        pytest.param("http://127.0.0.1\\@aws.example", False, id="or to who looks"),
        pytest.param("http://127.0.0.1\\.aws.example", False, id="a backslash"),
        pytest.param("https:\\\\aws.example", False, id="nothing but backslashes"),
        pytest.param("https://user:word@aws.example", False, id="a user with a password"),
        pytest.param("https://user@aws.example", False, id="a user"),
        pytest.param("https://@aws.example", False, id="a user without a name"),
        pytest.param("http://user@127.0.0.1", False, id="a user of this machine"),
        pytest.param("http://aws.example\t@127.0.0.1", False, id="a tab"),
        pytest.param("ht\ntp://127.0.0.1", False, id="a line end"),
        pytest.param(" http://127.0.0.1", False, id="a blank before"),
        pytest.param("https://aws.example ", False, id="a blank behind"),
        pytest.param("https://aws.example\n", False, id="a line end behind"),
        pytest.param("https://aws.example\x7f", False, id="a control character"),
        pytest.param("http://\u24dbocalhost", False, id="another alphabet"),
        pytest.param("http://127\u30020\u30020\u30021", False, id="other full stops"),
        pytest.param("http://[::1%25eth0]", False, id="a zone, which each writes in its way"),
        pytest.param("http://127.0.0.1%00.aws.example", False, id="a byte that ends strings"),
        pytest.param("http:///127.0.0.1", False, id="no host before the path"),
        pytest.param("https://aws.example:99999", False, id="no port"),
        pytest.param("http://2130706433", False, id="an address as a number"),
    ],
)
def test_https_and_loopback_are_safe(url: str, *, safe: bool) -> None:
    """Everything else can be read on its way."""
    assert endpoints.is_safe(url) is safe


@given(st.text(alphabet="http:/\\@#?[]%.127aws \t\n\u3002", max_size=30).map(lambda rest: f"http://{rest}"))
def test_who_connects_reaches_this_machine_or_the_url_is_refused(url: str) -> None:
    """Whatever a URL looks like: what is safe in plain HTTP, urllib3 connects to on this machine."""
    if endpoints.is_safe(url):
        host = (urllib3.util.parse_url(url).host or "").strip("[]")
        assert host == "localhost" or ipaddress.ip_address(host).is_loopback


@pytest.mark.parametrize(
    "url", ["http://s3cr3t\\@127.0.0.1", "https://u:s3cr3t@aws.example/s3cr3t", "http://s3cr3t@[::1"]
)
def test_what_is_before_the_host_is_not_told(url: str) -> None:
    """Somebody's password is there; what an endpoint may not have is said."""
    assert "s3cr3t" not in endpoints.fault(url)
    assert "a user, a blank or a backslash" in endpoints.fault(url)


def _in_the_clear(script: Script) -> str:
    """The same server, under an address that is not one of loopback."""
    return script.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - it is where requests would go


@pytest.mark.parametrize("how", ["setting", "variable", "variable of STS", "file", "file of STS"])
def test_nothing_is_sent_in_the_clear_however_the_endpoint_is_set(
    how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where only a request shows where it would go; the account says why, and what to do."""
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with scripted() as script:
        let_in(script)
        url = _in_the_clear(script)
        match how:
            case "variable":
                monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            case "variable of STS":
                monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
            case "file":
                config.write_text(f"[default]\nendpoint_url = {url}\n")
            case "file of STS":
                config.write_text(f"[default]\nservices = x\n[services x]\nsts =\n  endpoint_url = {url}\n")
        settings = AwsSettings(region=REGION, endpoint_url=url if how == "setting" else None, attempts=1)
        aws = AwsAccounts(settings, new_session=sessions.plain)
        with pytest.raises(CrossvaultError) as caught:
            aws._reach.sessions.enter(PROD).verify()
        aws.close()

    assert (caught.value.problem.reason, caught.value.problem.error_class) == (
        Reason.INSECURE_ENDPOINT,
        ErrorClass.STUCK,
    )
    assert "Use https" in caught.value.problem.message
    assert "0.0.0.0" not in caught.value.problem.message, "tenants need not know it"  # noqa: S104 - not bound
    assert _in_the_clear(script) in caught.value.problem.detail
    assert script.asked == []
    assert bool(endpoints.fault(settings.endpoint_url)) is ("file" not in how)


def test_nobody_is_connected_to_who_hides_before_a_backslash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library reads loopback in it; the server stands where urllib3 would have connected to."""
    with scripted() as script:
        let_in(script)
        url = f"{script.url}\\@127.0.0.1:9"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        aws = AwsAccounts(AwsSettings(region=REGION, attempts=1), new_session=sessions.plain)
        with pytest.raises(CrossvaultError) as caught:
            aws._reach.sessions.enter(PROD).verify()
        aws.close()

    assert urllib3.util.parse_url(url).url.startswith(script.url), "this is where it would have gone"
    assert caught.value.problem.reason is Reason.INSECURE_ENDPOINT
    assert endpoints.fault(None)
    assert script.asked == []


def test_one_service_in_the_clear_keeps_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity is verified over a safe way; what would go over the other is not sent."""
    with scripted() as script:
        let_in(script)
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_BACKUP", _in_the_clear(script))
        aws = AwsAccounts(AwsSettings(region=REGION, attempts=1), new_session=sessions.plain)
        access = aws._reach.sessions.enter(PROD)
        access.verify()
        with pytest.raises(CrossvaultError) as caught:
            vault_policy(access, REGION, "v")
        aws.close()

    assert caught.value.problem.reason is Reason.INSECURE_ENDPOINT
    assert [operation for operation, _ in script.asked] == ["AssumeRole", "GetCallerIdentity"]


def test_web_identity_is_not_handed_out_in_the_clear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The token of the pod would open the operator's role to whoever reads it."""
    token = tmp_path / "token"
    token.write_text("a.web.identity")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::555555555555:role/operator")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with scripted() as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", _in_the_clear(script))
        aws = AwsAccounts(AwsSettings(region=REGION, attempts=1), new_session=sessions.plain)
        with pytest.raises(CrossvaultError) as caught:
            aws._reach.sessions.enter(PROD).verify()
        aws.close()

    assert caught.value.problem.reason is Reason.INSECURE_ENDPOINT
    assert script.asked == []


@pytest.mark.parametrize(
    ("settings", "url", "told"),
    [
        pytest.param(
            {},
            "https://backup.eu-west-1.amazonaws.com/x",
            "https://backup.eu-west-1.amazonaws.com, which is one of AWS",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "https://aws.example/a"},
            "https://aws.example/a/copy-jobs",
            "https://aws.example, from AWS_ENDPOINT_URL",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "https://aws.example", "AWS_ENDPOINT_URL_BACKUP": "https://backup.example/"},
            "https://backup.example/copy-jobs",
            "https://backup.example, from AWS_ENDPOINT_URL_BACKUP",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL_KMS": "https://aws.example"},
            "https://aws.example/",
            "https://aws.example, from a configuration file",
        ),
        pytest.param({}, "https://me:s3cr3t@aws.example/", "https://aws.example, from a configuration file"),
    ],
    ids=["AWS's own", "of all services", "of one service", "of a file", "with a secret"],
)
def test_which_endpoint_it_was_and_who_set_it(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], url: str, told: str
) -> None:
    """Scheme and host, and the name of what set them; never a secret."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    assert endpoints.told(url, "backup") == f"The endpoint is {told}."


AWAY = {
    "nobody listens": exceptions.EndpointConnectionError(endpoint_url="https://aws.example/x", error="refused"),
    "no answer": exceptions.ReadTimeoutError(endpoint_url="https://aws.example/x", error="slow"),
    "a proxy": exceptions.ProxyConnectionError(proxy_url="htt***://me:s3cr3t@proxy.example:3128", error="refused"),
}


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "the operator"])
@pytest.mark.parametrize("error", AWAY.values(), ids=AWAY.keys())
def test_what_cannot_be_reached_is_named(error: exceptions.BotoCoreError, by_hand: bool) -> None:
    """The service to everybody; the address to who asks by hand, and to the log of the operator: no tenant reads it."""
    ask = Ask("list the vaults", PROD, "backup:ListBackupVaults", REGION, by_hand)
    with pytest.raises(CrossvaultError) as caught, errors.asking(ask):
        raise error
    found = caught.value.problem
    place = "proxy.example:3128" if "proxy_url" in error.kwargs else "https://aws.example"

    assert "the AWS endpoint of backup" in found.message
    assert REGION in found.message
    assert (place in found.message) is by_hand
    assert (place in found.detail) is not by_hand
    assert "s3cr3t" not in f"{found.message}{found.detail}"
