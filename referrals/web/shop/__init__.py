"""The pages of merchants, and of staff who look into a shop (`SPEC §13`)."""
