"""What a salesperson earns by an order: the arithmetic, and the commissions (`SPEC §8`, §9)."""
