#!/usr/bin/env bash
# The Android bundle of the shipped checkpoint in build/phones/bundle and what Python makes of it in build/phones/vectors,
# which the Kotlin and Swift tests are held to; nothing where both are newer than what makes them.
#
# usage: .ci/phone_vectors.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/older.sh

if older build/phones/vectors/runs.json; then
    "$1" -m export.onnx --int8 --out build/phones/bundle --overwrite
    "$1" -m tests.parity.phone_vectors build/phones/bundle build/phones/vectors
fi
