"""What a SQLite database holds: its schema whole, and sample rows by key."""
