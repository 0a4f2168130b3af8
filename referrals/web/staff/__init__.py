"""Pages for sales representatives and administrators."""
