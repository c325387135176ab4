"""``python -m medtutor.datasets``: write the checksums of the bundled files into the registry."""

from medtutor.datasets import registry

if __name__ == "__main__":
    print("\n".join(registry.refresh()) or "nothing has changed")
