"""One invented world behind both systems: a Japanese vendor, the people it knows, and what all of them do."""

from connector.sandbox.world.timeline import advance, build

__all__ = ["advance", "build"]
