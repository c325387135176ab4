# make lab        learn: opens the lessons in JupyterLab
# make lab LANGUAGE=zh   the same in Chinese; so does make course
# make test       prove: style, types, tests, and every lesson against its stored outputs
# make course     run every lesson from end to end, without a browser
# make setup      only install
# make notebooks  for authors: re-execute the lessons in place (LESSONS="07 08" for some)
# make sturdy     for authors: every lesson alone under hard conditions (LESSONS="07 08" for some)
# make bench      for authors: measure speed and memory again, and renew the pages that say them
# make book       build the site of the course: open book/_build/html/index.html
# make browse     open every page of the site in a browser without a network, and report what is wrong
# make frameworks add JAX in an environment of its own, for lesson 22 (EXTRA=torch: PyTorch as well)
# make lock       for authors: resolve the two locks anew
#
# Each of them first makes .venv from uv.lock, if it is not there or the lock has changed
# (INSTALLER=pip: with pip, from requirements.lock).

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
INSTALLER ?= uv
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
FRAMEWORKS := .venv-frameworks
# From the command line only: the system has a variable of this name for its own lists.
SPOKEN := $(if $(filter command%,$(origin LANGUAGE)),--language $(LANGUAGE))
UV := $(shell sed -n 's/.*"\(uv==[0-9.]*\)".*/\1/p' pyproject.toml)
export PYTHONHASHSEED := 0
# Where it is set, as in many containers, every process compiles TensorFlow's sources once more:
# it takes three times as long to start.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never

.PHONY: install-with-uv install-with-pip book-en book-zh test-deployment test-package test-types help lab course test notebooks sturdy bench frameworks book browse lock setup clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

setup: $(READY)

$(READY): uv.lock requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	  || { echo "Python 3.11 or 3.12 is needed; found: $$("$(PYTHON)" --version 2>&1 || echo none). Say which with: make lab PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up: making $(VENV) with $$("$(PYTHON)" --version)"
	@rm -f $(READY)
	@"$(PYTHON)" -m venv --clear $(VENV) \
	  || { echo "The module venv does not work here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up: installing the libraries with $(INSTALLER) (about 1 GB to download, once)"
	@$(MAKE) --no-print-directory install-with-$(INSTALLER) \
	  || { echo "The libraries could not be installed. Is there a network? Run the same command again: what has arrived is kept."; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $(READY)
	@echo "Setting up: done"

# uv reads uv.lock and takes a tenth of pip's time; pip reads the same releases and hashes from
# requirements.lock and is there for rooms that bring their own wheels (see book/teach/index.md).
install-with-uv:
	@$(BIN)/python -m pip install --quiet --progress-bar off $(UV)
	@VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT="$(CURDIR)/$(VENV)" $(BIN)/python -m uv sync --quiet --frozen --inexact \
	  --extra dev --no-install-project --python $(BIN)/python

install-with-pip:
	@$(BIN)/python -m pip install --quiet --progress-bar off --require-hashes --no-deps -r requirements.lock

lab: $(READY)
	@$(BIN)/medtutor lab $(LAB) $(SPOKEN)

course: $(READY)
	@echo "Running every lesson; the executed notebooks go to results/course"
	@$(BIN)/medtutor course $(LESSONS) $(SPOKEN)

test: $(READY)
	@echo "1 of 4: style"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "2 and 3 of 4, side by side: the package; types, and the arrows between the rooms"
	@$(MAKE) --no-print-directory -j3 test-deployment test-package test-types
	@echo "4 of 4: every lesson against its stored outputs"
	@MEDTUTOR_THREADS=1 $(BIN)/python tools/compare.py

# Side by side: a real federation mostly waits for its processes, and types are one process.
DEPLOYMENT := tests/privacy/test_deployment.py

test-deployment:
	@$(BIN)/python -m pytest -q $(DEPLOYMENT)

test-package:
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --ignore $(DEPLOYMENT)

test-types:
	@$(BIN)/mypy && $(BIN)/lint-imports --no-cache

notebooks: $(READY)
	@$(BIN)/python tools/store.py $(LESSONS)

# ALSO=/path/to/python3.12 of an environment with the locked packages: under that Python as well.
sturdy: $(READY)
	@$(BIN)/python tools/sturdy.py $(if $(ALSO),--also $(ALSO)) $(LESSONS)

# ONLY="steps goals": only these. REAL=/path: ingestion on data of real people as well.
bench: $(READY)
	@$(BIN)/python benchmarks/bench.py $(if $(ONLY),--only $(ONLY)) $(if $(REAL),--real $(REAL))

frameworks: $(FRAMEWORKS)/ready
	@[ -z "$(EXTRA)" ] || $(FRAMEWORKS)/bin/python -m pip install --quiet --progress-bar off $(EXTRA)

$(FRAMEWORKS)/ready: requirements-frameworks.lock | $(READY)
	@echo "Frameworks: installing JAX into $(FRAMEWORKS) (about 150 MB to download, once)"
	@rm -f $@
	@"$(PYTHON)" -m venv --clear $(FRAMEWORKS)
	@$(BIN)/python -m uv pip install --quiet --python $(FRAMEWORKS)/bin/python --require-hashes --no-deps \
	  -r requirements-frameworks.lock \
	  || { echo "JAX could not be installed. Is there a network?"; exit 1; }
	@touch $@

book: $(VENV)/book-ready
	@rm -rf book/_build
	@$(MAKE) --no-print-directory -j2 SPHINX="$(BIN)/python -m sphinx -q -E -W --keep-going -b html -c book" book-en book-zh
	@rm -rf book/_build/html/zh && mv book/_build/zh book/_build/html/zh
	@echo "The site is ready: open book/_build/html/index.html"

book-en:
	@MEDTUTOR_LANG=en $(SPHINX) -d book/_build/doctrees . book/_build/html

book-zh:
	@MEDTUTOR_LANG=zh $(SPHINX) -d book/_build/doctrees-zh . book/_build/zh

browse: $(VENV)/book-ready
	@$(BIN)/python tools/browse.py $(PAGES)

# Only what the site needs, beside the rest: learners do not fetch it.
$(VENV)/book-ready: $(READY)
	@echo "Book: installing Sphinx and what goes with it (about 90 MB to download, once)"
	@VIRTUAL_ENV= UV_PROJECT_ENVIRONMENT="$(CURDIR)/$(VENV)" $(BIN)/python -m uv sync --quiet --frozen --inexact \
	  --extra dev --group book --no-install-project --python $(BIN)/python \
	  || { echo "Sphinx could not be installed. Is there a network?"; exit 1; }
	@touch $@

lock: $(READY)
	@VIRTUAL_ENV= $(BIN)/python -m uv lock
	@$(BIN)/python -m uv export --quiet --frozen --no-emit-project --no-header --extra dev -o requirements.lock
	@$(BIN)/python -m uv export --quiet --frozen --no-emit-project --no-header --only-group frameworks \
	  -o requirements-frameworks.lock

clean:
	rm -rf $(VENV) $(FRAMEWORKS) results book/_build .pytest_cache .mypy_cache .ruff_cache
