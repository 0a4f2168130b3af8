"""Why a commission is what it is, in one line: ¥88.00 − ¥8.00 cashback = ¥80.00 × 10 %."""

from flask_babel import gettext

from referrals.listing import AnyRow
from referrals.web.filters import amount, percent


def why(row: AnyRow) -> str:
    """The line of a row of `CommissionList`; the page of the commission tells the whole story."""
    currency = row.currency
    cashback = min(row.cashback_minor or 0, max(0, row.goods_minor - row.base_minor))
    refunded = max(0, row.goods_minor - row.base_minor - cashback)
    text = amount(row.goods_minor, currency)
    if refunded:
        text = gettext("%(goods)s − %(amount)s refunded", goods=text, amount=amount(refunded, currency))
    if cashback:
        text = gettext("%(goods)s − %(amount)s cashback", goods=text, amount=amount(cashback, currency))
    if refunded or cashback:
        text = f"{text} = {amount(row.base_minor, currency)}"
    if row.rate_bp is None:
        return gettext("%(base)s × several rates", base=text)
    return f"{text} × {percent(row.rate_bp)}"
