# What a person types. Needs Python 3.11 or newer, make and the package index; everything else goes into .venv/.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
PYTEST_ARGS ?= -n auto
SOURCE ?=

BIN = .venv/bin
MANAGE = $(BIN)/python manage.py
AUDIT = DATABASE_URL=sqlite:///audit.sqlite3 $(MANAGE)
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo audit test lint lock messages install

help:
	@echo 'make demo       install, load the example data into an empty database, serve http://$(HOST):$(PORT)/'
	@echo '                (SOURCE=FILE attaches the text of the source document; PORT=8001 serves elsewhere)'
	@echo 'make audit      FIXTURE=DIR: load an audit fixture into a new database, check it, serve it read-only'
	@echo 'make test       install, run all tests on SQLite, or on what DATABASE_URL names'
	@echo 'make lint       ruff, mypy, and that models and migrations agree'
	@echo 'make messages   collect new words into locale/ja and compile it'
	@echo 'make lock       write requirements.lock anew from pyproject.toml'
	@echo 'make install    only install into .venv/'

install: .venv/installed

# The stamp is younger than the lock as long as nothing is to be installed.
.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Seika needs Python 3.11 or newer; $(PYTHON) is older or missing. Name another one: make PYTHON=python3.12 …' >&2; exit 1; }
	@echo 'Installing into .venv/ …'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

demo: install
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo $(if $(SOURCE),--source '$(SOURCE)')
	@$(MANAGE) runserver $(HOST):$(PORT)

# A database of its own, made anew each time; nothing else is needed once Seika is installed.
audit: install
	@test -n '$(FIXTURE)' || { echo 'Name the folder: make audit FIXTURE=DIR' >&2; exit 1; }
	@rm -f audit.sqlite3 audit.sqlite3-wal audit.sqlite3-shm
	@$(AUDIT) migrate --verbosity 0
	@$(AUDIT) load_audit_fixture '$(FIXTURE)'
	@$(AUDIT) verify_audit_fixture '$(FIXTURE)'
	@$(AUDIT) runserver $(HOST):$(PORT)

test: install
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(MANAGE) makemigrations --check --dry-run

messages: install
	@$(BIN)/python -m config.messages

lock: install
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev pyproject.toml -o requirements.lock
