"""Calls of the API with a shop's key, as other programs make them."""

from contextvars import Context
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from referrals.db import session


class Caller:
    """A program with a bearer key."""

    def __init__(self, app: Flask, key: str) -> None:
        self.client = app.test_client()
        self.key = key

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a call as it comes from outside: in a context, and so a database session, of its own."""
        session.rollback()
        headers = {"Authorization": f"Bearer {self.key}"} | headers
        answer: TestResponse = Context().run(
            lambda: self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        )
        return answer

    def get(self, path: str, **headers: str) -> Any:
        """The JSON that a GET is answered with; it must succeed."""
        return self.good("GET", path, **headers)

    def good(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON that a call is answered with; it must succeed."""
        answer = self(method, path, body, **headers)
        assert answer.status_code < 300, (answer.status_code, answer.get_data(as_text=True))
        return answer.get_json()


def cny(amount: str) -> dict[str, str]:
    """An amount of yuan as JSON writes it."""
    return {"amount": amount, "currency": "CNY"}
