"""What platforms send, read as our own orders and events."""
