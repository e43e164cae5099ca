"""The operations of migrations on MariaDB and MySQL."""
