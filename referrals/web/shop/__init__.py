"""The pages of merchants, and of staff who look into a shop (`SPEC §13`)."""

from referrals.web.shop import (
    balance,
    commissions,
    group_buys,
    groups,
    integrations,
    material,
    members,
    orders,
    overview,
    people,
    products,
    relations,
    runs,
    settings,
    shops,
    withdrawals,
)

BLUEPRINTS = (
    shops.blueprint,
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
    members.blueprint,
)
