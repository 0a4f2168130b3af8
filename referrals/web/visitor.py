"""Who is asking: the sign-in behind the cookie, and what views demand of it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec
from urllib.parse import urlencode

from flask import Flask, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from referrals.clock import now
from referrals.people.models import Membership, Person, SignIn
from referrals.people.queries import actor_of, find_sign_in
from referrals.people.rules import Actor
from referrals.people.sign_in import CONFIRMED_FOR
from referrals.web import drafts, hx
from referrals.web.house import config
from referrals.web.safe_urls import safe_path

P = ParamSpec("P")
View = Callable[P, Any]

login_manager = LoginManager()
login_manager.session_protection = None


class Visitor(UserMixin):  # type: ignore[misc]
    """A signed-in person in one of their memberships (None while they have to choose)."""

    def __init__(self, token: str, sign_in: SignIn, person: Person, membership: Membership | None, rep_id: int | None):
        self.token = token
        self.sign_in = sign_in
        self.person = person
        self.membership = membership
        self.actor: Actor = actor_of(person, membership, rep_id)

    def get_id(self) -> str:
        """What the cookie carries."""
        return self.token

    @property
    def is_confirmed(self) -> bool:
        """Whether the person proved who they are only just now."""
        return now() - self.sign_in.confirmed_at < CONFIRMED_FOR


class Seen:
    """When sign-ins were last used; kept in memory until a job stores it, since a GET writes nothing."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.moments: dict[int, datetime] = {}

    def note(self, sign_in_id: int, at: datetime) -> None:
        with self.lock:
            self.moments[sign_in_id] = at

    def take(self) -> dict[int, datetime]:
        with self.lock:
            taken, self.moments = self.moments, {}
        return taken


seen = Seen()


def init_app(app: Flask) -> None:
    """Recognise visitors in this application."""
    login_manager.init_app(app)
    login_manager.unauthorized_handler(ask_to_sign_in)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(token: str) -> Visitor | None:
    at = now()
    found = find_sign_in(token, at=at)
    if found is None:
        return None
    sign_in, person, membership, rep_id = found
    seen.note(sign_in.id, at)
    return Visitor(token, sign_in, person, membership, rep_id)


def remember(token: str) -> None:
    """Put a new sign-in into the visitor's cookie; nothing of the visit before stays in it."""
    kept = {name: session[name] for name in ("draft",) if name in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    found = load(token)
    if found is not None:
        login_user(found)


def forget() -> None:
    """Take the sign-in out of the cookie."""
    logout_user()
    session.clear()


def visitor() -> Visitor:
    """The signed-in visitor; only behind `signed_in`."""
    found: Visitor = current_user._get_current_object()
    return found


def visitor_or_none() -> Visitor | None:
    """The visitor, if they are signed in."""
    return visitor() if current_user and current_user.is_authenticated else None


def actor() -> Actor:
    """Who acts in this request."""
    return visitor().actor


def ask_to_sign_in() -> Any:
    """Off to the login, and back; what was typed into a form waits there for its author."""
    path = request.full_path.rstrip("?") if request.method == "GET" else drafts.keep()
    login = "phone_codes.login" if request.path.startswith("/sell") else "sign_in.login"
    return hx.go_to(url_for(login) + "?" + urlencode({"next": safe_path(path)}))


def signed_in(view: View[P]) -> View[P]:
    """For whoever is signed in, whatever they are here."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
        if visitor_or_none() is None:
            return login_manager.unauthorized()
        return view(*args, **kwargs)

    return checked


def member(view: View[P]) -> View[P]:
    """For those who act in a membership, with the second factor that it may demand."""

    @wraps(view)
    @signed_in
    def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
        if visitor().membership is None:
            return redirect(url_for("home.choose"), 303)
        if lacks_second_factor():
            return redirect(url_for("second_factor.setup"), 303)
        return view(*args, **kwargs)

    return checked


def may(right: str) -> Callable[[View[P]], View[P]]:
    """For those whose role or permissions include the right; others are told so, whatever the address names."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        @member
        def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
            actor().require(right)
            return view(*args, **kwargs)

        return checked

    return decorate


def lacks_second_factor() -> bool:
    """Whether staff must set up a second factor first. The demo's people need none: anybody may look around as them."""
    here = visitor()
    needed = config().second_factor == "required" and here.actor.is_staff and not here.person.demo
    return needed and here.person.second_factor_since is None
