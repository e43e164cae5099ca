"""The migrations' commands: ``python -m scripts.manage_migrations create|migrate|...``, as ``pwmig`` has them."""

import sys

from pwmig.cli import main

if __name__ == "__main__":
    sys.exit(main())
