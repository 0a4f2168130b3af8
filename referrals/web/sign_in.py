"""Signing in and out, with a second factor where there is one (`SPEC §1`, `API` pages)."""

import secrets
from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import reading, session
from referrals.errors import RuleBroken
from referrals.people.models import Person
from referrals.people.queries import get_person
from referrals.people.sign_in import check_code, check_password, close_sign_in, open_sign_in
from referrals.people.tokens import digest
from referrals.web import hx, limits
from referrals.web.forms.people import CodeForm, LoginForm
from referrals.web.house import passwords, second_factors
from referrals.web.language import chosen_language
from referrals.web.safe_urls import safe_path
from referrals.web.security import client_ip
from referrals.web.visitor import forget, remember, signed_in, visitor, visitor_or_none

blueprint = Blueprint("sign_in", __name__)
CODE_WITHIN = timedelta(minutes=10)


@blueprint.get("/login")
def login() -> AnyResponse:
    """The login form; for whoever is signed in already, home."""
    if visitor_or_none() is not None:
        return redirect(safe_path(request.args.get("next")), 303)
    return login_page(LoginForm())


@blueprint.post("/login")
@limits.failed_logins_by_address
@limits.failed_logins
def check() -> AnyResponse:
    """Check e-mail and password. The slow part holds no lock."""
    form = LoginForm()
    if not form.validate():
        return login_page(form, 422)
    try:
        with reading():
            person_id = check_password(form.email.data, form.password.data, passwords()).id
    except RuleBroken as broken:
        form.put(broken)
        return login_page(form, 422)
    return admit(get_person(person_id), safe_path(request.args.get("next")))


def login_page(form: LoginForm, status: int = 200) -> Response:
    return hx.render("sign_in/login.html", "sign_in/login.html", status, form=form)


def admit(person: Person, target: str) -> AnyResponse:
    """Let in whoever gave the right password: at once, or by the second factor where there is one."""
    if person.second_factor_since is None:
        return enter(person, target)
    session.commit()
    cookie["half_signed_in"] = [person.id, now().isoformat(), target, fingerprint(person)]
    return redirect(url_for("sign_in.second_factor"), 303)


def enter(person: Person, target: str) -> AnyResponse:
    """Sign the browser in and go where the visitor wanted to be."""
    at = now()
    token = open_sign_in(person, at=at, ip=client_ip(), user_agent=request.headers.get("User-Agent", ""))
    person.seen_language = chosen_language()
    session.commit()
    remember(token)
    return redirect(target, 303)


@blueprint.get("/login/second-factor")
def second_factor() -> AnyResponse:
    """The form for the code."""
    if half_signed_in() is None:
        return redirect(url_for("sign_in.login"), 303)
    return code_page(CodeForm())


@blueprint.post("/login/second-factor")
@limits.codes_by_address
@limits.codes
def check_second_factor() -> AnyResponse:
    """Check the code and sign in."""
    half = half_signed_in()
    if half is None:
        return redirect(url_for("sign_in.login"), 303)
    person_id, target, password_then = half
    form = CodeForm()
    if not form.validate():
        return code_page(form, 422)
    person = get_person(person_id)
    if not secrets.compare_digest(fingerprint(person), password_then):
        return redirect(url_for("sign_in.login"), 303)
    try:
        check_code(person, form.code.data, second_factors(), at=now())
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "code")
        return code_page(form, 422)
    return enter(person, target)


def code_page(form: CodeForm, status: int = 200) -> Response:
    return hx.render("sign_in/code.html", "sign_in/code.html", status, form=form)


def fingerprint(person: Person) -> str:
    """By which a change of the password is noticed between password and code."""
    return digest(person.password_hash or "")


def half_signed_in() -> tuple[int, str, str] | None:
    """Who has given the right password a moment ago, where they want to be, and the password's fingerprint."""
    half = cookie.get("half_signed_in")
    if not half or now() - datetime.fromisoformat(half[1]) > CODE_WITHIN:
        return None
    return int(half[0]), str(half[2]), str(half[3])


@blueprint.post("/logout")
@signed_in
def logout() -> AnyResponse:
    """Sign this browser out."""
    here = visitor()
    close_sign_in(here.sign_in.id, here.person.id, at=now())
    session.commit()
    forget()
    return hx.go_to(url_for("sign_in.login"))
