"""What salespeople see, made for a phone (`SPEC §5, §13`)."""

from referrals.web.sell import home, profile, selling, sharing, wallet

BLUEPRINTS = (home.blueprint, sharing.blueprint, selling.blueprint, wallet.blueprint, profile.blueprint)
