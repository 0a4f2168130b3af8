"""Forms of people: signing in, passwords, profile, members, staff."""

from zoneinfo import available_timezones

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, SelectField, StringField

from referrals.people.rules import PERMISSIONS
from referrals.values import login_email, parse_phone, parse_website
from referrals.web import words
from referrals.web.forms import Filled, Fits, Form, OneOf, Reads, line, options
from referrals.web.language import LANGUAGES

EMAIL = {"type": "email", "autocomplete": "email"}
NEW_PASSWORD = {"autocomplete": "new-password", "minlength": 8, "maxlength": 200}


class LoginForm(Form):
    """E-mail and password."""

    email = StringField(_l("E-mail"), [Filled()], render_kw={"autocomplete": "username", "autofocus": True})
    password = PasswordField(_l("Password"), [Filled()], render_kw={"autocomplete": "current-password"})


class CodeForm(Form):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(
        _l("Code of the app"),
        [Filled(), Fits(40)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "text"},
    )


class ForgottenForm(Form):
    """To whom a link for a new password goes."""

    email = line(_l("E-mail"), Reads(login_email), longest=254, render_kw=EMAIL | {"autofocus": True})


class NewPasswordForm(Form):
    """A new password."""

    password = PasswordField(_l("New password"), [Filled()], render_kw=NEW_PASSWORD)


class ChangePasswordForm(Form):
    """The present password and a new one."""

    password = PasswordField(_l("Present password"), [Filled()], render_kw={"autocomplete": "current-password"})
    new_password = PasswordField(_l("New password"), [Filled()], render_kw=NEW_PASSWORD)


class ConfirmForm(Form):
    """The password again, before something that matters."""

    password = PasswordField(
        _l("Password"), [Filled()], render_kw={"autocomplete": "current-password", "autofocus": True}
    )


class JoinForm(Form):
    """What somebody new tells of themselves."""

    name = line(_l("Your name"), longest=100, render_kw={"autocomplete": "name"})
    password = PasswordField(_l("Password"), [Filled()], render_kw=NEW_PASSWORD)


def time_zones() -> list[tuple[str, str]]:
    """The time zones that can be chosen."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone) for zone in ["UTC", *zones]]


class ProfileForm(Form):
    """Name, language, time zone, appearance."""

    name = line(_l("Name"), longest=100, render_kw={"autocomplete": "name"})
    language = SelectField(_l("Language"), [OneOf()], validate_choice=False)
    time_zone = SelectField(_l("Time zone"), [OneOf()], validate_choice=False)
    appearance = SelectField(_l("Appearance"), [OneOf()], validate_choice=False)

    def offer(self) -> "ProfileForm":
        """Fill in what can be chosen."""
        self.language.choices = options([("", gettext("As the browser asks")), *LANGUAGES.items()])
        self.time_zone.choices = options([("", gettext("As the browser tells")), *time_zones()])
        self.appearance.choices = options(
            [
                ("", gettext("As the device is set")),
                ("light", gettext("Light")),
                ("dark", gettext("Dark")),
            ]
        )
        return self


class EmailForm(Form):
    """A new e-mail address, confirmed by a link that is sent there."""

    email = line(_l("New e-mail"), Reads(login_email), longest=254, render_kw=EMAIL)
    password = PasswordField(_l("Password"), [Filled()], render_kw={"autocomplete": "current-password"})


class MemberForm(Form):
    """Somebody to invite into a partner, and what they may see and do."""

    email = line(_l("E-mail"), Reads(login_email), longest=254, render_kw=EMAIL)
    view_referrals = BooleanField(_l("See all leads and referrals of the partner"), default=True)
    view_financials = BooleanField(_l("See earnings and payouts"))
    manage_members = BooleanField(_l("Manage members and API keys"))

    def granted(self) -> frozenset[str]:
        """The permissions that are ticked."""
        return frozenset(name for name in PERMISSIONS if self[name].data)


class PermissionsForm(Form):
    """What a member may see and do."""

    view_referrals = BooleanField(_l("See all leads and referrals of the partner"))
    view_financials = BooleanField(_l("See earnings and payouts"))
    manage_members = BooleanField(_l("Manage members and API keys"))

    def granted(self) -> frozenset[str]:
        """The permissions that are ticked."""
        return frozenset(name for name in PERMISSIONS if self[name].data)


class StaffForm(Form):
    """Somebody to invite into the staff."""

    email = line(_l("E-mail"), Reads(login_email), longest=254, render_kw=EMAIL)
    role = SelectField(_l("Role"), [OneOf()], validate_choice=False)

    def offer(self) -> "StaffForm":
        """Fill in what can be chosen."""
        self.role.choices = options([(role, gettext(words.ROLES[role])) for role in ("rep", "admin")])
        return self


class RepForm(Form):
    """How partners reach a representative, and whether new leads go there."""

    phone = line(
        _l("Phone"), Reads(parse_phone), required=False, longest=40, render_kw={"type": "tel", "autocomplete": "tel"}
    )
    booking_url = line(_l("Booking link"), Reads(parse_website), required=False, longest=500)
    available = BooleanField(_l("Takes new leads"))


class KeyForm(Form):
    """What an API key is for."""

    name = line(_l("What the key is for"), longest=100)


class PartnerForm(Form):
    """A partner organisation."""

    name = line(_l("Partner name"), longest=200)


class NewPartnerForm(PartnerForm):
    """A partner organisation and the first member, who is invited."""

    email = line(_l("E-mail of the first member"), Reads(login_email), longest=254, render_kw=EMAIL)
