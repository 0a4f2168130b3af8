"""The registry of stores on the operator's platform, and stores that partners build for merchants (`SPEC §3`, §4)."""
