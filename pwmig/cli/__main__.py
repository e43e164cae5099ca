"""``python -m pwmig.cli`` is the command ``pwmig`` too."""

import sys

from pwmig.cli import main

sys.exit(main())
