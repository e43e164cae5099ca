"""The operations of migrations, as PostgreSQL and MariaDB share them."""
