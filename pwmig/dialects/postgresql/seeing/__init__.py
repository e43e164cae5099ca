"""What a PostgreSQL database holds: its schema, and rows of its tables."""
