"""Keep every AWS backup of one account also in another account's vault."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("crossvault")
except PackageNotFoundError:  # running from a tree that was never installed
    __version__ = "0.0.0"
