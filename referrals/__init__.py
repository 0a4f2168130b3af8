"""Partner and salesperson programmes: see README.md."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, request

# Tables name each other: all must be known before the first is used.
import referrals.commissions.models
import referrals.earnings.models
import referrals.invitations.models
import referrals.ledger.models
import referrals.links.models
import referrals.orders.models
import referrals.payouts.models
import referrals.settlement.models
import referrals.shops.models
import referrals.stores.models  # noqa: F401
from referrals import api, web
from referrals.config import ROOT, Config, from_environment
from referrals.db import db, prepare_engine
from referrals.people.passwords import Passwords
from referrals.secrets_box import SecretsBox


@dataclass(frozen=True)
class House:
    """What is made once for the whole application; views find it in `app.extensions["referrals"]`."""

    config: Config
    passwords: Passwords
    second_factors: SecretsBox


def create_app(config: Config | None = None) -> Flask:
    """The application with everything wired; the only function that sees all of it."""
    config = config or from_environment()
    app = Flask("referrals", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    # What was typed stands in the parameters of statements, and what fails is logged.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True}
    app.config["SECRET_KEY"] = config.secret_key
    app.extensions["referrals"] = House(
        config,
        Passwords(cheap=config.cheap_hashing),
        SecretsBox(config.secret_key, "second factor"),
    )
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    web.init_app(app, config)
    api.init_app(app)
    for blueprint in api.WITHOUT_FORMS:
        web.security.csrf.exempt(blueprint)

    @app.errorhandler(Exception)
    def answer_error(error: Exception) -> Any:
        return api.answer(error) if request.path.startswith(api.OUTSIDE_OF_PAGES) else web.errors.answer(error)

    return app
