"""Accounts, policies and an AWS that answers from a script, for tests of the AWS edge."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.kit import sessions

from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault.declared import CREATION, Creation
from crossvault.aspects.vault_policy import OWNERSHIP
from crossvault.aws import AwsSettings
from crossvault.engine.declared import Account, Desired, Destination, Limits, Ownership, PolicyKey, VaultRef
from crossvault.engine.parts import Parts

SOURCE_ID, DESTINATION_ID = "111111111111", "222222222222"
START = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def account(
    name: str = "prod", account_id: str = SOURCE_ID, role: str | None = "crossvault-source", **more: Any
) -> Account:
    """Build an account whose own budget is never felt."""
    arn = f"arn:aws:iam::{account_id}:role/{role}" if role else None
    more.setdefault("limits", Limits(reads_per_second=10_000, starts_per_second=10_000))
    return Account(name, account_id, arn, **more)


def policy(
    source: Account,
    destination: Account,
    *,
    create: bool = True,
    encryption_key: str | None = "alias/orders-copies",
    vault_policy: Ownership = Ownership.MANAGE,
) -> Desired:
    """Build a policy that copies vault orders of ``source`` into vault orders-copies of ``destination``."""
    parts = Parts().having(CREATION, Creation(create, encryption_key)).having(OWNERSHIP, vault_policy)
    return Desired(
        PolicyKey("shop", "orders"),
        VaultRef(source, "eu-west-1", "orders"),
        (Destination("dr", VaultRef(destination, "eu-central-1", "orders-copies"), parts),),
        parts=Parts().having(
            COPY_ROLE, f"arn:aws:iam::{source.account_id}:role/service-role/AWSBackupDefaultServiceRole"
        ),
    )


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def tick(self, **by: float) -> datetime:
        """Move the clock forward and return the time."""
        self.now += timedelta(**by)
        return self.now


@dataclass(frozen=True)
class Answer:
    """One scripted answer; ``cut`` leaves out the end of the body without saying so."""

    body: str = "{}"
    status: int = 200
    code: str = ""
    cut: int = 0
    wait: threading.Event | None = None


@dataclass
class Script:
    """What was asked, and what will be answered: by operation, in order, the last answer for ever."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    answers: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))

    def on(self, operation: str, *answers: Answer | dict[str, Any]) -> None:
        """Script the answers of an operation."""
        self.answers[operation] = deque(
            answer if isinstance(answer, Answer) else Answer(json.dumps(answer)) for answer in answers
        )

    def answer(self, operation: str) -> Answer:
        """Take the next answer."""
        answers = self.answers.get(operation)
        if not answers:
            return Answer(json.dumps({"message": f"{operation} is not in the script"}), 501, "NotScripted")
        return answers.popleft() if len(answers) > 1 else answers[0]

    def count(self, operation: str) -> int:
        """Count the requests for an operation."""
        return sum(1 for asked, _ in self.asked if asked == operation)


_PATHS: tuple[tuple[str, str, str], ...] = (
    ("GET", "/recovery-points/", "ListRecoveryPointsByBackupVault"),
    ("GET", "/access-policy", "GetBackupVaultAccessPolicy"),
    ("PUT", "/access-policy", "PutBackupVaultAccessPolicy"),
    ("DELETE", "/access-policy", "DeleteBackupVaultAccessPolicy"),
    ("PUT", "/vault-lock", "PutBackupVaultLockConfiguration"),
    ("GET", "/backup-jobs/", "ListBackupJobs"),
    ("GET", "/copy-jobs/", "ListCopyJobs"),
    ("PUT", "/copy-jobs", "StartCopyJob"),
    ("GET", "/global-settings", "DescribeGlobalSettings"),
    ("PUT", "/global-settings", "UpdateGlobalSettings"),
    ("GET", "/account-settings", "DescribeRegionSettings"),
    ("POST", "/listRegions", "ListRegions"),
)


def _of_plans(method: str, path: str) -> str:
    """Return an operation on backup plans, their selections, or tags."""
    if path.startswith("/tags/"):
        return {"GET": "ListTags", "POST": "TagResource"}.get(method, "Unknown")
    steps = [each for each in path.split("/") if each][2:]
    what = "BackupSelection" if "selections" in steps else "BackupPlan"
    if method == "GET" and len(steps) in {0, 2}:
        return f"List{what}s"
    return {"GET": "Get", "PUT": "Create", "POST": "Update", "DELETE": "Delete"}.get(method, "") + what


def _operation(method: str, path: str, headers: dict[str, str], body: str) -> str:
    if "x-amz-target" in headers:
        return headers["x-amz-target"].split(".")[-1]
    if body.startswith("Action="):
        return body.removeprefix("Action=").split("&")[0]
    bare = path.split("?", maxsplit=1)[0]
    for verb, end, operation in _PATHS:
        if verb == method and bare.endswith(end):
            return operation
    if bare.startswith(("/backup/plans", "/tags/")):
        return _of_plans(method, bare)
    if "/recovery-points/" in bare:
        return {"GET": "DescribeRecoveryPoint", "POST": "UpdateRecoveryPointLifecycle"}.get(method, "Unknown")
    return "ListBackupVaults" if bare.endswith("/backup-vaults/") else _of_vault(method, bare)


def _of_vault(method: str, path: str) -> str:
    if path.startswith("/logically-air-gapped-backup-vaults/"):
        return "CreateLogicallyAirGappedBackupVault"
    return {"GET": "DescribeBackupVault", "PUT": "CreateBackupVault"}.get(method, "Unknown")


@contextmanager
def scripted() -> Iterator[Script]:
    """Serve a script on a port of its own."""
    script = Script()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            operation = _operation(self.command, self.path, headers, body)
            with lock:
                script.asked.append((operation, self.path))
                script.headers.append(headers)
                script.bodies.append(body)
                answer = script.answer(operation)
            if answer.wait is not None:
                answer.wait.wait(30)
            self._send(answer)

        do_GET = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815  # the names http.server looks for

        def _send(self, answer: Answer) -> None:
            body = answer.body.encode()
            body = body[: len(body) - answer.cut]
            self.send_response(answer.status)
            if answer.code:
                self.send_header("x-amzn-ErrorType", answer.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # clients that time out are gone by now
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def identity_xml(account_id: str) -> Answer:
    """Answer GetCallerIdentity."""
    result = f"<Account>{account_id}</Account><Arn>arn:aws:sts::{account_id}:assumed-role/r/s</Arn><UserId>U</UserId>"
    return Answer(
        f"<GetCallerIdentityResponse><GetCallerIdentityResult>{result}</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def assumed_xml(expires: datetime, key: str = "ASIAAAAAAAAAAAAAAAAA") -> Answer:
    """Answer AssumeRole."""
    parts = (
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{expires.isoformat()}</Expiration>"
    )
    result = f"<AssumeRoleResult><Credentials>{parts}</Credentials></AssumeRoleResult>"
    return Answer(f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")


def error_xml(code: str, message: str = "", status: int = 403) -> Answer:
    """Answer an error of STS."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(f"<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>", status)


def error_json(code: str, message: str = "", status: int = 400) -> Answer:
    """Answer an error of the JSON services."""
    return Answer(json.dumps({"message": message, "__type": code}), status, code)


def let_in(script: Script, account_id: str = SOURCE_ID) -> None:
    """Script a role that can be assumed."""
    script.on("AssumeRole", assumed_xml(datetime.now(UTC) + timedelta(hours=1)))
    script.on("GetCallerIdentity", identity_xml(account_id))


def accounts(url: str, *, clock: Callable[[], datetime] | None = None, **settings: Any) -> AwsAccounts:
    """Build the edge against ``url``; nothing is retried unless a test asks for it."""
    settings.setdefault("attempts", 1)
    chosen = AwsSettings(version="9.9", region="eu-west-1", endpoint_url=url, **settings)
    more: dict[str, Any] = {"clock": clock} if clock else {}
    return AwsAccounts(chosen, new_session=sessions.plain, **more)
