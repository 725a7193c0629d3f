#!/usr/bin/env bash
# What Linux can say of sources for Apple's systems: syntax of every Swift file, inactive blocks too, and types of
# MeissonicCoreML against a stub of Core ML (Stubs/). Needs swiftc, and MeissonicKit built in the folder given.
#
# usage: ios_demo/check-apple-sources.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")"
modules=$(dirname "$(find "$build" -name MeissonicKit.swiftmodule -print -quit)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mapfile -t sources < <(find Sources Tests Stubs App -name '*.swift' 2>/dev/null)
swiftc -parse -swift-version 6 "${sources[@]}"
swiftc -emit-module -parse-as-library -swift-version 5 -module-name CoreML -o "$work/CoreML.swiftmodule" Stubs/CoreML/*.swift
check() { # types of a target that has canImport(CoreML): the stub is found before the build's modules
    local module=$1
    shift
    swiftc -parse-as-library -swift-version 6 -warnings-as-errors -package-name ios_demo -I "$work" -I "$modules" \
        -Xcc -fmodule-map-file=Sources/CZlib/module.modulemap -module-name "$module" "$@" "Sources/$module"/*.swift
}
check MeissonicCoreML -emit-module -o "$work/MeissonicCoreML.swiftmodule"
check meissonic -typecheck
echo "Apple sources: syntax of ${#sources[@]} files, types of MeissonicCoreML and meissonic against a stub of Core ML"
