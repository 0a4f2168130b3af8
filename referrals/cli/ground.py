"""What the commands share: the application they act on, and how they answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask

from referrals import create_app
from referrals.config import from_environment
from referrals.errors import RuleBroken


class Commands(click.Group):
    """Commands in which a broken rule is told as a sentence, not as a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except RuleBroken as broken:
            raise refuse(broken) from None


def application(**settings: str) -> Flask:
    """The application on a database with the newest schema; `settings` hold where the environment sets none."""
    from referrals.serving import bring_up_to_date

    app = create_app(from_environment(**settings))
    bring_up_to_date(app)
    return app


def show(answer: Any) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


def refuse(error: RuleBroken) -> click.ClickException:
    return click.ClickException(error.sentence % error.values if error.values else error.sentence)


@contextmanager
def telling_of(file: Path) -> Iterator[None]:
    """A file that cannot be written is told in a sentence."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from None
