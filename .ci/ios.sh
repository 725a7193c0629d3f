#!/usr/bin/env bash
# Builds and tests the Swift package on Linux: on the real onnxruntime, beside what Python recorded, and its sources for
# Apple's systems as far as a compiler on Linux can tell. With a Swift 6 of the machine, else that of .ci/swift.sh.
#
# usage: .ci/ios.sh PYTHON      after `make android-vectors iphone-vectors`; without Swift it says loudly that nothing
#                               was tested
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1

if command -v swift >/dev/null; then
    inside=()
elif [ -f build/swift-root/ready ] && [ "$(id -u)" = 0 ]; then
    inside=(.ci/swift.sh)
else
    echo "NOT TESTED: the Swift package (ios_demo). It needs Swift 6: .ci/swift.sh installs it into build/ (as root, on Debian)" >&2
    exit 0
fi

if ${inside[@]+"${inside[@]}"} swift format --version >/dev/null 2>&1; then # a part of Swift 6's toolchains
    ${inside[@]+"${inside[@]}"} swift format lint --strict --recursive --configuration ios_demo/.swift-format \
        ios_demo/Package.swift ios_demo/Sources ios_demo/Tests ios_demo/Stubs ios_demo/App
fi

if [ "$(uname)" = Linux ]; then # the wheel's library, at a place that is inside the root as well
    mkdir -p build/onnxruntime
    cp -L "$("$python" -c 'import pathlib, onnxruntime; print(*pathlib.Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*"))')" \
        build/onnxruntime/libonnxruntime.so
    export MEISSONIC_ONNXRUNTIME=$PWD/build/onnxruntime/libonnxruntime.so
fi

# Optimized, as it ships: to hash a bundle without takes most of a minute. Of what it prints, failures and the sum.
set +e
${inside[@]+"${inside[@]}"} swift test -c release -Xswiftc -enable-testing --package-path ios_demo --scratch-path build/swift 2>&1 |
    grep -vE '^(◇|↳ Testing|✔ Test [a-z0-9A-Z_]*\(|✔ Suite|\[|Test Suite|.Executed 0 tests)|Executed 0 tests|^$'
status=${PIPESTATUS[0]}
set -e
[ "$status" = 0 ] || exit "$status"
[ "$(uname)" != Linux ] || ${inside[@]+"${inside[@]}"} ios_demo/check-apple-sources.sh build/swift
