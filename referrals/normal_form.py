"""The normal form of searched text (`API`: last paragraph; `SPEC §2` Table)."""

import unicodedata

SPELLED = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})


def normal_form(text: str) -> str:
    """NFKC, casefold, Latin letters without their marks; other scripts keep theirs.

    Two texts that a person would call the same without regard to letter case and to accents on Latin letters have
    one normal form. Applying it twice changes nothing.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    spelled = without_latin_marks(folded).translate(SPELLED)
    return unicodedata.normalize("NFKC", spelled)


def without_latin_marks(text: str) -> str:
    kept: list[str] = []
    after_latin = False
    for letter in unicodedata.normalize("NFD", text):
        if unicodedata.combining(letter):
            if after_latin:
                continue
        else:
            after_latin = is_latin(letter)
        kept.append(letter)
    return "".join(kept)


def is_latin(letter: str) -> bool:
    return letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN ")
