#!/usr/bin/env bash
# Builds and tests the page: unit tests in Node, the page in the system's Chromium. After `make web-vectors`; without
# Node 20.19 and Chromium it says loudly that nothing, or only a part, was tested.
set -euo pipefail
cd "$(dirname "$0")/../web_demo"

if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
    echo "NOT TESTED: the page (web_demo). It needs Node 20.19 or newer, with npm: https://nodejs.org, or npm install --global node@22" >&2
    exit 0
fi
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
    npm ci --silent --no-audit --no-fund
    touch node_modules
fi
npm run --silent lint
npm run --silent build
PYTHON=$PWD/../.venv/bin/python npm run --silent unit

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$CHROMIUM" ]; then
    echo "NOT TESTED: the page in a browser. It needs Chromium: apt-get install chromium, or CHROMIUM=FILE" >&2
    exit 0
fi
CHROMIUM=$CHROMIUM npm run --silent browser
