"""Texts that people type or programs send, read so that what is wrong is told beside its field (`SPEC §18`)."""

from referrals.values import UnreadableCharacters, clean_text


def cleaned(text: str, field: str, *, lines: bool = False) -> str:
    """The text as it is stored; raises UnreadableCharacters, naming the field."""
    try:
        return clean_text(text, lines=lines)
    except UnreadableCharacters:
        raise UnreadableCharacters(field=field) from None
