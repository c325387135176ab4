"""Write the checksums of the bundled files into the registry: ``python data/make/checksums.py``."""

import re

from medtutor import paths
from medtutor.datasets import registry


def refresh() -> list[str]:
    """Write size and SHA-256 of bundled files into the registry; name the lines that changed."""
    text = old = registry.path().read_text(encoding="utf-8")
    changed = []
    for source in registry.sources().values():
        if source.downloaded or source.package:
            continue
        for file in source.files:
            there = paths.data() / file.path
            if not there.is_file():
                continue
            line = (
                f'{{ path = "{file.path}", hash = "{registry.digest(there, "sha256")}", '
                f"size = {there.stat().st_size} }}"
            )
            before = text
            text = re.sub(rf'\{{ path = "{re.escape(file.path)}",[^}}]*\}}', line, text)
            if text != before:
                changed.append(file.path)
    if text != old:
        paths.write_text(registry.path(), text)
        registry.sources.cache_clear()
    return changed


if __name__ == "__main__":
    print("\n".join(refresh()) or "nothing has changed")
