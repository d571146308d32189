"""Worlds and callers for the simulator's tests: small, explicit, built from plain dictionaries."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from backup_simulator import server as simulator_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backup_simulator.server import SimulatorServer

PAYER, SOURCE, TARGET, STRANGER, TOOLS = (number * 12 for number in "91235")
HOME, AWAY = "eu-west-1", "eu-central-1"
SERVICE_LINKED = "aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
COPIER = f"arn:aws:iam::{SOURCE}:role/copier"
EXTERNAL_ID = "a-secret-between-us"
DAY = 86_400.0
Json = dict[str, Any]


def admin(account: str) -> Json:
    """A user who may do everything."""
    key = {"id": f"AKIAADMIN{account}"[:20], "secret": f"admin-secret-{account}"}
    return {"name": "admin", "access_key": key, "policies": ["full"]}


def allow(*actions: str, resource: str | list[str] = "*", condition: Json | None = None) -> Json:
    """An identity policy of one statement."""
    statement: Json = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return policy(statement | ({"Condition": condition} if condition else {}))


def policy(*statements: Json) -> Json:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def may_copy(principal: Any = None, *, condition: Json | None = None, effect: str = "Allow") -> Json:
    """A vault policy about copies into the vault."""
    return policy(
        {
            "Effect": effect,
            "Principal": principal or {"AWS": f"arn:aws:iam::{SOURCE}:root"},
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
        }
        | ({"Condition": condition} if condition else {})
    )


def shared_key(account_id: str = SOURCE) -> Json:
    """The policy of a key that may be used for copies to whichever account of the organization."""
    within = {
        "StringEquals": {"aws:PrincipalOrgID": "o-simulator01"},
        "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::*:role/{name}" for name in (SERVICE_LINKED, "copier")]},
    }
    use = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}
    for_resources = within | {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        everybody | {"Action": use, "Condition": within},
        everybody | {"Action": "kms:CreateGrant", "Condition": for_resources},
    )


def role(name: str, **changes: Any) -> Json:
    """A role the tools account's operator may assume with the External ID."""
    trust = {"aws": [f"arn:aws:iam::{TOOLS}:user/operator"], "external_id": EXTERNAL_ID}
    return {"name": name, "trust": trust, "policies": ["full"]} | changes


def world() -> Json:
    """An organization of payer, source, target and tools; a stranger outside; copies work."""
    copier = role("copier", trust={"services": ["backup.amazonaws.com"]})
    return {
        "version": 1,
        "clock": {"start": "2026-03-01T00:00:00Z", "frozen": True},
        "organization": {
            "id": "o-simulator01",
            "management": PAYER,
            "members": [SOURCE, TARGET, TOOLS],
            "cross_account_backup": True,
            "units": {SOURCE: "ou-cv01-workloads1"},
        },
        "accounts": [
            {"id": PAYER, "name": "payer", "users": [admin(PAYER)]},
            {
                "id": SOURCE,
                "name": "source",
                "users": [admin(SOURCE)],
                "roles": [copier, role("operator"), role("reader")],
                "keys": [{"region": HOME, "aliases": ["alias/vault", "alias/data"], "policy": shared_key()}],
                "vaults": [
                    {
                        "region": HOME,
                        "name": "backups",
                        "key": "alias/vault",
                        "recovery_points": [
                            {"resource_type": "EBS", "resource": "vol-1", "key": "alias/data", "age": "3d"}
                        ],
                    }
                ],
            },
            {
                "id": TARGET,
                "name": "target",
                "users": [admin(TARGET)],
                "roles": [role("operator")],
                "keys": [{"region": AWAY, "aliases": ["alias/copies"], "policy": shared_key(TARGET)}],
                "vaults": [{"region": AWAY, "name": "copies", "key": "alias/copies", "policy": may_copy()}],
            },
            {
                "id": STRANGER,
                "name": "stranger",
                "users": [admin(STRANGER)],
                "keys": [{"region": AWAY, "aliases": ["alias/copies"]}],
                "vaults": [{"region": AWAY, "name": "copies", "key": "alias/copies", "policy": may_copy()}],
            },
            {
                "id": TOOLS,
                "name": "tools",
                "users": [
                    admin(TOOLS),
                    {
                        "name": "operator",
                        "access_key": {"id": "AKIAOPERATOR55555555", "secret": "operator-secret"},
                        "policies": [allow("sts:AssumeRole", "sts:TagSession")],
                    },
                ],
            },
        ],
    }


def account(scene: Json, account_id: str) -> Json:
    """The part of a world that describes an account."""
    return next(part for part in scene["accounts"] if part["id"] == account_id)


def source_vault(scene: Json) -> Json:
    """The source vault of a world."""
    return account(scene, SOURCE)["vaults"][0]  # type: ignore[no-any-return] # JSON


def target_vault(scene: Json) -> Json:
    """The destination vault of a world."""
    return account(scene, TARGET)["vaults"][0]  # type: ignore[no-any-return] # JSON


def vault_arn(account_id: str = TARGET, name: str = "copies", region: str = AWAY) -> str:
    """The ARN of a vault."""
    return f"arn:aws:backup:{region}:{account_id}:backup-vault:{name}"


PATIENCE = 60.0
"""Seconds a test waits for what comes at once on an idle machine. Only what never comes takes them."""


def fast() -> Config:
    """A client configuration that repeats nothing and leaves all validation to the server."""
    return Config(
        retries={"total_max_attempts": 1},
        read_timeout=PATIENCE,
        connect_timeout=PATIENCE,
        parameter_validation=False,
    )


def client(server: SimulatorServer, service: str, account_id: str, *, region: str = HOME, user: str = "admin") -> Any:
    """A boto3 client of a user of the world."""
    return server.client(service, account_id, user, region=region, config=fast())


def session_client(server: SimulatorServer, service: str, credentials: Json, *, region: str = HOME) -> Any:
    """A boto3 client on the credentials that AssumeRole gave."""
    key, secret, token = (credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    return simulator_server.client(service, server.url, key, secret, token, region_name=region, config=fast())


def assume(server: SimulatorServer, role_arn: str, **options: Any) -> Json:
    """Credentials of a role, asked for by the operator."""
    asked = {"RoleArn": role_arn, "RoleSessionName": "test", "ExternalId": EXTERNAL_ID} | options
    answer = client(server, "sts", TOOLS, user="operator").assume_role(**asked)
    return answer["Credentials"]  # type: ignore[no-any-return] # boto3 by name


def delete_role(server: SimulatorServer, account_id: str, name: str) -> None:
    """Delete a role with all that hangs on it."""
    iam = client(server, "iam", account_id)
    for found in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=found["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    iam.delete_role(RoleName=name)


@dataclass(slots=True)
class Refusal:
    """What a refused call said."""

    code: str = ""
    message: str = ""
    status: int = 0
    body: Json = field(default_factory=dict)
    retries: int = 0


@contextlib.contextmanager
def refused() -> Iterator[Refusal]:
    """Expect a ClientError and give its parts."""
    found = Refusal()
    try:
        yield found
    except ClientError as error:
        found.code = error.response["Error"]["Code"]
        found.message = error.response["Error"]["Message"]
        found.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        found.retries = error.response["ResponseMetadata"]["RetryAttempts"]
        found.body = dict(error.response)
    else:
        raise AssertionError("the call was not refused")


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON."""
        return json.loads(self.body)  # type: ignore[no-any-return] # JSON


def send(server: SimulatorServer, method: str, path: str, body: bytes = b"", headers: Json | None = None) -> Raw:
    """Send raw bytes."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Raw(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def signed(
    server: SimulatorServer,
    service: str,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Json | None = None,
    account_id: str = SOURCE,
    secret: str | None = None,
) -> Raw:
    """Send raw bytes with the signature of an account's admin."""
    found = server.credentials(account_id, "admin")
    request = AWSRequest(method=method, url=server.url + path, data=body, headers=headers or {})
    credentials = Credentials(found.aws_access_key_id, secret or found.aws_secret_access_key)
    SigV4Auth(credentials, service, HOME).add_auth(request)
    return send(server, method, path, body, dict(request.headers.items()))


def control(server: SimulatorServer, method: str, path: str, body: Json | None = None) -> Raw:
    """Speak to the control API over HTTP."""
    return send(server, method, f"/_sim/{path}", json.dumps(body).encode() if body is not None else b"")


def text(document: Json) -> str:
    """A policy as the text that AWS takes."""
    return json.dumps(document)
