"""What PostgreSQL and MariaDB share: rows, copies and redirected connections of a database behind a server."""
