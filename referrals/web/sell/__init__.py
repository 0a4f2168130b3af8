"""What salespeople see, made for a phone (`SPEC §5, §13`)."""

from referrals.web.sell import home

BLUEPRINTS = (home.blueprint,)
