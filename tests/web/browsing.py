"""A browser without JavaScript for tests: it sends tokens as pages do, and checks every page's hygiene."""

import re
from contextvars import Context
from typing import Any

from babel.messages.mofile import read_mo
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from referrals.config import ROOT
from referrals.db import session
from referrals.people.rules import Actor
from tests.making import Making

HTMX = {"HX-Request": "true"}


class Page:
    """An answer: its status, headers, and what stands on it."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.get_data(as_text=True)
        self.soup = BeautifulSoup(self.text, "html.parser")
        if response.mimetype == "text/html" and self.text and not 300 <= self.status < 400:
            is_mail = "<html" in self.text and "css/app.css" not in self.text
            if not is_mail:
                self.check_hygiene(is_page="<html" in self.text)

    def check_hygiene(self, *, is_page: bool) -> None:
        if is_page:
            assert len(self.soup.find_all("html")) == len(self.soup.select("head > title")) == 1
            assert len(self.soup.find_all("main")) == len(self.soup.find_all("h1")) == 1
        ids = [element["id"] for element in self.soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)
        self.check_labels(set(ids))
        assert not self.soup.find_all("style"), "style in a page"
        assert not [script for script in self.soup.find_all("script") if not script.get("src")], "script in a page"
        for form in self.soup.find_all("form", method=re.compile("post", re.IGNORECASE)):
            assert form.find("input", attrs={"name": "csrf_token"}), form

    def check_labels(self, ids: set[Any]) -> None:
        targets = {label.get("for") for label in self.soup.find_all("label")}
        for field in self.soup.find_all(["input", "select", "textarea"]):
            if field.get("type") in {"hidden", "submit"}:
                continue
            labelled = field.get("id") in targets or field.find_parent("label") or field.get("aria-label")
            assert labelled, field
            for name in str(field.get("aria-describedby", "")).split():
                assert name in ids, name

    def one(self, selector: str) -> Tag:
        """The one element that the selector names."""
        found = self.soup.select(selector)
        assert len(found) == 1, f"{selector}: {len(found)} on\n{self.words[:600]}"
        return found[0]

    def all(self, selector: str) -> list[str]:
        """The texts of the elements that the selector names."""
        return [" ".join(element.get_text(" ", strip=True).split()) for element in self.soup.select(selector)]

    @property
    def words(self) -> str:
        """Everything a person reads, in one line."""
        return " ".join(self.soup.get_text(" ", strip=True).split())

    @property
    def rows(self) -> list[str]:
        """The references of the leads in the table."""
        return [str(row["data-lead"]) for row in self.soup.select("tr[data-lead]")]

    def error(self, field: str) -> str:
        """The sentence beside a form field."""
        element = self.one(f'[name="{field}"]')
        described = str(element.get("aria-describedby", "")).split()
        texts = [self.one(f"#{name}").get_text(strip=True) for name in described if name.endswith("-error")]
        return " ".join(texts)

    @property
    def token(self) -> str:
        return str(self.soup.select_one('input[name="csrf_token"]')["value"])  # type: ignore[index]


class Browser:
    """Visits pages as somebody, or as nobody."""

    def __init__(self, make: Making, actor: Actor | None = None, language: str = "en") -> None:
        self.client: FlaskClient = make.client(actor)
        self.language = language
        self.token = ""

    @property
    def app(self) -> Flask:
        return self.client.application

    def get(self, path: str, **headers: str) -> Page:
        """Visit a page."""
        return self.seen(self.call("GET", path, headers={"Accept-Language": self.language, **headers}))

    def call(self, method: str, path: str, **request: Any) -> TestResponse:
        """Send a request as it comes from outside: in a context, and so a database session, of its own."""
        session.rollback()
        response: TestResponse = Context().run(lambda: self.client.open(path, method=method, **request))
        return response

    def fragment(self, path: str) -> Page:
        """Ask for a part of a page, as HTMX does."""
        return self.get(path, **HTMX)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: Any) -> Page:
        """Send a form with a token of ours."""
        if not self.token:
            self.get("/account/password" if self.signed_in else "/login")
        sent = {"Accept-Language": self.language, **(headers or {})}
        return self.seen(self.call("POST", path, data={"csrf_token": self.token, **fields}, headers=sent))

    @property
    def signed_in(self) -> bool:
        with self.client.session_transaction() as cookie:
            return "_user_id" in cookie

    def seen(self, response: TestResponse) -> Page:
        page = Page(response)
        if page.soup.select_one('input[name="csrf_token"]'):
            self.token = page.token
        return page


def english_left_over(page: Page, language: str) -> list[str]:
    """English sentences on a page of another language, where the catalogue has a translation for them."""
    with (ROOT / f"referrals/translations/{language}/LC_MESSAGES/messages.mo").open("rb") as stream:
        catalogue = {
            message.id: message.string
            for message in read_mo(stream)
            if isinstance(message.id, str) and message.id and message.string != message.id
        }
    for brand in page.soup.select(".brand"):
        brand.extract()
    shown = [" ".join(text.split()) for text in page.soup.stripped_strings]
    shown += [
        str(tag[name])
        for name in ("placeholder", "title", "aria-label")
        for tag in page.soup.find_all(attrs={name: True})
    ]
    return [text for text in shown if text in catalogue]
