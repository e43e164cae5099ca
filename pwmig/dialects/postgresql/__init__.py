"""PostgreSQL's room."""
