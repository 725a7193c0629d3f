#!/usr/bin/env bash
# Builds and tests the Kotlin engine and the app with Maven on the real onnxruntime, beside what Python recorded.
# After `make android-vectors`; without a JDK 17 and Maven it says loudly that nothing was tested. With zipalign and
# apksigner the APK is assembled too, with the sticker model in it, with npm its library for ARM.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
    echo "NOT TESTED: the Kotlin engine and the app (android_demo). It needs a JDK 17 and Maven: apt-get install openjdk-17-jdk-headless maven" >&2
    exit 0
fi

apk=(-P apk)
if ! command -v zipalign >/dev/null || ! command -v apksigner >/dev/null; then
    echo "NOT BUILT: the APK. It needs zipalign and apksigner: apt-get install zipalign apksigner" >&2
    apk=()
fi
if [ -z "${ORT_AAR:-}" ]; then
    ORT_AAR=$PWD/build/onnxruntime-android.aar
    if [ ! -f "$ORT_AAR" ] && ! { command -v npm >/dev/null && android_demo/app/aar.sh "$ORT_AAR"; }; then
        echo "NOT IN THE APK: onnxruntime's library for ARM. It needs npm, or ORT_AAR=FILE: apt-get install npm" >&2
        ORT_AAR=
    fi
fi
# Qualcomm's library for Linux, which runs a bundle for the NPU as the NPU does, is in a Python package.
if [ -z "${ONNXRUNTIME_QNN:-}" ]; then
    ONNXRUNTIME_QNN=$(.venv/bin/python -c 'import importlib.util as i; s = i.find_spec("onnxruntime_qnn"); print(s.submodule_search_locations[0] if s else "")' || true)
fi
if [ -z "$ONNXRUNTIME_QNN" ]; then
    echo "NOT TESTED: drawing from Kotlin on Qualcomm's NPU. It needs onnxruntime-qnn (Linux x86-64): pip install 'meissonic-mobile[qnn]'" >&2
    unset ONNXRUNTIME_QNN
elif [ ! -f build/phones/npu/manifest.json ]; then
    echo "NOT TESTED: drawing from Kotlin on Qualcomm's NPU. It needs a bundle in build/phones/npu: make android-vectors" >&2
else
    export ONNXRUNTIME_QNN
fi
rm -rf android_demo/*/target/surefire-reports # of tests that are no more
export MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${MAVEN_OPTS:-}" # a build is over before more pays
ORT_AAR=$ORT_AAR BUNDLE=${BUNDLE:-$PWD/build/phones/android} mvn -q -B -f android_demo ${apk[@]+"${apk[@]}"} package
cat android_demo/*/target/surefire-reports/*.txt | awk -F'[:,]' '/Tests run/ { run += $2; failed += $4 + $6; skipped += $8 }
    END { printf "android_demo: %d tests passed, %d failed, %d skipped\n", run - failed - skipped, failed, skipped }'
