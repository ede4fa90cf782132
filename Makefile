# make run    set up and start everything on http://127.0.0.1:8000
# make test   set up and run the tests
# make check  style, types, import layers, insecure code, Django's own checks
# make backup DIR=folder    everything that must survive in one file; make restore FILE=file puts it back
# make audit  known holes in the packages (asks pypi.org)

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED := 1
APPS := crowdsite licensing accounts cameras tracking ppe reports operations

.PHONY: backup restore run test check audit setup format clean

run:
	@bin/setup run
	@LOG_FORMAT=$${LOG_FORMAT:-bare} honcho start || test $$? -eq 130  # Ctrl-C is how it ends

test:
	@bin/setup test
	@pytest -n 2 --dist loadfile $(ARGS)

check:
	@bin/setup test
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	bandit -q -c pyproject.toml -r $(APPS)
	python manage.py check --fail-level WARNING
	python manage.py makemigrations --check --dry-run
	python manage.py spectacular --validate --fail-on-warn --file /dev/null

audit:
	@bin/setup test
	pip-audit --disable-pip --no-deps -r requirements/constraints.txt

setup:
	@bin/setup run

format:
	ruff check --fix .
	ruff format .

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

backup:
	@bin/setup run
	@python manage.py backup $(or $(DIR),.)

restore:
	@bin/setup run
	@python manage.py restore $(FILE) $(ARGS)
