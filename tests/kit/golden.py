"""The requests that write, of every example lived to its end: ``python -m tests.kit.golden`` writes them anew.

Who reads a change of them sees what a change of ours does in AWS.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.session
from tests.kit import least
from tests.kit.lives import TALES, lived
from tests.kit.stage import OPERATOR_KEY, Json

from backup_simulator.calls import mutates
from backup_simulator.transport import InProcess

GOLDEN = Path(__file__).parents[1] / "golden"
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def names() -> list[str]:
    """Return the names of the examples."""
    return sorted(path.name for path in least.EXAMPLES.iterdir())


def requests_of(name: str, cloud: InProcess) -> list[Json]:
    """Return the writes that an example leads to, in their order, with exactly the rights that are printed for it."""
    folder = least.folder_of(name)
    tale = next(each for each in TALES if each.fits(folder))
    answer = least.documents_of(folder)
    found: list[Json] = []

    def noting(new: Callable[[], botocore.session.Session]) -> Callable[[], botocore.session.Session]:
        def made() -> botocore.session.Session:
            session = new()
            session.register("before-parameter-build.*.*", _noting(found))
            return session

        return made

    lived(cloud, folder, tale, lambda world: least.permit(world, answer), wrapped=noting)
    return found


def _noting(found: list[Json]) -> Callable[..., None]:
    def note(params: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        if mutates(model.name):
            told = {"operation": model.name, "region": context["client_region"], "request": dict(params)}
            found.append(json.loads(_ID.sub("…", json.dumps(told))))

    return note


def text(requests: list[Json]) -> str:
    """Return the requests as they stand in a file."""
    return json.dumps(requests, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all files."""
    os.environ.update(OPERATOR_KEY)
    cloud = InProcess(least.world())
    for name in names():
        (GOLDEN / f"{name}.json").write_text(text(requests_of(name, cloud)), "utf-8")


if __name__ == "__main__":
    main()
