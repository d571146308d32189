"""``crossvault iam``: what is printed in every form can be read back, and what is wrong is told as by ``plan``."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.kit import least

from crossvault.cli import main

ARN = "arn:aws:iam::555555555555:role/crossvault"


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["iam", *words], prog_name="crossvault")


def quickstart(*words: str) -> Result:
    """Run the command over the quickstart."""
    return run("-f", str(least.EXAMPLES / "quickstart"), "--operator-arn", ARN, *words)


# --- What is printed -----------------------------------------------------------------------------------------------


def test_the_document_has_an_entry_for_each_account() -> None:
    """With the members that are promised."""
    answer = json.loads(quickstart().output)

    assert (answer["apiVersion"], answer["kind"]) == ("cli.crossvault.io/v1", "IamDocuments")
    assert [each["account"] for each in answer["accounts"]] == ["production", "dr"]
    assert all(
        {"account", "accountId", "role", "trust", "permissions", "keyStatements"} <= set(each)
        for each in answer["accounts"]
    )
    assert answer["notes"] == []
    assert yaml.safe_load(quickstart("-o", "yaml").output) == answer


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    """A diff shows what is needed anew, and nothing else."""
    texts = [each.read_text("utf-8") for each in (least.EXAMPLES / "quickstart").glob("*.yaml")]
    documents = [each for text in texts for each in text.split("\n---\n")]
    for number, each in enumerate(documents):
        for name in ("there", "back"):
            (tmp_path / name).mkdir(exist_ok=True)
            place = number if name == "there" else len(documents) - number
            (tmp_path / name / f"{place}.yaml").write_text(each, "utf-8")
    printed = [run("-f", str(tmp_path / name), "--operator-arn", ARN).output for name in ("there", "back")]

    assert printed[0] == printed[1] == quickstart().output


def test_one_account_is_printed_by_its_name() -> None:
    """Without the operator's own identity, which is not in it."""
    answer = json.loads(quickstart("--account", "dr").output)

    assert [each["account"] for each in answer["accounts"]] == ["dr"]
    assert answer["operator"] is None
    assert "production" not in quickstart("--account", "dr", "-o", "terraform").output


def test_without_the_operators_arn_that_is_told() -> None:
    """A template has a parameter for it, without a default."""
    result = run("-f", str(least.EXAMPLES / "quickstart"), "-o", "cloudformation")
    _, template = [each for each in yaml.safe_load_all(result.stdout) if "Parameters" in each]

    assert "Default" not in template["Parameters"]["OperatorArn"]
    assert "OPERATOR_ARN" not in result.stdout
    assert "OPERATOR_ARN stands for the ARN of the operator's own identity" in result.stderr


def test_templates_are_a_file_for_each_account_with_what_deploys_it(tmp_path: Path) -> None:
    """Each is what CloudFormation takes, and its command works as it is printed."""
    result = quickstart("-o", "cloudformation", "--to", str(tmp_path / "made"))
    lines = result.stdout.splitlines()

    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        *("account-111111111111.yaml", "account-222222222222.yaml", "operator.yaml"),
    ]
    assert lines[0::2] == [
        "# The operator's own identity in account 555555555555:",
        "# Account 111111111111: production:",
        "# Account 222222222222: dr:",
    ]
    for line in lines[1::2]:
        words = shlex.split(line)
        assert words[:3] == ["aws", "cloudformation", "deploy"]
        assert "$" not in line
        template = yaml.safe_load(Path(words[words.index("--template-file") + 1]).read_text("utf-8"))
        assert template["Resources"]
        assert all("Default" in each for each in template.get("Parameters", {}).values())
    assert "several templates" not in result.stderr


def test_what_a_template_has_no_value_for_is_taken_from_the_shell(tmp_path: Path) -> None:
    """The operator's ARN, where nobody has said it."""
    result = run("-f", str(least.EXAMPLES / "quickstart"), "-o", "cloudformation", "--to", str(tmp_path))

    assert result.stdout.count(' --parameter-overrides OperatorArn="$OPERATOR_ARN"') == 2


def test_no_file_is_replaced_unless_that_is_said(tmp_path: Path) -> None:
    """As import has it."""
    to = ("-o", "cloudformation", "--to", str(tmp_path))
    ended = [quickstart(*to, *more).exit_code for more in ((), (), ("--overwrite",))]

    assert ended == [0, 1, 0]


def test_several_templates_in_one_stream_are_said_to_be_several() -> None:
    """One is not."""
    assert "--to DIR writes a file for each account" in quickstart("-o", "cloudformation").stderr
    assert "several" not in quickstart("-o", "cloudformation", "--account", "dr").stderr


# --- What is wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ("--account", "dd"), "there is no BackupAccount dd; there are: dr, production.", id="another name"
        ),
        pytest.param(("--to", "x"), "--to goes with -o cloudformation", id="a folder for JSON"),
        pytest.param(("--overwrite",), "--overwrite goes with --to DIR", id="nothing to replace"),
        pytest.param(("--operator-arn", "crossvault"), "is none such as arn:aws:iam::", id="no ARN"),
        pytest.param(("--event-queue-arn", "https://sqs"), "is none such as arn:aws:sqs:", id="no queue"),
        pytest.param(("--service-account", "crossvault"), "is none such as crossvault-system/", id="no namespace"),
        pytest.param(
            ("--pod-identity", "--oidc-provider", "arn:aws:iam::555555555555:oidc-provider/a"), "either", id="two ways"
        ),
    ],
)
def test_wrong_usage_says_what_is_right(words: tuple[str, ...], said: str) -> None:
    """And prints no documents."""
    result = quickstart(*words)

    assert result.exit_code != 0
    assert said in " ".join(result.stderr.split())
    assert result.stdout == ""


@pytest.mark.parametrize("output", ["json", "cloudformation", "terraform"])
def test_what_is_not_granted_is_needed_by_nobody(tmp_path: Path, output: str) -> None:
    """Documents for a policy that cannot work would be too wide; a machine gets the faults in its document."""
    text = (least.EXAMPLES / "quickstart" / "accounts.yaml").read_text("utf-8").replace("[orders]", "[others]")
    (tmp_path / "accounts.yaml").write_text(text, "utf-8")
    policy = (least.EXAMPLES / "quickstart" / "policy.yaml").read_text("utf-8")
    (tmp_path / "policy.yaml").write_text(policy, "utf-8")
    result = run("-f", str(tmp_path), "-o", output)

    assert result.exit_code == 1
    assert "lets namespace orders copy from vault orders" in result.output
    if output == "json":
        answer = json.loads(result.stdout)
        assert (answer["kind"], answer["accounts"], len(answer["faults"])) == ("IamDocuments", [], 2)
    else:
        assert result.stdout == ""


def test_faults_of_manifests_are_those_of_plan(tmp_path: Path) -> None:
    """With file, line and field."""
    text = "apiVersion: crossvault.io/v1alpha1\nkind: BackupAccount\nmetadata: {name: a}\nspec:\n  accountId: '1'\n"
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    machine = run("-f", str(tmp_path))
    person = run("-f", str(tmp_path), "-o", "terraform")
    (fault,) = json.loads(machine.stdout)["faults"]

    assert (machine.exit_code, person.exit_code) == (1, 1)
    assert (fault["line"], fault["field"]) == (5, "spec.accountId")
    assert "a.yaml:5: BackupAccount a: spec.accountId: must be the twelve digits" in person.stderr


def test_a_folder_without_accounts_needs_nothing(tmp_path: Path) -> None:
    """That is wrong usage, and no empty answer."""
    (tmp_path / "a.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "utf-8")
    result = run("-f", str(tmp_path))

    assert result.exit_code == 1
    assert json.loads(result.stdout)["faults"] == [{"file": str(tmp_path), "message": "there is no BackupAccount"}]


@pytest.mark.parametrize("name", sorted(path.name for path in least.EXAMPLES.iterdir()))
def test_every_example_is_whole_in_itself(name: str) -> None:
    """No other example's accounts are needed for it."""
    done = CliRunner().invoke(main, ["iam", "-f", str(least.EXAMPLES / name), "-o", "json"])
    accounts = json.loads(done.stdout)["accounts"]

    assert done.exit_code == 0, done.output
    assert accounts
    assert all(each["permissions"]["Statement"] for each in accounts)
