"""The words of the products and reasons that a new programme begins with.

They stand in the database, where administrators can change them; here they are marked, so that they are translated
while they stand unchanged. A test holds this list against the migration that writes them.
"""

from referrals.wording import N_

WORDS = (
    N_("Plus"),
    N_("POS"),
    N_("Annual revenue"),
    N_("Under $250,000"),
    N_("$250,000–1 million"),
    N_("$1–5 million"),
    N_("$5–20 million"),
    N_("Over $20 million"),
    N_("Monthly orders"),
    N_("Under 100"),
    N_("100–1,000"),
    N_("1,000–10,000"),
    N_("Over 10,000"),
    N_("Number of locations"),
    N_("Go-live date"),
    N_("Belongs to another partner"),
    N_("Another partner registered this business before you."),
    N_("Could not be reached"),
    N_("We could not reach the contact you named."),
    N_("Not interested"),
    N_("The business told us that it is not interested."),
    N_("Terms not met"),
    N_("The business does not meet the referral terms."),
    N_("Already a customer"),
    N_("The business is already a customer of ours."),
    N_("Outside our market"),
    N_("We do not serve the country or line of business of this lead."),
    N_("Other"),
    N_("Decided earlier"),
    N_("This was decided before the programme moved here."),
)
