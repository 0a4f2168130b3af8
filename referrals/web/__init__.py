"""Everything that knows HTTP pages."""

from time import perf_counter

from flask import Flask, Response, g, request

from referrals.config import Config
from referrals.web import (
    account,
    badge,
    bell,
    earnings,
    emails,
    filters,
    health,
    home,
    hooks,
    invitations,
    joining,
    keys,
    language,
    lead_invitations,
    lead_work,
    leads,
    limits,
    members,
    navigation,
    passwords,
    payouts,
    phone_codes,
    promo,
    recruiting,
    referral_history,
    referral_link,
    second_factor,
    security,
    sign_in,
    stores,
    terms,
    visitor,
    words,
)
from referrals.web import (
    errors as errors,
)
from referrals.web.assets import asset, icon, token
from referrals.web.audit_words import action_words
from referrals.web.event_words import event_quote, event_words
from referrals.web.house import link_url
from referrals.web.sell.pages import BLUEPRINTS as SELLING
from referrals.web.shop import BLUEPRINTS as SHOPPING
from referrals.web.staff import conflicts, imports, ledger, outbox, partners, payout_work, people, setup, upgrade_terms

BLUEPRINTS = (
    sign_in.blueprint,
    passwords.blueprint,
    joining.blueprint,
    home.blueprint,
    leads.blueprint,
    lead_work.blueprint,
    lead_invitations.blueprint,
    invitations.blueprint,
    referral_history.blueprint,
    referral_link.blueprint,
    earnings.blueprint,
    terms.blueprint,
    stores.blueprint,
    payouts.blueprint,
    members.blueprint,
    keys.blueprint,
    hooks.blueprint,
    hooks.of_shops,
    bell.blueprint,
    account.blueprint,
    second_factor.blueprint,
    conflicts.blueprint,
    partners.blueprint,
    payout_work.blueprint,
    people.blueprint,
    setup.blueprint,
    upgrade_terms.blueprint,
    outbox.blueprint,
    imports.blueprint,
    ledger.blueprint,
    health.blueprint,
    promo.blueprint,
    *SELLING,
    *SHOPPING,
    phone_codes.blueprint,
    recruiting.blueprint,
    badge.blueprint,
)


def init_app(app: Flask, config: Config) -> None:
    """Wire the pages into the application."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(start_watch)
    visitor.init_app(app)
    security.init_app(app, config)
    limits.init_app(app, on=config.limits)
    language.init_app(app)
    filters.init_app(app)
    emails.init_app(app)
    navigation.init_app(app)
    app.jinja_env.globals.update(
        words=words,
        event_words=event_words,
        event_quote=event_quote,
        token=token,
        asset=asset,
        icon=icon,
        link_url=link_url,
    )
    app.jinja_env.filters.update(
        action=action_words,
        mail_name=emails.template_words,
        bell_line=lambda row: emails.line_of(row.template, row.params),
        public_id=members.public_id,
    )
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    security.csrf.exempt(badge.blueprint)
    app.after_request(stop_watch)


def start_watch() -> None:
    g.started = perf_counter()


def stop_watch(response: Response) -> Response:
    health.note(request.method, response.status_code, perf_counter() - g.started)
    return response
