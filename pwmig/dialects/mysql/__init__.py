"""MariaDB's and MySQL's room."""
