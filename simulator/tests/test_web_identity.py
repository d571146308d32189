"""AssumeRoleWithWebIdentity: tokens of a cluster's service accounts (IRSA), good ones and others."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from backup_simulator import server as simulator_server
from simulator_kit import scenes

if TYPE_CHECKING:
    from pathlib import Path

    from backup_simulator.server import SimulatorServer

HOST = "oidc.eks.eu-west-1.amazonaws.com/id/CLUSTER1"
SUBJECT = "system:serviceaccount:crossvault:operator"
ROLE = f"arn:aws:iam::{scenes.TOOLS}:role/irsa"


# Two primes of 512 bits each, made for this test; a key of this size protects nothing.
P = 2**521 - 1
Q = 2**607 - 1


def world(**provider: Any) -> scenes.Json:
    """The usual world, and a role of the tools account for a service account of a cluster."""
    scene = scenes.world()
    tools = scenes.account(scene, scenes.TOOLS)
    tools["oidc_providers"] = [{"host": HOST} | provider]
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{scenes.TOOLS}:oidc-provider/{HOST}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{HOST}:sub": SUBJECT, f"{HOST}:aud": "sts.amazonaws.com"}},
    }
    tools["roles"] = [scenes.role("irsa", trust=scenes.policy(trust), max_session="12h")]
    return scene


def assume(server: SimulatorServer, token: str, **options: Any) -> scenes.Json:
    """Ask for a session, unsigned."""
    config = scenes.fast().merge(Config(signature_version=UNSIGNED))
    client: Any = simulator_server.client("sts", server.url, "", "", region_name=scenes.HOME, config=config)
    asked = {"RoleArn": ROLE, "RoleSessionName": "pod", "WebIdentityToken": token} | options
    return client.assume_role_with_web_identity(**asked)  # type: ignore[no-any-return] # boto3 by name


def token(server: SimulatorServer, **options: Any) -> str:
    """A token of the cluster for the operator's service account."""
    given = {"host": HOST, "subject": SUBJECT} | options
    return server.control.web_identity_token(scenes.TOOLS, **given)


def test_a_service_account_gets_a_session(server: SimulatorServer) -> None:
    """Without any key; it may be longer than an hour, for nothing is chained."""
    server.control.load(world())
    found = assume(server, token(server), DurationSeconds=43_200)
    identity = scenes.session_client(server, "sts", found["Credentials"]).get_caller_identity()

    assert identity["Arn"] == f"arn:aws:sts::{scenes.TOOLS}:assumed-role/irsa/pod"
    assert found["SubjectFromWebIdentityToken"] == SUBJECT
    assert found["Audience"] == "sts.amazonaws.com"


def test_the_next_role_is_chained(server: SimulatorServer) -> None:
    """From the pod's role to another account's: one hour."""
    scene = world()
    scenes.account(scene, scenes.TARGET)["roles"][0] |= {"trust": {"aws": [ROLE]}, "max_session": "12h"}
    server.control.load(scene)
    sts = scenes.session_client(server, "sts", assume(server, token(server))["Credentials"])
    target = f"arn:aws:iam::{scenes.TARGET}:role/operator"
    with scenes.refused() as refusal:
        sts.assume_role(RoleArn=target, RoleSessionName="on", DurationSeconds=7200)

    assert "role chaining" in refusal.message
    assert sts.assume_role(RoleArn=target, RoleSessionName="on")["Credentials"]


REFUSED = [
    pytest.param({"audience": "somebody-else"}, {}, "InvalidIdentityToken", "Incorrect token audience", id="audience"),
    pytest.param(
        {"subject": "system:serviceaccount:default:operator"}, {}, "AccessDenied", "Not authorized", id="subject"
    ),
    pytest.param({}, {"RoleArn": ROLE + "x"}, "AccessDenied", "Not authorized", id="no such role"),
    pytest.param(
        {},
        {"RoleArn": f"arn:aws:iam::{scenes.TARGET}:role/operator"},
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for https://{HOST}",
        id="a role of an account without the provider",
    ),
    pytest.param({}, {"WebIdentityToken": "no.token"}, "InvalidIdentityToken", "not a valid JWT", id="no token"),
    pytest.param({}, {"WebIdentityToken": "e30.e30.e30"}, "InvalidIdentityToken", "No OpenIDConnect", id="no issuer"),
    pytest.param({}, {"DurationSeconds": 43_201}, "ValidationError", "43200", id="too long"),
]


@pytest.mark.parametrize(("claims", "asked", "code", "words"), REFUSED)
def test_a_token_that_does_not_fit_is_refused(
    server: SimulatorServer, claims: scenes.Json, asked: scenes.Json, code: str, words: str
) -> None:
    """With STS's own codes."""
    server.control.load(world())
    with scenes.refused() as refusal:
        assume(server, token(server, **claims), **asked)

    assert refusal.code == code
    assert words in refusal.message


def test_a_token_expires_on_the_virtual_clock(server: SimulatorServer) -> None:
    """ExpiredTokenException."""
    server.control.load(world())
    old = token(server, duration="10m")
    server.control.advance("10m")
    with scenes.refused() as refusal:
        assume(server, old)

    assert (refusal.code, refusal.status) == ("ExpiredTokenException", 400)
    assert refusal.message.startswith("Token expired: current date/time ")


def test_a_token_that_was_changed_is_refused(server: SimulatorServer) -> None:
    """Its signature does not fit any more."""
    server.control.load(world())
    header, claims, signature = token(server, subject="system:serviceaccount:default:default").split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": SUBJECT}
    with scenes.refused() as refusal:
        assume(server, ".".join([header, _encoded(json.dumps(forged).encode()), signature]))

    assert refusal.code == "InvalidIdentityToken"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def cluster_token(expires: float, *, modulus: int = P * Q) -> str:
    """A token as a Kubernetes API server signs it."""
    header = {"alg": "RS256", "kid": "key-1"}
    claims = {"iss": f"https://{HOST}", "sub": SUBJECT, "aud": ["sts.amazonaws.com"], "exp": int(expires)}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    length = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed.encode()).digest()
    message = b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
    private = pow(65_537, -1, (P - 1) * (Q - 1))
    signature = pow(int.from_bytes(message, "big"), private, modulus).to_bytes(length, "big")
    return f"{signed}.{_encoded(signature)}"


def key(modulus: int = P * Q) -> scenes.Json:
    """The public key (JWK) of `cluster_token`."""
    content = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return {"kty": "RSA", "kid": "key-1", "n": _encoded(content), "e": _encoded(b"\x01\x00\x01")}


def test_tokens_of_a_real_cluster_are_verified_by_its_keys(server: SimulatorServer) -> None:
    """RS256, in real time; without the key, or after its end, they are refused."""
    server.control.load(world(keys=[key()]))
    assert assume(server, cluster_token(time.time() + 600))["Credentials"]
    with scenes.refused() as late:
        assume(server, cluster_token(time.time() - 1))
    server.control.load(world())
    with scenes.refused() as unknown:
        assume(server, cluster_token(time.time() + 600))

    assert late.code == "ExpiredTokenException"
    assert unknown.code == "InvalidIdentityToken"


def test_the_sdk_takes_the_token_from_its_file(
    server: SimulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a pod: two environment variables and no keys; the control API issues the token."""
    server.control.load(world())
    body = {"account": scenes.TOOLS, "host": HOST, "subject": SUBJECT, "duration": "1h"}
    minted = scenes.control(server, "POST", "tokens", body).json["token"]
    file = tmp_path / "token"
    file.write_text(minted)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", scenes.HOME)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    import boto3

    client = boto3.session.Session().client("sts")

    assert client.get_caller_identity()["Account"] == scenes.TOOLS
