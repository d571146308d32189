"""The same engine without a cluster: manifests from files, the same checks, the same queue, the same passes."""

from .manifests import Folder, ManifestError, ManifestFault
from .runner import LocalRunner, LocalSettings

__all__ = ["Folder", "LocalRunner", "LocalSettings", "ManifestError", "ManifestFault"]
