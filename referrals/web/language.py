"""In which language a person is served: profile, then cookie, then what the browser asks for (`SPEC §17`)."""

from flask import Flask, g, request
from flask_babel import Babel, get_locale

from referrals.web.visitor import visitor_or_none

# Code in profile and cookie -> its own name, as people look for it.
LANGUAGES = {
    "en": "English",
    "th": "ไทย",
    "pl": "Polski",
    "vi": "Tiếng Việt",
    "tr": "Türkçe",
    "zh": "简体中文",
}
SPELLINGS = {"zh-hans": "zh", "zh-cn": "zh", "zh-sg": "zh", "zh-hans-cn": "zh", "zh-hans-sg": "zh"}
COOKIE = "language"


def init_app(app: Flask) -> None:
    """Let texts follow the visitor's language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{app.root_path}/translations"
    Babel(app, locale_selector=chosen_language)


def chosen_language() -> str:
    """The language of this request."""
    if "language" not in g:
        here = visitor_or_none()
        chosen = (here.person.language if here else None) or request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else asked_for()
    found: str = g.language
    return found


def asked_for() -> str:
    for tag, _quality in request.accept_languages:
        plain = SPELLINGS.get(tag.lower(), tag.lower().split("-")[0])
        if tag.lower().startswith(("zh-hant", "zh-tw", "zh-hk", "zh-mo")):
            continue
        if plain in LANGUAGES:
            return plain
    return "en"


def language() -> str:
    """The code of the language that texts are in just now, also while a mail is written for somebody else."""
    locale = get_locale()
    return locale.language if locale is not None else "en"


def html_language() -> str:
    """As the `lang` of the page says it."""
    return "zh-Hans" if language() == "zh" else language()


def text_direction() -> str:
    """Which way the page reads."""
    locale = get_locale()
    return locale.text_direction if locale is not None else "ltr"
