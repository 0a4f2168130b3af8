"""What a shop gives its salespeople: material to promote with, and questions and answers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.people.rules import Actor
from referrals.shops.models import Material, Question, Shop
from referrals.shops.typed import cleaned
from referrals.values import LONGEST_URL, NotAWebsite, parse_website
from referrals.wording import N_

# Shown in the reader's language as long as the merchant has not changed them.
FIRST_QUESTIONS = (
    (
        N_("How do I earn a commission?"),
        N_(
            "Share a link or a QR code from this page. Whoever opens it becomes your customer, and you earn a "
            "commission on what they order from then on."
        ),
    ),
    (
        N_("When is a commission paid?"),
        N_(
            "A commission is pending until the order is completed: some days after it was shipped. It is then "
            "settled into your balance, from which you can withdraw it."
        ),
    ),
    (
        N_("What happens when a customer returns something?"),
        N_("You earn on what the customer keeps. A commission shrinks with each refund before it is settled."),
    ),
    (
        N_("Why is a customer not mine any more?"),
        N_(
            "They may have opened another salesperson's link since. Share your link again: when they open it, and "
            "the shop's rules allow it, they come back to you."
        ),
    ),
    (
        N_("Do I earn when I buy something myself?"),
        N_("Only if the shop allows it. Otherwise orders with your own phone number or e-mail earn nothing."),
    ),
)
LONGEST_TITLE = 200
LONGEST_TEXT = 10_000


class Incomplete(RuleBroken):
    """A field that must not be empty is, or is too long."""

    sentence = N_("Write something here, and not more than fits on a page.")


def material_of(shop_id: int) -> Sequence[Material]:
    """The material of a shop, in its order."""
    return session.scalars(
        select(Material).where(Material.shop_id == shop_id).order_by(Material.position, Material.id)
    ).all()


def get_material(shop_id: int, material_id: int) -> Material:
    """One piece of a shop's material; raises NotFound."""
    found = session.scalar(select(Material).where(Material.id == material_id, Material.shop_id == shop_id))
    if found is None:
        raise NotFound
    return found


def put_material(
    shop: Shop,
    material: Material | None,
    *,
    title: str,
    text: str,
    picture_url: str,
    target: str,
    by: Actor,
    at: datetime,
) -> Material:
    """Add a piece of material, or change one. `target` is what its share link leads to. Raises what is wrong."""
    by.require("manage")
    title, text = filled(title, LONGEST_TITLE, "title"), cleaned(text, "text", lines=True)
    if len(text) > LONGEST_TEXT:
        raise Incomplete(field="text")
    picture_url = checked_picture(picture_url)
    if material is None:
        material = Material(shop_id=shop.id, created_at=at, position=next_position(Material, shop.id))
        session.add(material)
    material.title, material.text, material.picture_url = title, text, picture_url
    material.target = target.strip() or "shop"
    session.flush()
    return material


def drop_material(material: Material, *, by: Actor) -> None:
    """Take a piece of material away."""
    by.require("manage")
    session.delete(material)
    session.flush()


def questions_of(shop_id: int) -> Sequence[Question]:
    """The questions of a shop, in its order."""
    return session.scalars(
        select(Question).where(Question.shop_id == shop_id).order_by(Question.position, Question.id)
    ).all()


def get_question(shop_id: int, question_id: int) -> Question:
    """One of a shop's questions; raises NotFound."""
    found = session.scalar(select(Question).where(Question.id == question_id, Question.shop_id == shop_id))
    if found is None:
        raise NotFound
    return found


def put_question(shop: Shop, known: Question | None, *, question: str, answer: str, by: Actor) -> Question:
    """Add a question with its answer, or change one. Raises Incomplete."""
    by.require("manage")
    question, answer = filled(question, LONGEST_TITLE, "question"), filled(answer, LONGEST_TEXT, "answer")
    if known is None:
        known = Question(shop_id=shop.id, position=next_position(Question, shop.id))
        session.add(known)
    known.question, known.answer = question, answer
    session.flush()
    return known


def drop_question(question: Question, *, by: Actor) -> None:
    """Take a question away."""
    by.require("manage")
    session.delete(question)
    session.flush()


def add_first_questions(shop: Shop) -> None:
    """Give a new shop the questions that every salesperson asks."""
    session.add_all(
        Question(shop_id=shop.id, question=question, answer=answer, position=position)
        for position, (question, answer) in enumerate(FIRST_QUESTIONS)
    )
    session.flush()


def filled(text: str, longest: int, field: str) -> str:
    text = cleaned(text, field, lines=True)
    if not text or len(text) > longest:
        raise Incomplete(field=field)
    return text


def checked_picture(url: str) -> str:
    if not url.strip():
        return ""
    try:
        return parse_website(url[: LONGEST_URL + 1])
    except NotAWebsite:
        raise NotAWebsite(field="picture_url") from None


def next_position(table: type[Material | Question], shop_id: int) -> int:
    last = session.scalar(select(func.max(table.position)).where(table.shop_id == shop_id))
    return 0 if last is None else last + 1
