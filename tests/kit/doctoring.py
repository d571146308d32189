"""A shell beside ``crossvault doctor``: manifests in a folder, an AWS, and whoever pastes what is printed."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from tests.kit import stage as scene
from tools.demo.world import operator_environment

from backup_simulator.server import SimulatorServer
from crossvault.cli import main

Json = dict[str, Any]
DEADLINE = 120.0
OF_CLUSTERS = re.compile(
    r"kubectl|ServiceAccount|\bstatus of\b|\bstatus\.|cluster administrator|\bSecrets?\b|operator's namespace"
    r"|\bpods?\b|IRSA|Pod Identity|\bthe chart\b"
    r"|\bcondition (?:Ready|Synced|[A-Z][a-z]+(?:Met|Healthy|Granted|Enabled|Objective))"
)
"""Words that help nobody who has files, and no cluster."""
IN_ACCOUNT = re.compile(r"# In account .*?([0-9]{12}).*:")


class Surgery:
    """One folder with manifests, and the accounts that they speak of."""

    def __init__(self, folder: Path, aws: SimulatorServer) -> None:
        self.aws, self.manifests, self._home = aws, folder / "manifests", folder
        self.manifests.mkdir()

    def declare(self, *policies: Json, organizations: Iterable[Json] = ()) -> None:
        """Write the manifests of some policies, and of all accounts."""
        accounts = [{**each, "metadata": {"name": name}} for name, each in scene.accounts().items()]
        bodies = [*accounts, *(dict(each) for each in organizations), *(dict(each) for each in policies)]
        for each in bodies:
            each.pop("status", None)
            each["metadata"] = {name: value for name, value in each["metadata"].items() if name != "generation"}
        (self.manifests / "all.yaml").write_text(yaml.safe_dump_all(bodies, allow_unicode=True), "utf-8")

    def crossvault(
        self, *words: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        return subprocess.run(
            [sys.executable, "-m", "crossvault", *words],
            env={**operator_environment(self.aws), **(environment or {})},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def doctor(self, *words: str | Path, where: Iterable[str | Path] = (), code: int | None = None) -> Json:
        """Return what a doctor tells a machine; of the files, where nothing else is said."""
        place = tuple(where) or ("-f", self.manifests)
        done = self.type_in("doctor", *place, "-o", "json", *words)
        assert done.stdout, done.output
        if code is not None:
            assert done.exit_code == code, done.output
        answer: Json = json.loads(done.stdout)
        return answer

    def type_in(self, *words: str | Path) -> Result:
        """Run a command of ours in this process, and return what came of it."""
        with _own_logs():
            return CliRunner().invoke(main, list(map(str, words)), env=operator_environment(self.aws))

    def paste(self, lines: Iterable[str]) -> None:
        """Type lines at the shells of administrators."""
        paste(self.aws, self._home, lines)


@contextlib.contextmanager
def _own_logs() -> Iterator[None]:
    """Leave the logs of the process to those whose they were: a command is used to have it for itself."""
    root, ours = logging.getLogger(), logging.getLogger("crossvault")
    before = root.handlers[:], root.level, ours.level
    try:
        yield
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])


def paste(aws: SimulatorServer, home: Path, lines: Iterable[str]) -> None:
    """Type lines at the shells of administrators: each comment names the account of the lines below it."""
    account = ""
    for line in lines:
        named = IN_ACCOUNT.fullmatch(line.strip())
        if named is not None:
            account = named[1]
            continue
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            env=_shell(aws, home, account),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.stderr == "", f"{line}\n{done.stderr}"


def _shell(aws: SimulatorServer, home: Path, account: str) -> dict[str, str]:
    user = aws.credentials(account, "admin")
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "HOME": str(home),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": user.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.aws_secret_access_key,
        "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def shared_keys(fix: Iterable[str]) -> Iterator[tuple[str, list[Json]]]:
    """Yield the keys to whose policies printed commands add something, by ARN, each with the statements."""
    for line in fix:
        if line.startswith("p=$(aws kms get-key-policy"):
            words = shlex.split(line)
            listed = line.partition('"${p%]*}"')[2].partition('"${p##*]}"')[0]
            yield words[words.index("--key-id") + 1], json.loads(f"[{shlex.split(listed)[0].lstrip(',')}")


def unmet(answer: Json) -> list[Json]:
    """Return the rows that are not met, in their order."""
    return [each for each in answer["rows"] if each["status"] != "Met"]


def fixes(answer: Json) -> list[str]:
    """Return what is printed to be pasted, each once, in its order."""
    listed = dict.fromkeys(tuple(each["fix"]) for each in unmet(answer))
    return [line for fix in listed for line in fix]
