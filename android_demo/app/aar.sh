#!/usr/bin/env bash
# Fetches onnxruntime's Android library if Maven Central does not serve it: the npm package of a Unity plugin contains
# Microsoft's archive of the same version (its library names the same commit as the desktop jar's).
# aar.sh FILE.aar
set -euo pipefail
cd "$(dirname "$0")"
out=$1 version=1.29.0 package=com.github.asus4.onnxruntime@0.4.9
sha256=98cddbac92640b4a6af72a03c42e0491851f366d3da66bbaeb5dd66310946cf2
if ! grep -q "<onnxruntime.version>$version<" ../pom.xml; then
    echo "error: ../pom.xml names another onnxruntime than $version: choose a $package that brings it" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" >name && tar xzf "$(cat name)" package/Plugins/Android/onnxruntime.aar)
echo "$sha256  $work/package/Plugins/Android/onnxruntime.aar" | sha256sum --check --quiet
mkdir -p "$(dirname "$out")"
mv "$work/package/Plugins/Android/onnxruntime.aar" "$out"
