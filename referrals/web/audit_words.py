"""What the audit log calls things."""

from flask_babel import gettext

from referrals.wording import N_

ACTIONS = {
    "contact_erased": N_("Contact of a lead erased"),
    "email_changed": N_("E-mail changed"),
    "hook_added": N_("Webhook added"),
    "hook_changed": N_("Webhook changed"),
    "hook_removed": N_("Webhook removed"),
    "hook_secret_renewed": N_("Secret of a webhook renewed"),
    "hook_switched_off": N_("Webhook switched off"),
    "hook_switched_on": N_("Webhook switched on"),
    "invitation_withdrawn": N_("Invitation withdrawn"),
    "key_made": N_("API key made"),
    "key_revoked": N_("API key revoked"),
    "membership_changed": N_("Membership changed"),
    "merchant_added": N_("Member of a shop added"),
    "partner_created": N_("Partner created"),
    "partner_renamed": N_("Partner renamed"),
    "password_changed": N_("Password changed"),
    "payment_method_set": N_("Payment method set"),
    "payout_method_set": N_("Pay-out address of a partner set"),
    "permissions_changed": N_("Permissions changed"),
    "person_erased": N_("Person erased"),
    "product_saved": N_("Product saved"),
    "product_texts_saved": N_("Words of a product saved"),
    "programme_changed": N_("Programme setting changed"),
    "rate_set": N_("Rate set"),
    "reason_saved": N_("Reason saved"),
    "referral_closed": N_("Referral closed"),
    "referral_link_made": N_("Referral link made"),
    "referral_plan_changed": N_("Plan of a referral corrected"),
    "referral_recorded": N_("Referral recorded"),
    "referral_reopened": N_("Referral taken up again"),
    "rule_added": N_("Assignment rule added"),
    "rule_removed": N_("Assignment rule removed"),
    "salesperson_changed": N_("Salesperson changed"),
    "second_factor_removed": N_("Second factor removed"),
    "second_factor_set": N_("Second factor set up"),
    "settings_changed": N_("Settings of a shop changed"),
    "shop_created": N_("Shop created"),
    "shop_renamed": N_("Shop renamed"),
    "shop_time_zone_set": N_("Time zone of a shop set"),
    "staff_added": N_("Staff member added"),
    "store_added": N_("Store added to the registry"),
    "store_builder_set": N_("Partner set who builds a store"),
    "store_changed": N_("Store corrected"),
    "store_closed": N_("Store closed"),
    "store_handed_over": N_("Store handed over"),
    "store_owner_erased": N_("Owner of a store erased"),
    "store_registered": N_("Store registered by a partner"),
    "store_reopened": N_("Store taken up again"),
    "terms_added": N_("Terms of earnings added"),
    "upgrade_terms_added": N_("Terms of upgrades changed"),
    "webhook_secret_set": N_("Webhook secret set"),
}


def action_words(action: str) -> str:
    """An action in the reader's language."""
    return gettext(ACTIONS[action]) if action in ACTIONS else action
