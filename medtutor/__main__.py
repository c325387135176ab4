"""``python -m medtutor`` is the command ``medtutor``."""

import sys

from medtutor.cli import main

if __name__ == "__main__":
    sys.exit(main())
