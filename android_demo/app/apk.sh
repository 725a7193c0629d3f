#!/usr/bin/env bash
# Makes the APK as Gradle would, with Google's d8, signed with a test key: TARGET/meissonic.apk.
# apk.sh R8.jar FRAMEWORK.jar TARGET
# It contains onnxruntime's classes from the desktop jar. ORT_AAR=onnxruntime-android-VERSION.aar adds the ARM library
# (aar.sh fetches one); without it everything but drawing works. BUNDLE=DIR adds a bundle that `python -m export.onnx` made,
# which the first screen then installs.
set -euo pipefail
r8=$1 framework=$2 target=$3 out=$3/meissonic.apk
if [ -n "${BUNDLE:-}" ] && [ ! -f "$BUNDLE/manifest.json" ]; then
    echo "error: $BUNDLE has no manifest.json: give a folder that python -m export.onnx made" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
java -Xmx1g -cp "$r8" com.android.tools.r8.D8 --release --min-api 28 --lib "$framework" --output "$work" \
    "$target"/app-*.jar "$target"/jars/*.jar
cp "$target/resources.apk" "$work/app.apk"
(cd "$work" && jar --update --file app.apk classes*.dex)
if [ -n "${ORT_AAR:-}" ]; then
    mkdir -p "$work/lib/arm64-v8a"
    (cd "$work/lib/arm64-v8a" && unzip -q -j "$ORT_AAR" 'jni/arm64-v8a/*.so')
    (cd "$work" && jar --update --no-compress --file app.apk lib)
else
    echo "the APK cannot draw: no ORT_AAR was given, so onnxruntime's library for ARM is not in it" >&2
fi
if [ -n "${BUNDLE:-}" ]; then
    mkdir "$work/assets"
    cp -RL "$BUNDLE" "$work/assets/model"
    (cd "$work" && jar --update --file app.apk assets)
fi
echo "$out: $(du -h "$work/app.apk" | cut -f1), $(ls "$work"/classes*.dex | wc -l) dex file(s)"
if ! command -v zipalign >/dev/null || ! command -v apksigner >/dev/null; then
    echo "$out was NOT signed: zipalign and apksigner are missing (Debian: apt-get install zipalign apksigner)" >&2
    mv "$work/app.apk" "$out"
    exit
fi
zipalign -p -f 4 "$work/app.apk" "$work/aligned.apk"
keytool -genkeypair -keystore "$work/key" -storepass android -alias tests -keyalg RSA -validity 10000 -dname CN=tests 2>/dev/null
apksigner sign --ks "$work/key" --ks-pass pass:android --out "$out" "$work/aligned.apk"
apksigner verify --min-sdk-version 28 "$out"
echo "$out is signed with a key for tests: $(du -h "$out" | cut -f1)"
