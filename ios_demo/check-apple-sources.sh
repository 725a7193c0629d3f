#!/usr/bin/env bash
# Checks sources for Apple's systems as far as Linux can: the syntax of every Swift file, with inactive blocks, and the types
# of MeissonicCoreML, MeissonicCoreAI and the app against stubs of Core ML, Core AI and SwiftUI (Stubs/). Needs swiftc, and the package built in
# BUILD_FOLDER.
#
# usage: ios_demo/check-apple-sources.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")"
modules=$(dirname "$(find "$build" -name MeissonicKit.swiftmodule -print -quit)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mapfile -t sources < <(find Sources Tests Stubs App -name '*.swift')
swiftc -frontend -parse -swift-version 6 "${sources[@]}" # one process: swiftc alone starts one a file, 10 s
stub() { # a module of Apple's, so that it can be imported
    swiftc -emit-module -parse-as-library -swift-version 5 -module-name "$1" -o "$work/$1.swiftmodule" "${@:2}"
}
stub CoreML Stubs/CoreML/*.swift
stub CoreAI Stubs/CoreAI/*.swift
stub SwiftUI Stubs/SwiftUI/*.swift
for module in UIKit PhotosUI Accessibility UniformTypeIdentifiers; do # all they have for the views is in the stub of SwiftUI
    echo >"$work/$module.swift"
    stub "$module" "$work/$module.swift"
done
check() { # types of a module's sources: the stubs are found before the build's modules
    swiftc -parse-as-library -swift-version 6 -warnings-as-errors -package-name ios_demo -I "$work" -I "$modules" \
        -Xcc -fmodule-map-file=Sources/CZlib/module.modulemap -module-name "$@"
}
check MeissonicCoreML -emit-module -o "$work/MeissonicCoreML.swiftmodule" Sources/MeissonicCoreML/*.swift
check MeissonicCoreAI -emit-module -o "$work/MeissonicCoreAI.swiftmodule" Sources/MeissonicCoreAI/*.swift
check meissonic -typecheck Sources/meissonic/*.swift
mapfile -t views < <(find App -name '*.swift' ! -name Pictures.swift) # CoreGraphics, ImageIO and Photos: parsed only
check MeissonicDemo -typecheck Stubs/App/*.swift "${views[@]}"
echo "Apple sources: syntax of ${#sources[@]} files, types of MeissonicCoreML, MeissonicCoreAI, meissonic and the app against stubs"
