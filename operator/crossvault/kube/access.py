"""How to reach the API server and as whom: a kubeconfig, or the ServiceAccount of the pod.

Everything is read again each time it is asked for: tokens are replaced in their files while we run
(https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

POD_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_TIMEOUT = 60


class AccessError(Exception):
    """There is no usable way to the API server; the message says what was looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One way to the API server. Has no repr: it holds secrets."""

    server: str
    ca: str | None = None
    token: str | None = None
    certificate: str | None = None
    key: str | None = None
    insecure: bool = False
    proxy: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the header that says who we are, when a token does."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def transport(self) -> tuple[object, ...]:
        """Return what a connection is made with; while it stays the same, connections may be kept."""
        return (self.server, self.ca, self.certificate, self.key, self.insecure, self.proxy)

    def ssl_context(self) -> ssl.SSLContext:
        """Return how the server is verified and how we prove who we are."""
        context = ssl.create_default_context(cadata=self.ca)
        if self.certificate and self.key:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle:  # ssl loads client keys from files only
                bundle.write(f"{self.certificate}\n{self.key}\n")
                bundle.flush()
                context.load_cert_chain(bundle.name)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


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
            return _from_kubeconfig(paths, self.context)
        return self._from_pod()

    def _files(self) -> tuple[Path, ...]:
        if self.kubeconfig is not None:
            return (self.kubeconfig,)
        listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
        if listed:
            return tuple(listed)
        own = Path.home() / ".kube" / "config"
        return (own,) if not (self.pod_account / "token").exists() and own.exists() else ()

    def _from_pod(self) -> Credentials:
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host:
            raise AccessError("No Kubernetes API server: no kubeconfig was found and this is not a pod.")
        try:
            token = (self.pod_account / "token").read_text(encoding="ascii").strip()
            authority = (self.pod_account / "ca.crt").read_text(encoding="ascii")
        except OSError as error:
            raise AccessError(f"The pod's ServiceAccount token cannot be read: {error}.") from error
        name = f"[{host}]" if ":" in host else host
        return Credentials(server=f"https://{name}:{port}", ca=authority, token=token)


def _from_kubeconfig(paths: Iterable[Path], context: str | None) -> Credentials:
    contexts: dict[str, Any] = {}
    clusters: dict[str, Any] = {}
    users: dict[str, Any] = {}
    folder: dict[int, Path] = {}
    for path in paths:  # the first file that names something wins, as kubectl merges them
        document = _load(path)
        context = context or document.get("current-context") or None
        for kind, found in (("context", contexts), ("cluster", clusters), ("user", users)):
            for entry in document.get(f"{kind}s") or ():
                member = found.setdefault(entry["name"], entry.get(kind) or {})
                folder.setdefault(id(member), path.parent)
    try:
        chosen = contexts[context or ""]
        cluster, user = clusters[chosen["cluster"]], users[chosen["user"]]
    except KeyError as error:
        raise AccessError(f"The kubeconfig has no usable context {context!r}: {error} is missing.") from error
    return _credentials(cluster, folder[id(cluster)], user, folder[id(user)])


def _load(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise AccessError(f"The kubeconfig {path} cannot be read: {error}") from error
    return document if isinstance(document, dict) else {}


def _credentials(cluster: Mapping[str, Any], beside: Path, user: Mapping[str, Any], home: Path) -> Credentials:
    issued = _executed(user["exec"]) if user.get("exec") else {}
    token = issued.get("token") or user.get("token")
    if not token and user.get("tokenFile"):
        token = _text(home / user["tokenFile"]).strip()
    return Credentials(
        server=str(cluster.get("server", "")).rstrip("/"),
        ca=_material(cluster, "certificate-authority", beside),
        token=token,
        certificate=issued.get("clientCertificateData") or _material(user, "client-certificate", home),
        key=issued.get("clientKeyData") or _material(user, "client-key", home),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        proxy=cluster.get("proxy-url") or None,
    )


def _material(entry: Mapping[str, Any], name: str, folder: Path) -> str | None:
    inline = entry.get(f"{name}-data")
    if inline:
        try:
            return base64.b64decode(inline, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise AccessError(f"{name}-data in the kubeconfig is not base64 of PEM.") from error
    return _text(folder / entry[name]) if entry.get(name) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise AccessError(f"A file named by the kubeconfig cannot be read: {error}.") from error


def _executed(plugin: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a credential plugin (https://kubernetes.io/docs/reference/access-authn-authz/authentication/)."""
    extra = {entry["name"]: entry["value"] for entry in plugin.get("env") or ()}
    asked = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    command = [plugin["command"], *(plugin.get("args") or ())]
    environment = {**os.environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, timeout=_EXEC_TIMEOUT, check=True)
        status = json.loads(ran.stdout).get("status") or {}
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise AccessError(f"The credential plugin {plugin['command']} gave no credentials: {error}.") from error
    return status if isinstance(status, dict) else {}
