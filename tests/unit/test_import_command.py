"""What is typed of ``crossvault import``: which accounts, where, and what is refused before AWS is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from crossvault.cli import importing, main

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ROLE = "arn:aws:iam::111111111111:role/crossvault-source"
ACCOUNT = f"production=111111111111:{ROLE}"


def given(**changes: Any) -> importing.Given:
    """Return what was typed."""
    values: dict[str, Any] = {
        "path": None,
        "accounts": (("production", "111111111111", ROLE), ("dr", "222222222222", "")),
        "external_ids": (),
        "sources": (),
        "regions": ("eu-west-1",),
        "namespace": "shop",
    }
    return importing.Given(**values | changes)


def places(typed: importing.Given) -> list[tuple[str, str]]:
    """Return where is looked for plans."""
    found = importing.places_of(typed, importing.asked_for(typed, NOW))
    return [(account.name, region) for account, region in found]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param([], "Say which accounts", id="no accounts"),
        pytest.param(["--account", "production"], "is none such as production=111111111111", id="no id"),
        pytest.param(["--account", "production=1"], "is none such as", id="half an id"),
        pytest.param(["--account", "Production=111111111111"], "is none such as", id="no name of an object"),
        pytest.param(["--account", f"{ACCOUNT}\n"], "is none such as", id="a line more"),
        pytest.param(["--account", ACCOUNT, "--region", "Ireland"], "is none such as eu-west-1", id="no such Region"),
        pytest.param(["--account", ACCOUNT, "-n", "Shop"], "is none such as backup", id="no namespace"),
        pytest.param(["--account", ACCOUNT, "--overwrite"], "--overwrite goes with --to DIR", id="nothing to replace"),
        pytest.param(["--account", ACCOUNT, "--external-id", "9f1c"], "is none such as production=9f1c", id="no name"),
    ],
)
def test_what_is_wrong_is_told_before_aws_is_asked(words: list[str], told: str) -> None:
    """With exit code 1 or 2 of wrong usage, and the reason."""
    result = CliRunner().invoke(main, ["import", *words])

    assert result.exit_code != 0
    assert told in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"regions": ()}, "Say where to look, with --region REGION: dr, production", id="no Region"),
        pytest.param(
            {"accounts": (("dr", "222222222222", ""), ("dr", "222222222222", ""))},
            "there are two accounts named dr",
            id="an account twice",
        ),
        pytest.param(
            {"external_ids": (("other", "9f1c"),)}, "no --account is named other", id="an External ID of nobody"
        ),
        pytest.param(
            {"sources": ("other",)}, "there is no account other; there are dr, production", id="a source of nobody"
        ),
        pytest.param(
            {"accounts": (("dr", "222222222222", ROLE),)},
            "must be a role of account 222222222222",
            id="a role of another account",
        ),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(changes: dict[str, Any], told: str) -> None:
    """Told before AWS is asked, too."""
    with pytest.raises(click.UsageError) as raised:
        places(given(**changes))

    assert told in raised.value.format_message()


def test_every_account_is_a_source_unless_some_are_named() -> None:
    """The others are only copied into."""
    assert places(given()) == [("dr", "eu-west-1"), ("production", "eu-west-1")]
    assert places(given(sources=("production",))) == [("production", "eu-west-1")]


def test_an_account_is_looked_at_once_however_many_names_it_has() -> None:
    """Else each plan would be adopted twice."""
    twins = (("a", "111111111111", ROLE), ("b", "111111111111", ""))

    assert places(given(accounts=twins)) == [("a", "eu-west-1")]


def test_regions_are_those_of_the_accounts(tmp_path: Path) -> None:
    """Where none is typed; a typed one that an account does not list is not looked at, which is told."""
    manifest = tmp_path / "accounts.yaml"
    manifest.write_text(
        "apiVersion: crossvault.io/v1alpha1\n"
        "kind: BackupAccount\n"
        "metadata: {name: production}\n"
        'spec: {accountId: "111111111111", regions: [eu-west-1, eu-central-1]}\n',
        "utf-8",
    )

    assert places(given(path=manifest, accounts=(), regions=())) == [
        ("production", "eu-west-1"),
        ("production", "eu-central-1"),
    ]
    typed = given(path=manifest, accounts=(), regions=("eu-central-1", "us-east-1"))
    assert places(typed) == [("production", "eu-central-1")]
    (told,) = importing.passed_over(typed, importing.asked_for(typed, NOW))
    assert (told.account, told.region) == ("production", "us-east-1")
    with pytest.raises(click.UsageError, match="No BackupAccount may be used in us-east-1"):
        places(given(path=manifest, accounts=(), regions=("us-east-1",)))


def test_an_external_id_goes_with_its_account() -> None:
    """Into the role, and into the manifest."""
    asked = importing.asked_for(given(external_ids=(("production", "9f1c"),)), NOW)

    assert asked.accounts["production"].account.external_id == "9f1c"
    assert asked.accounts["dr"].account.external_id is None
    assert asked.made == {"production", "dr"}


def test_a_folder_without_accounts_is_wrong_usage(tmp_path: Path) -> None:
    """There is nobody to look at."""
    manifest = tmp_path / "other.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "utf-8")
    with pytest.raises(click.UsageError, match="There is no BackupAccount"):
        importing.asked_for(given(path=manifest, accounts=()), NOW)
