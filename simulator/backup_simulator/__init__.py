"""An AWS that refuses what AWS refuses, for development, demos and tests."""
