"""The rules of a shop's programme: shown with what they would have changed before they are kept (`SPEC §5`)."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.explanations.dry_run import dry_run
from referrals.people.queries import names_of_people
from referrals.shops.models import Shop
from referrals.shops.queries import names_of_salespeople, settings_of
from referrals.shops.rules import Settings
from referrals.shops.settings import change_settings, checked, versions_listed
from referrals.web import hx, shop_words
from referrals.web.filters import amount, percent
from referrals.web.forms.shop import SettingsForm
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_settings", __name__)

TRIED_DAYS = (7, 30, 90)
MATTER_TO_THE_PAST = {
    "programme", "rate_bp", "validity", "binding", "protect_days", "completion_days", "own_purchases_earn",
    "refunds_after_settlement",
}  # fmt: skip


@blueprint.get("/shops/<slug>/settings")
@of_shop()
def index(shop: Shop) -> Response:
    """All settings as they are now, and how they came to be so."""
    present = settings_of(shop.id).at(now())
    form = SettingsForm(formdata=None, currency=shop.currency).offer().show(present)
    return settings_page(shop, form, present)


def settings_page(shop: Shop, form: SettingsForm, present: Settings, status: int = 200, **tried: Any) -> Response:
    versions = versions_listed(shop.id)
    context = {
        "form": form,
        "present": present,
        "versions": [(one, in_words(shop, changes_of(one))) for one in versions],
        "staff_names": names_of_people([one.by_person_id for one in versions if one.by_person_id]),
        "days_offered": TRIED_DAYS,
        "days": wished_days(),
        "now": now(),
    }
    return show("shop/settings.html", shop, status, **context | tried)


def changes_of(version: Any) -> dict[str, Any]:
    return {name: value for name in shop_words.SETTINGS if (value := getattr(version, name)) is not None}


def wished_days() -> int:
    wished = request.form.get("days", "")
    return int(wished) if wished in {str(days) for days in TRIED_DAYS} else TRIED_DAYS[1]


@blueprint.post("/shops/<slug>/settings")
@of_shop("manage")
def save(shop: Shop) -> AnyResponse:
    """First show what would change (`step=try`), then keep it (`step=save`)."""
    present = settings_of(shop.id).at(now())
    form = SettingsForm(currency=shop.currency).offer()
    if not form.validate():
        return settings_page(shop, form, present, 422)
    changes = {name: value for name, value in form.wanted().items() if value != getattr(present, name)}
    if not taken(form, changes):
        return settings_page(shop, form, present, 422)
    if request.form.get("step") != "save":
        return settings_page(shop, form, present, **preview(shop, present, changes))
    try:
        change_settings(shop, changes, effective_at=form.effective_at.value, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        put(form, broken)
        return settings_page(shop, form, present, 422)
    return hx.go_to(shop_url("shop_settings.index", shop), N_("Saved."))


def taken(form: SettingsForm, changes: dict[str, Any]) -> bool:
    """Whether the shop's rules take every value; what they say stands beside its field."""
    for name, value in changes.items():
        try:
            checked(name, value)
        except RuleBroken as broken:
            put(form, broken)
    return not form.has_errors


def put(form: SettingsForm, broken: RuleBroken) -> None:
    form.put(broken, "effective_at")


def preview(shop: Shop, present: Settings, changes: dict[str, Any]) -> dict[str, Any]:
    """What these changes are in words, and what they would have done to the last days."""
    before = {name: getattr(present, name) for name in changes}
    told = list(zip(in_words(shop, before), in_words(shop, changes), strict=True))
    if not MATTER_TO_THE_PAST & changes.keys():
        return {"tried": True, "told": told, "difference": None}
    until = now()
    difference = dry_run(shop, changes, until - timedelta(days=wished_days()), until)
    names = names_of_salespeople(list(difference.per_salesperson))
    return {"tried": True, "told": told, "difference": difference, "names": names}


def in_words(shop: Shop, values: dict[str, Any]) -> list[tuple[str, str]]:
    """Settings with their values as a person reads them."""
    return [(gettext(shop_words.SETTINGS[name]), value_in_words(shop, name, value)) for name, value in values.items()]


def value_in_words(shop: Shop, name: str, value: Any) -> str:
    if name in shop_words.SETTING_VALUES:
        return str(gettext(shop_words.SETTING_VALUES[name][value]))
    if isinstance(value, bool):
        return str(gettext("on") if value else gettext("off"))
    if name == "rate_bp":
        return percent(value)
    if name == "minimum_withdrawal_minor":
        return amount(value, shop.currency)
    return str(value) or str(gettext("none"))
