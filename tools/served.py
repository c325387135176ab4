"""Jupyter's settings where the course is served to others: in a container, on a hub.

``jupyter lab --config=tools/served.py`` and ``jupyterhub-singleuser --config=tools/served.py`` do
before they start what `medtutor lab` does: they bring the learner's copies up to date, in
``~/my-lessons`` unless ``MEDTUTOR_WORKSPACE`` names another folder, and serve them.
"""

import os
import sys

from medtutor import paths, workspace
from medtutor.errors import MedtutorError
from medtutor.exercises.registry import PROGRESS

os.environ.setdefault("MEDTUTOR_WORKSPACE", "~/my-lessons")
try:
    folder, messages = workspace.refresh()
except MedtutorError as error:  # without this, Jupyter would serve whatever folder it stands in
    sys.exit(f"medtutor: {error}")
print(*messages, sep="\n", flush=True)
os.environ["MEDTUTOR_WORKSPACE"] = str(paths.workspace())
os.environ[PROGRESS] = str(workspace.progress_file())

c = get_config()  # type: ignore[name-defined]  # noqa: F821 -- Jupyter puts it here
c.ServerApp.root_dir = str(folder)
c.LabApp.default_url = "/lab/tree/00_start_here.ipynb"
c.LabApp.news_url = None  # without these two, JupyterLab asks the network at every start
c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
