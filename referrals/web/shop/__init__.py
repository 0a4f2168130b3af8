"""The pages of merchants, and of staff who look into a shop (`SPEC §13`)."""

from referrals.web.shop import (
    balance,
    commissions,
    group_buys,
    groups,
    integrations,
    material,
    orders,
    overview,
    people,
    products,
    relations,
    runs,
    settings,
    withdrawals,
)

BLUEPRINTS = (
    overview.blueprint,
    people.blueprint,
    groups.blueprint,
    orders.blueprint,
    commissions.blueprint,
    balance.blueprint,
    withdrawals.blueprint,
    runs.blueprint,
    settings.blueprint,
    products.blueprint,
    group_buys.blueprint,
    relations.blueprint,
    integrations.blueprint,
    material.blueprint,
)
