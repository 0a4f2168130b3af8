"""Everything that knows HTTP pages."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the pages into the application."""
