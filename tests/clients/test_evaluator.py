"""A third reading of vault policies, by people who know neither the product nor the simulator: SeaweedFS's.

A misreading that product and simulator share comes to light here. That engine is made for S3, and does not know all
that IAM has; ``documents`` writes what it has: every document in version 2012-10-17, with actions in their own case, no
NotAction, no NotPrincipal, no IfExists, ARN patterns without a wildcard over a colon, and variables that have a value.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import readings
from tests.kit.readings import ORG, PATH, ROLE, ROOT, SOURCE, TARGET, VAULT, VAULT_PATH
from tools import clients

from crossvault.aspects import vault_policy
from crossvault.aspects.vault_policy.statement import COPY_INTO

if TYPE_CHECKING:
    from collections.abc import Iterator

WORLD = readings.world()
PRINCIPALS = [ROLE, ROOT, SOURCE]
KEYS = {
    "aws:PrincipalArn": ROLE,
    "aws:PrincipalAccount": SOURCE,
    "aws:PrincipalOrgID": ORG,
    "aws:PrincipalOrgPaths": PATH,
    "aws:ResourceAccount": TARGET,
    "aws:ResourceOrgID": ORG,
    "aws:ResourceOrgPaths": VAULT_PATH,
}


class Engine:
    """The engine, which answers line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def judge(self, document: str) -> str:
        """Return allowed, not_allowed, denied, or why it does not take the document."""
        asked = {
            "policy": document,
            "action": COPY_INTO,
            "resource": VAULT,
            "principals": PRINCIPALS,
            "keys": {name: [value] for name, value in KEYS.items()},
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(asked) + "\n")
        stdin.flush()
        return stdout.readline().strip()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Run the engine for all tests of this module."""
    command = [str(clients.evaluator())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Engine(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def _some(values: list[str]) -> st.SearchStrategy[str | list[str]]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


_IDS = [ORG, "o-other", "o-*", "o-?urs", "*", "${aws:ResourceOrgID}", "x${aws:PrincipalAccount}"]
_PATHS = [PATH, PATH + "*", "o-ours/*", "o-ours/r-root/*", "o-other/*", VAULT_PATH, "o-ours/r-root/ou-*/ou-*"]
_VALUES: dict[str, list[str]] = {
    "aws:PrincipalOrgID": [*_IDS, ORG.upper()],
    "aws:ResourceOrgID": [*_IDS, "${aws:PrincipalOrgID}"],
    "aws:PrincipalArn": [ROLE, ROLE + "2", "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/copier", ROLE[:-1] + "?"],
    "aws:PrincipalAccount": [SOURCE, TARGET, "1*", "${aws:ResourceAccount}"],
    "aws:PrincipalOrgPaths": _PATHS,
    "aws:ResourceOrgPaths": _PATHS,
    "backup:CopySourceArn": ["x", "*"],
}
_OPERATORS = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]
_OPERATORS += ["StringNotEqualsIgnoreCase", "Null"]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Write one to three tests."""
    written: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(_VALUES)))
        name = draw(st.sampled_from([*_OPERATORS, *(["ArnLike"] if key == "aws:PrincipalArn" else [])]))
        prefix = "" if name == "Null" else draw(st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"]))
        values = ["true", "false"] if name == "Null" else _VALUES[key]
        written.setdefault(prefix + name, {})[key] = draw(_some(values))
    return written


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Write a document that the engine takes."""
    statements = []
    for _ in range(draw(st.integers(1, 4))):
        principal = draw(_some(["*", *PRINCIPALS, ROLE + "2", "arn:aws:iam::333333333333:root", "AROAGONE"]))
        made: dict[str, Any] = {
            "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
            "Principal": draw(st.sampled_from(["*", {"AWS": principal}])),
            "Action": draw(
                _some([COPY_INTO, "backup:Copy*", "backup:CopyFromBackupVault", "*", "backup:CopyInto?ackup*"])
            ),
            draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
                _some(
                    [
                        "*",
                        VAULT,
                        VAULT + "2",
                        "arn:aws:backup:*:*:backup-vault:*",
                        "arn:aws:backup:*:${aws:ResourceAccount}:*",
                        "arn:aws:backup:*:${aws:PrincipalAccount}:*",
                    ]
                )
            ),
        }
        statements.append(made | ({"Condition": draw(conditions())} if draw(st.booleans()) else {}))
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@settings(max_examples=1000, deadline=None)
@given(documents())
def test_three_readings_agree(engine: Engine, document: str) -> None:
    """Product, simulator and SeaweedFS decide each document alike, and none of them is in doubt."""
    found = vault_policy.decide(document, WORLD.caller, VAULT).verdict

    assert found.value == engine.judge(document), document
    assert found is WORLD.simulated(document), document


def test_the_engine_judges_and_does_not_just_say_no(engine: Engine) -> None:
    """The three answers, and a document that it does not take."""
    allow = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": COPY_INTO, "Resource": "*"}

    def judged(*statements: dict[str, Any]) -> str:
        return engine.judge(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))

    assert judged(allow) == "allowed"
    assert judged(allow | {"Principal": {"AWS": ROLE + "2"}}) == "not_allowed"
    assert judged(allow, allow | {"Effect": "Deny", "Principal": "*"}) == "denied"
    assert engine.judge("{}").startswith("refused: ")
