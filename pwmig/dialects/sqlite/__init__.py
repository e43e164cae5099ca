"""SQLite's room: the embedded default."""
