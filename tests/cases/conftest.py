"""One simulator per worker, a fresh world for each case, and dummy credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.kit.cases import OPERATOR_KEY, Case, Json, world_of

from backup_simulator.transport import InProcess


@pytest.fixture(scope="session")
def shared_aws() -> InProcess:
    """A simulator without a socket."""
    return InProcess(world_of("01-both-directions"))


@pytest.fixture
def case(shared_aws: InProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Case]]:
    """Return what begins a case by its name, with another world than its own if one is given."""
    for name, value in OPERATOR_KEY.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    begun: list[Case] = []

    def begin(name: str, *, world: Json | None = None) -> Case:
        begun.append(Case(shared_aws, name, world=world))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()
