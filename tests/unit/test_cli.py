"""The command line: help, wrong usage, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crossvault.cli import _COMMANDS, commands, main, options


def crossvault(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, without any AWS identity."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "crossvault", *words],
        env={**environment, "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan",), id="a missing option"),
        pytest.param(("doctor",), id="a doctor without a place"),
        pytest.param(("doctor", "-A", "-n", "x"), id="a doctor with two places"),
        pytest.param(("doctor", "-A", "orders"), id="a name without its namespace"),
        pytest.param(("doctor", "-f", ".", "--check", "Luck"), id="a prerequisite that is none"),
        pytest.param(("plam",), id="an unknown command"),
        pytest.param(("run", "-f", "x", "--interval", "soon"), id="a length of time that is none"),
        pytest.param(("plan", "-f", "/does/not/exist"), id="a folder that is not there"),
        pytest.param(("points", "-f", ".", "--state", "lost"), id="a state that is none"),
    ],
)
def test_wrong_usage_ends_with_1_and_says_why(words: tuple[str, ...]) -> None:
    """2 means that something was found, so wrong usage must not end with it."""
    answer = crossvault(*words)

    assert answer.returncode == 1
    assert "Error: " in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "command", [("operator",), ("run", "-f", "."), ("plan", "-f", "."), ("doctor", "-f", "."), ("points", "-f", ".")]
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_BACKUP"])
def test_credentials_do_not_travel_in_the_clear(
    command: tuple[str, ...], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is looked at, plain http to another machine is an error that says what to set."""
    monkeypatch.setenv(variable, "http://user:s3cret@aws.example/path")
    result = CliRunner().invoke(main, command)

    assert result.exit_code == 1
    assert f"{variable} is http://aws.example: " in result.output
    assert "Use https" in result.output
    assert "s3cret" not in result.output


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("region", ["evil.example", "eu-west-1/", "Ireland"])
def test_operators_region_is_one(variable: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is where STS is asked, so a typing error is told at the start."""
    monkeypatch.setenv(variable, region)
    result = CliRunner().invoke(main, ["plan", "-f", "."])

    assert result.exit_code == 1
    assert f"{variable} is {region}: it must be an AWS Region" in result.output


@pytest.mark.parametrize("name", ["", "prod@eu", "prod eu", "x" * 25, "-prod", "prod\n", "prod/eu", "pr\u00f6d"])
def test_cluster_is_named_so_that_it_fits_into_a_session(name: str) -> None:
    """Else AWS would refuse every session, or one part of its name would pass for another."""
    with pytest.raises(click.UsageError, match="1 to 24 letters"):
        options.ClusterName().convert(name, None, None)


@pytest.mark.parametrize("name", [*sorted(_COMMANDS), None])
def test_every_command_has_help(name: str | None) -> None:
    """Help works without a cluster, without AWS, and shows examples."""
    answer = crossvault(*([name] if name else []), "--help")

    assert answer.returncode == 0
    assert "Usage: crossvault" in answer.stdout
    assert name == "version" or "Examples:\n" in answer.stdout


def test_the_version_is_told() -> None:
    """The version is that of the installed distribution."""
    answer = crossvault("version")

    assert answer.stdout.startswith("crossvault 0.")


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_listed_command_says_of_itself_what_the_list_says(name: str) -> None:
    """The list is shown without importing the commands."""
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=200) == _COMMANDS[name]


def test_every_command_is_listed() -> None:
    """A command that is not would not be found."""
    folder = Path(commands.__file__).parent

    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(_COMMANDS)


SPY = """
import runpy, sys
before = set(sys.modules)
try:
    runpy.run_module("crossvault", run_name="__main__", alter_sys=True)
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


def imported(*words: str, **environment: str) -> tuple[str, set[str]]:
    """Return what a command line prints, and the modules that it imports and that Python did not bring."""
    answer = subprocess.run(
        [sys.executable, "-c", SPY, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = answer.stderr.splitlines()[-1].split()
    return answer.stdout, {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}


def heavy(modules: set[str]) -> set[str]:
    """Leave out what the command line itself is made of."""
    light = ("click", "crossvault.cli", "crossvault.words", "crossvault.manifest")
    return {name for name in modules if name != "crossvault" and not name.startswith(light)}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("version",), id="version"),
        pytest.param(("--version",), id="the same as an option"),
        pytest.param(("--help",), id="help"),
        pytest.param(("plam",), id="an unknown command"),
        pytest.param(("plan",), id="a missing option"),
        *(pytest.param((name, "--help"), id=f"help of {name}") for name in sorted(_COMMANDS)),
    ],
)
def test_nothing_is_imported_that_is_not_used(words: tuple[str, ...]) -> None:
    """Neither Kubernetes nor AWS, nor what prints tables: who asks for help does not wait for them."""
    _, found = imported(*words)

    assert heavy(found) == set()
    assert found >= {"click", "crossvault.cli"}


def test_version_imports_nothing_of_other_commands() -> None:
    """Not even their options."""
    _, found = imported("version")

    assert {name for name in found if name.startswith("crossvault.")} == {
        *("crossvault.cli", "crossvault.cli.commands", "crossvault.cli.commands.version"),
    }


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("crossvault ", set(_COMMANDS), id="every command"),
        pytest.param("crossvault pl", {"plan"}, id="one command"),
        pytest.param("crossvault plan -o j", {"json"}, id="a value of an option"),
        pytest.param("crossvault run --unt", {"--until-protected"}, id="an option"),
    ],
)
def test_completion_imports_no_more(typed: str, offered: set[str]) -> None:
    """As often as somebody presses Tab."""
    position = str(typed.count(" "))
    told, found = imported(_CROSSVAULT_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=position)

    assert {line.partition(",")[2] for line in told.splitlines()} == offered
    assert heavy(found) == set()


@pytest.mark.parametrize(
    ("command", "namespaces"),
    [
        pytest.param(("plan",), "orders", id="a plan without credentials"),
        pytest.param(("doctor",), "orders", id="a doctor without credentials"),
        pytest.param(("doctor",), "others", id="a doctor for a policy that may not use the account"),
        pytest.param(("run", "--once"), "orders", id="a run without credentials"),
        pytest.param(("plan",), "others", id="a plan of a policy that may not use the account"),
        pytest.param(("run", "--once"), "others", id="a run of a policy that may not use the account"),
    ],
)
def test_what_could_not_be_looked_at_ends_with_1(tmp_path: Path, command: tuple[str, ...], namespaces: str) -> None:
    """2 means looked and found; a pipeline must not take a missing login for missing copies."""
    for each in (Path(__file__).resolve().parents[2] / "examples" / "quickstart").glob("*.yaml"):
        text = each.read_text("utf-8").replace("names: [orders]", f"names: [{namespaces}]")
        (tmp_path / each.name).write_text(text, "utf-8")

    answer = crossvault(*command, "-f", str(tmp_path))

    assert answer.returncode == 1, answer.stderr
    assert "orders" in answer.stdout


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param(("plan",), "Plan", id="plan"),
        pytest.param(("run", "--once"), "Status", id="run"),
        pytest.param(("doctor",), "DoctorReport", id="doctor"),
    ],
)
def test_manifests_that_cannot_be_used_are_a_document_for_machines(
    tmp_path: Path, command: tuple[str, ...], kind: str
) -> None:
    """With ``-o json`` a pipeline gets JSON, whatever is wrong; for a person it is one line on stderr."""
    text = "apiVersion: crossvault.io/v1alpha1\nkind: BackupAccount\nmetadata: {name: a}\nspec:\n  accountId: '1'\n"
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    machine = crossvault(*command, "-f", str(tmp_path), "-o", "json")
    person = crossvault(*command, "-f", str(tmp_path))
    document = json.loads(machine.stdout)

    assert (machine.returncode, machine.stderr) == (1, "")
    assert (document["kind"], document["summary"]["policies"], document["policies"]) == (kind, 0, [])
    assert document["faults"] == [
        {
            "file": str(tmp_path / "a.yaml"),
            "line": 5,
            "document": 1,
            "object": "BackupAccount a",
            "field": "spec.accountId",
            "message": 'must be the twelve digits of an AWS account, such as "111111111111"; is 1',
        }
    ]
    assert (person.returncode, person.stdout) == (1, "")
    assert person.stderr == (
        f"Error: {tmp_path / 'a.yaml'}:5: BackupAccount a: spec.accountId:"
        ' must be the twelve digits of an AWS account, such as "111111111111"; is 1\n'
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("run", "--once"), "there is no CrossAccountBackupPolicy", id="a run"),
        pytest.param(("plan",), "there is no CrossAccountBackupPolicy", id="a plan"),
        pytest.param(("doctor",), "there is no CrossAccountBackupPolicy", id="a doctor"),
    ],
)
def test_a_folder_without_policies_is_wrong_usage(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Nothing would be protected by it, and 2 would claim that something was looked at."""
    (tmp_path / "a.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "utf-8")
    answer = crossvault(*words, "-f", str(tmp_path))

    assert answer.returncode == 1
    assert said in answer.stderr


@pytest.mark.parametrize("length", ["soon", "0s", "-5m", "1w", "5", "", "99999999999d", "1h 30m", "\x1b[31m5m"])
def test_a_length_of_time_that_is_none_is_refused_with_an_example(length: str) -> None:
    """On the command line as in manifests; what a terminal would obey is not repeated as it is."""
    with pytest.raises(click.BadParameter) as caught:
        options.DURATION.convert(length, None, None)

    assert "such as 90s, 5m, 1h30m or 2d" in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("words", [("version",), ("plan", "--help"), ("iam", "-f", "examples/quickstart")])
@pytest.mark.parametrize("closed", [False, True], ids=["a full disk", "closed"])
def test_an_answer_that_cannot_be_written_is_one_line(words: tuple[str, ...], *, closed: bool) -> None:
    """And no success: of a pipe that is closed, or a disk that is full."""
    where = ">&-" if closed else "> /dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {where}', "sh", sys.executable, "-m", "crossvault", *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Error: the answer cannot be written: ")
    assert done.stderr.count("\n") == 1
