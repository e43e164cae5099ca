"""``python -m pwmig`` is the command ``pwmig``."""

import sys

from pwmig.cli import main

sys.exit(main())
