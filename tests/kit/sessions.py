"""Botocore's sessions for tests: AWS's models are read once for all of a process, and AWS may be in it, too."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable

import botocore.session
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader

from backup_simulator.server import SimulatorServer
from backup_simulator.transport import InProcess


@functools.cache
def _loader() -> Loader:
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader


@functools.cache
def _hooks() -> HierarchicalEmitter:
    """Botocore's own handlers: more than a hundred, which each session would register anew."""
    hooks = HierarchicalEmitter()
    botocore.session.Session(event_hooks=hooks)
    return hooks


def plain() -> botocore.session.Session:
    """Return a session that reaches AWS over the network."""
    session = botocore.session.Session(event_hooks=copy.copy(_hooks()), include_builtin_handlers=False)
    # One of its own with the same models: the product has what loads files wrapped, which would nest for ever.
    session.register_component("data_loader", copy.copy(_loader()))
    return session


def reaching(cloud: InProcess | SimulatorServer) -> tuple[Callable[[], botocore.session.Session], str | None]:
    """Return what makes sessions that reach a simulated AWS, and its endpoint where it is reached over HTTP."""
    if isinstance(cloud, SimulatorServer):
        return plain, cloud.url

    def attached() -> botocore.session.Session:
        session = plain()
        cloud.attach(session)
        return session

    return attached, None
