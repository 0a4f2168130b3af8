"""What partners earn: terms as versions, earnings from revenue and leads, each booked and explained (`SPEC §4`)."""
