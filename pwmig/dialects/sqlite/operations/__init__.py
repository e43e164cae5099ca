"""How pwmig's migrator carries out its operations on SQLite, and what guards them."""
