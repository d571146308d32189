"""How to reach the API server and as whom: a kubeconfig, or the ServiceAccount of the pod.

Both are read by the official client, which kopf has imported already (ADR 17).
Everything is read again each time it is asked for: tokens are replaced in their files while we run
(https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader

from . import kubeconfig
from .credentials import AccessError, Credentials

__all__ = ["Access", "AccessError", "Credentials"]

POD_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Access:
    """Where to look for credentials: an explicit kubeconfig, ``$KUBECONFIG``, the pod's account, the user's file."""

    kubeconfig: Path | None = None
    context: str | None = None
    pod_account: Path = POD_ACCOUNT

    def read(self) -> Credentials:
        """Return the credentials of this moment. May block: a kubeconfig can name a command to run."""
        paths = self._files()
        if paths:
            return kubeconfig.read(paths, self.context)
        return self._from_pod()

    def _files(self) -> tuple[Path, ...]:
        if self.kubeconfig is not None:
            return (self.kubeconfig,)
        listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
        if listed:
            there = tuple(path for path in listed if path.exists())  # kubectl leaves out the others
            if not there:
                names = os.pathsep.join(map(str, listed))
                raise AccessError(f"No Kubernetes API server: no file of $KUBECONFIG, {names}, is there.")
            return there
        own = Path.home() / ".kube" / "config"
        return (own,) if not (self.pod_account / "token").exists() and own.exists() else ()

    def _from_pod(self) -> Credentials:
        if not os.environ.get("KUBERNETES_SERVICE_HOST"):
            raise AccessError("No Kubernetes API server: no kubeconfig was found and this is not a pod.")
        token, authority = self.pod_account / "token", self.pod_account / "ca.crt"
        environment = {"KUBERNETES_SERVICE_PORT": "443", **os.environ}
        found = Configuration()
        try:
            loader = InClusterConfigLoader(str(token), str(authority), try_refresh_token=False, environ=environment)
            loader.load_and_set(found)
            trusted = authority.read_text(encoding="ascii")
        except (ConfigException, OSError, ValueError) as error:
            raise AccessError(f"The pod's ServiceAccount token cannot be used: {error}") from error
        word = found.api_key["BearerToken"].removeprefix("bearer ").strip()
        return Credentials(server=found.host, ca=trusted, token=word)
