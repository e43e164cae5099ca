"""The operations of migrations on PostgreSQL."""
