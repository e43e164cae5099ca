"""What a MariaDB or MySQL database holds, as records."""
