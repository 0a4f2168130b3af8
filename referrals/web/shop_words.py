"""The words of shops: what settings, states, reasons and movements of money are called (`SPEC §5–10`)."""

from referrals.wording import N_

SALESPERSON = {
    "applied": N_("Applied"),
    "active": N_("Active"),
    "suspended": N_("Suspended"),
    "left": N_("Left"),
}
SETTING_VALUES = {
    "applications": {
        "automatic": N_("starts at once"),
        "reviewed": N_("waits until you have looked"),
    },
    "validity": {
        "permanent": N_("work for ever (recommended)"),
        "short": N_("stop 15 days after they were shared; QR codes never stop"),
    },
    "binding": {
        "last_click": N_("Last click wins: whoever's link was opened last"),
        "protected": N_("Protected: nobody else's link counts for some days"),
        "first_click": N_("First click for ever"),
    },
    "refunds_after_settlement": {
        "keep": N_("the salesperson keeps the commission"),
        "claw_back": N_("the difference goes back into the store balance"),
    },
}
SETTINGS = {
    "programme": N_("Salesperson programme"),
    "applications": N_("Applications"),
    "rate_bp": N_("Commission rate"),
    "validity": N_("Validity of links"),
    "binding": N_("Binding"),
    "protect_days": N_("Days of protection"),
    "auto_settle": N_("Automatic settlement"),
    "completion_days": N_("Days until completion"),
    "own_purchases_earn": N_("Own purchases earn"),
    "refunds_after_settlement": N_("Refunds after settlement"),
    "minimum_withdrawal_minor": N_("Smallest withdrawal"),
    "leaderboard": N_("Leaderboard"),
    "recruitment_text": N_("Recruitment text"),
    "commission_note": N_("Note on commissions"),
}
COMMISSION = {
    "pending": N_("Pending"),
    "settled": N_("Settled"),
    "by_hand": N_("By hand"),
    "void": N_("Void"),
}
COMMISSION_REASONS = {
    "waiting": N_("Completion"),
    "insufficient_balance": N_("Balance"),
    "failed": N_("Failed"),
    "held": N_("Held back"),
    "cancelled": N_("Cancelled"),
    "refunded": N_("Refunded"),
    "zero": N_("Nothing to earn"),
}
STAGES = {
    "placed": N_("Placed"),
    "paid": N_("Paid by the buyer"),
    "shipped": N_("Shipped"),
    "completed": N_("Completed"),
    "refunded": N_("Refunded"),
    "cancelled": N_("Cancelled"),
}
# Why an order belongs to nobody: the word for lists, and the sentence for its page.
UNATTRIBUTED = {
    "test_order": N_("Test order"),
    "cash_on_delivery": N_("Cash on delivery"),
    "programme_off": N_("Programme off"),
    "no_click": N_("No click"),
    "binding_expired": N_("Binding ended"),
    "salesperson_inactive": N_("Salesperson not active"),
    "own_purchase": N_("Own purchase"),
}
UNATTRIBUTED_SENTENCES = {
    "test_order": N_("The shop marked it as a test order."),
    "cash_on_delivery": N_("It is paid in cash on delivery, which earns nothing."),
    "programme_off": N_("The programme was off when it was placed."),
    "no_click": N_("The buyer had opened no salesperson's link before."),
    "binding_expired": N_("The buyer had belonged to a salesperson, but that had ended when the order was placed."),
    "salesperson_inactive": N_("The salesperson whose customer the buyer was, was not active."),
    "own_purchase": N_("The salesperson bought it themselves, and own purchases earn nothing here."),
}
VIA = {
    "coupon": N_("by coupon code"),
    "binding": N_("by binding"),
    "hand": N_("by hand"),
}
OUTCOMES = {
    "bound": N_("Became a customer"),
    "renewed": N_("Renewed"),
    "protected": N_("Protected for another salesperson"),
    "already_bound": N_("Belonged to another salesperson already"),
    "link_expired": N_("The link had stopped"),
    "salesperson_inactive": N_("The salesperson was not active"),
    "programme_off": N_("The programme was off"),
}
BINDINGS = {
    "last_click": N_("Last click wins"),
    "protected": N_("Protected"),
    "first_click": N_("First click for ever"),
}
COLLECTORS = {
    "platform": N_("The platform"),
    "merchant": N_("The merchant"),
    "cash_on_delivery": N_("Cash on delivery"),
}
EVENTS = {
    "paid": N_("Paid by the buyer"),
    "shipped": N_("Shipped"),
    "completed": N_("Completed"),
    "cancelled": N_("Cancelled"),
    "refunded": N_("Refunded"),
    "amended": N_("Amended"),
    "cashback": N_("Cashback paid"),
}
SOURCES = {
    "api": N_("JSON API"),
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "youzan": "Youzan",
    "csv": N_("CSV file"),
}
DELIVERY = {
    "applied": N_("Taken in"),
    "ignored": N_("Ignored"),
    "parked": N_("Parked"),
}
DELIVERY_REASONS = {
    "unreadable": N_("It cannot be understood"),
    "contradiction": N_("It contradicts what is recorded"),
    "wrong_currency": N_("Another currency than the shop's"),
    "other_topic": N_("Nothing that we need to know"),
    "nothing_told": N_("It tells nothing new"),
    "nothing_refunded": N_("No goods were refunded"),
    "draft": N_("The order was not placed yet"),
    "known": N_("Known already"),
}
ENTRIES = {
    "top_up": N_("Top-up"),
    "pay_back": N_("Taken back"),
    "settlement": N_("Settlement"),
    "by_hand": N_("Settled by hand"),
    "clawback": N_("Clawed back"),
    "withdrawal": N_("Withdrawal requested"),
    "withdrawal_refused": N_("Withdrawal refused"),
    "withdrawal_paid": N_("Withdrawal paid"),
    "earning": N_("Earning"),
    "payout": N_("Payout"),
    "payout_paid": N_("Payout paid"),
    "payout_failed": N_("Payout failed"),
    "payout_outside": N_("Paid by hand"),
    "adjustment": N_("Adjustment"),
}
WITHDRAWAL = {
    "requested": N_("To pay"),
    "paid": N_("Paid out"),
    "refused": N_("Turned down"),
}
RUN = {
    "running": N_("Running"),
    "done": N_("Done"),
    "stopped": N_("Stopped"),
}
STARTED_BY = {
    "schedule": N_("By itself"),
    "top_up": N_("After a top-up"),
    "hand": N_("By hand"),
    "api": N_("By the JSON API"),
    "command": N_("By a command"),
}
PAID_FROM = {
    "balance": N_("from the store balance"),
    "outside": N_("outside of this system"),
}
REATTRIBUTION = {
    "agreed": N_("Both salespeople agreed"),
    "wrong_person": N_("It was booked to the wrong person"),
    "customer_says": N_("The buyer named the salesperson"),
    "own_purchase": N_("The salesperson bought it themselves"),
    "other": N_("Something else, see the note"),
}
RATE_SOURCES = {
    "product": N_("rate of the product"),
    "salesperson": N_("rate of the salesperson"),
    "group": N_("rate of the group"),
    "shop": N_("rate of the shop"),
}
SUPERSEDED = {
    "join": N_("Two customers turned out to be one"),
    "click": N_("A click came to light later"),
}
BADGES = {
    "applied": "submitted", "active": "awarded", "suspended": "in_progress", "left": "ended",
    "pending": "submitted", "settled": "awarded", "by_hand": "in_progress", "void": "ended",
    "waiting": "submitted", "insufficient_balance": "in_progress", "failed": "ineligible", "held": "ended",
    "cancelled": "ineligible", "refunded": "ineligible", "zero": "ended",
    "placed": "ended", "paid": "submitted", "shipped": "in_progress", "completed": "awarded",
    "parked": "ineligible", "ignored": "ended", "requested": "in_progress", "refused": "ineligible",
    "running": "in_progress", "done": "awarded", "stopped": "ineligible",
}  # fmt: skip


def badge_of(state: str) -> str:
    """Which colour stands for a state, besides its word."""
    return BADGES.get(state, "ended")
