"""Reading an External ID from a Secret: what can be wrong with it, and that none of it is told to a tenant."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from crossvault.aws import AwsSettings
from crossvault.engine.declared import SecretKey
from crossvault.kube.client import ApiError, Trouble
from crossvault.kube.secrets import Secrets, own_namespace
from crossvault.words.explanations import EXPLANATIONS
from crossvault.words.problems import CrossvaultError, ErrorClass
from crossvault.words.reasons import Reason

REF = SecretKey("crossvault-production", "externalId")


class FakeApi:
    """Answers, or refuses."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    async def get(self, _resource: object, namespace: str, name: str) -> Any:
        """Return the answer."""
        self.asked.append((namespace, name))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def holding(value: bytes | str) -> dict[str, Any]:
    """Return a Secret."""
    text = value if isinstance(value, str) else base64.b64encode(value).decode()
    return {"data": {REF.key: text}}


def read(api: FakeApi, namespace: str = "crossvault-system") -> str:
    """Read as a thread does that assumes a role."""

    async def run() -> str:
        secrets = Secrets()
        secrets.open(api, asyncio.get_running_loop(), namespace)  # type: ignore[arg-type]
        return await asyncio.to_thread(secrets.read, REF)

    return asyncio.run(run())


def test_the_value_is_read_each_time_from_the_operators_namespace() -> None:
    """Without what editors put at the end of a file."""
    api = FakeApi(holding(b"demo-external-id\n"))

    assert read(api) == "demo-external-id"
    assert api.asked == [("crossvault-system", REF.name)]


@pytest.mark.parametrize(
    ("answer", "why", "error_class"),
    [
        (None, "no such Secret", ErrorClass.STUCK),
        ({}, "no such key", ErrorClass.STUCK),
        ({"data": None}, "no such key", ErrorClass.STUCK),
        ({"data": {REF.key: 7}}, "no such key", ErrorClass.STUCK),
        (holding(b""), "is empty", ErrorClass.STUCK),
        (holding(b"\xff\xfe"), "is no text", ErrorClass.STUCK),
        (holding(b"top secret\ninner"), "no External ID", ErrorClass.STUCK),
        (holding(b"x"), "no External ID", ErrorClass.STUCK),
        (holding("not base64!"), "is no text", ErrorClass.STUCK),
        (ApiError(Trouble.FORBIDDEN, "forbidden"), "may not get it", ErrorClass.STUCK),
        (ApiError(Trouble.UNREACHABLE, "timeout"), "does not give it", ErrorClass.RETRY),
    ],
)
def test_what_is_wrong_with_it_is_told_to_administrators_only(answer: Any, why: str, error_class: ErrorClass) -> None:
    """The message is read by tenants, the detail is not."""
    with pytest.raises(CrossvaultError) as raised:
        read(FakeApi(answer))
    problem = raised.value.problem

    assert (problem.reason, problem.error_class) == (Reason.EXTERNAL_ID_UNREADABLE, error_class)
    assert why in problem.detail
    assert REF.name in problem.detail
    assert REF.name not in problem.message


def test_nothing_is_read_without_a_namespace_or_a_cluster(tmp_path: Path) -> None:
    """Files are used without one, and say what to declare instead."""
    assert own_namespace(tmp_path) == ""
    (tmp_path / "namespace").write_text("crossvault-system\n")
    assert own_namespace(tmp_path) == "crossvault-system"
    with pytest.raises(CrossvaultError, match="cannot be read"):
        read(FakeApi(None), "")
    with pytest.raises(CrossvaultError, match="which is not among the files") as raised:
        AwsSettings().external_ids(REF)
    assert "Declare externalId" in EXPLANATIONS[raised.value.problem.reason].remedy
