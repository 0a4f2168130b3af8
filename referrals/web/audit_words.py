"""What the audit log calls things."""

from flask_babel import gettext

from referrals.wording import N_

ACTIONS = {
    "contact_erased": N_("Contact of a lead erased"),
    "email_changed": N_("E-mail changed"),
    "invitation_withdrawn": N_("Invitation withdrawn"),
    "key_made": N_("API key made"),
    "key_revoked": N_("API key revoked"),
    "membership_changed": N_("Membership changed"),
    "partner_created": N_("Partner created"),
    "partner_renamed": N_("Partner renamed"),
    "password_changed": N_("Password changed"),
    "permissions_changed": N_("Permissions changed"),
    "person_erased": N_("Person erased"),
    "product_saved": N_("Product saved"),
    "product_texts_saved": N_("Words of a product saved"),
    "programme_changed": N_("Programme setting changed"),
    "reason_saved": N_("Reason saved"),
    "rule_added": N_("Assignment rule added"),
    "rule_removed": N_("Assignment rule removed"),
    "second_factor_removed": N_("Second factor removed"),
    "second_factor_set": N_("Second factor set up"),
    "staff_added": N_("Staff member added"),
}


def action_words(action: str) -> str:
    """An action in the reader's language."""
    return gettext(ACTIONS[action]) if action in ACTIONS else action
