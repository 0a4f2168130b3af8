"""`python -m referrals.cli`."""

from referrals.cli import main

main()
