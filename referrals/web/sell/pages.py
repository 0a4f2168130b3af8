"""All pages of salespeople."""

from referrals.web.sell import home, profile, selling, sharing, wallet

BLUEPRINTS = (home.blueprint, sharing.blueprint, selling.blueprint, wallet.blueprint, profile.blueprint)
