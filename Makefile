# Two commands do everything on a fresh machine: `make bundle` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Each prints why this machine cannot run a company's runtime; nothing if it can.
QNN := from reference.extras import qnn_unavailable; print(qnn_unavailable() or "")
COREAI := from reference.extras import coreai_unavailable; print(coreai_unavailable() or "")
READY := $(VENV)/.ready

# Installs what the page is built with; again when the lock file changes.
NODE_MODULES := web_demo/node_modules/.package-lock.json

.PHONY: bundle web test package android-vectors iphone-vectors web-vectors test-android test-ios test-web bench-web test-slow test-versions bench arm64 lint format clean help

help:
	@echo "make bundle     install into .venv, export the int8 Android bundle, draw build/sample.png with it"
	@echo "make web        the page with the sticker bundle in build/web, served at http://localhost:8000 (Node 20.19)"
	@echo "make test       lint, types, tests of all four languages"
	@echo "make test-android  the Kotlin engine alone; it is a part of make test"
	@echo "make test-ios   the Swift package alone; it is a part of make test"
	@echo "make test-web   the page alone, in Node and Chromium; it is a part of make test"
	@echo "make bench-web  what the page downloads and how fast it draws: docs/web.md"
	@echo "make arm64      an emulated ARM64 machine in build/arm64 (Debian only), for python -m runtime.parity.arm"
	@echo "make test-slow  the real-size checks: 1 B parameters, several GB of disk and memory"
	@echo "make test-versions  the oldest and the newest versions that pyproject.toml allows: 10 GB of disk"
	@echo "make package    wheel and sdist, built, installed into an empty environment and drawn with"
	@echo "make bench      this project's graphs beside every peer, an hour and the preparation: docs/performance.md"
	@echo "make format     let ruff format the sources"

# An own environment with the tested versions; made again when they change.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "error: Python 3.11 to 3.13 is needed; say which one with: make PYTHON=python3.12")'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	extras=export,coreml,optimum,train,dev; why=$$($(RUN) -c '$(QNN)'); \
	if [ -z "$$why" ]; then extras=$$extras,qnn; else echo "WARNING: no test of the NPU will run: $$why" >&2; fi; \
	why=$$($(RUN) -c '$(COREAI)'); \
	if [ -z "$$why" ]; then extras=$$extras,coreai; else echo "WARNING: no test of Core AI will run: $$why" >&2; fi; \
	$(RUN) -m pip install -qq --constraint requirements.lock --editable ".[$$extras]"
	touch $@

bundle: $(READY)
	$(RUN) -m export.onnx --int8 --out build/android --overwrite
	$(RUN) -m runtime "a purple cat wearing a hat" --bundle build/android --seed 3 --out build/sample.png
	@echo "the picture is build/sample.png"

$(NODE_MODULES): web_demo/package-lock.json
	cd web_demo && npm ci --silent --no-audit --no-fund
	touch $@

build/android/manifest.json:
	$(MAKE) --no-print-directory bundle

web: $(NODE_MODULES) build/android/manifest.json
	cd web_demo && npm run --silent build
	cp -R build/android build/web/bundle
	cd web_demo && npm run --silent preview

arm64: $(READY)
	.ci/arm64.sh $(RUN)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(READY)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# What keeps one core busy goes side by side; then the phones' tests run beside Python's.
test: $(READY)
	$(MAKE) --no-print-directory -j3 lint android-vectors iphone-vectors web-vectors
	.ci/test.sh $(RUN)

# Bundles of the shipped checkpoint that the tests of all four languages share, and what Python makes of them.
android-vectors: $(READY)
	$(RUN) -m tests.parity.phone_vectors

iphone-vectors: $(READY)
	$(RUN) -m tests.parity.iphone_vectors

web-vectors: $(READY)
	$(RUN) -m tests.parity.web_vectors

test-android: android-vectors
	.ci/android.sh

test-ios: android-vectors iphone-vectors
	.ci/ios.sh $(RUN)

test-web: android-vectors web-vectors
	.ci/web.sh

bench-web: android-vectors web-vectors $(NODE_MODULES)
	cd web_demo && npm run --silent build && MEASURE=1 npm run --silent unit
	$(RUN) -m tests.benchmarks report

test-slow: $(READY)
	$(RUN) -m pytest -m slow

test-versions: $(READY)
	.ci/versions.sh $(PYTHON)

package: $(READY)
	$(RUN) .ci/package.py

# The peers stand beside the tested versions, which the constraint keeps as they are.
bench: $(READY)
	$(RUN) -m pip install -qq --constraint requirements.lock --editable '.[export,bench]'
	$(RUN) -m tests.benchmarks
	$(RUN) -m tests.benchmarks report

clean:
	rm -rf build $(VENV)
