"""Mail and notifications: rows written in the transaction of what they tell of, sent later (P16)."""
