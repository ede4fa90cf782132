# make run    set up and start everything on http://127.0.0.1:8000
# make test   set up and run the tests
# make check  style, types, import layers, Django's own checks

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED := 1

.PHONY: run test check setup format clean

run:
	@bin/setup run
	@honcho start || test $$? -eq 130  # Ctrl-C is how it ends

test:
	@bin/setup test
	@pytest $(ARGS)

check:
	@bin/setup test
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	python manage.py check --fail-level WARNING
	python manage.py makemigrations --check --dry-run
	python manage.py spectacular --validate --fail-on-warn --file /dev/null

setup:
	@bin/setup run

format:
	ruff check --fix .
	ruff format .

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
