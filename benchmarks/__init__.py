"""What pwmig costs beside ``pwmigrate``, the runner that Peewee brings along: ``python -m benchmarks``."""
