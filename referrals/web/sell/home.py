"""The first page of a salesperson: balance, link, today, the latest orders (`SPEC §5`)."""

from flask import Blueprint, Response

from referrals.web.sell.ground import show
from referrals.web.visitor import may

blueprint = Blueprint("sell_home", __name__)


@blueprint.get("/sell")
@may("sell")
def index() -> Response:
    """How things stand, and what to do next."""
    return show("sell/home.html")
