"""The command ``medtutor federate``: a real federation on this machine, from keys to results."""

import argparse

from medtutor import paths


def main(chosen: argparse.Namespace) -> int:
    """Run the command; the app and what starts it are in the course's `federation` folder."""
    return paths.load(paths.root() / "federation" / "deploy.py").main(chosen)
