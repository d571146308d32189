"""Keep every AWS backup of one account also in another account's vault."""

__version__: str

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C cuts off."""


def __getattr__(name: str) -> str:
    """Return the version once somebody asks: to look it up takes longer than to begin listening for Ctrl-C."""
    if name != "__version__":
        words = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(words)
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("crossvault")
    except PackageNotFoundError:  # running from a tree that was never installed
        return "0.0.0"
