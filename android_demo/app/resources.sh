#!/usr/bin/env bash
# Compiles and links the app's resources: R.java, the binary resources, and the file that tells Robolectric their place.
# resources.sh AAPT2 FRAMEWORK.jar TARGET BUNDLE
# The tests' app has the bundle in its assets.
set -euo pipefail
aapt2=$1 framework=$2 target=$3 bundle=$4
chmod +x "$aapt2"
mkdir -p "$target/r" "$target/robolectric/com/android/tools" "$target/tests/assets"
# Gradle would fill this in.
sed -e 's/\${applicationId}/org.meissonic.mobile.app/' \
    -e 's/<manifest /<manifest package="org.meissonic.mobile.app" /' src/main/AndroidManifest.xml >"$target/AndroidManifest.xml"
"$aapt2" compile --dir src/main/res -o "$target/compiled.zip"
"$aapt2" link -I "$framework" --manifest "$target/AndroidManifest.xml" --java "$target/r" -o "$target/resources.apk" \
    --min-sdk-version 28 --target-sdk-version 35 --version-code 1 --version-name 0.1 "$target/compiled.zip"
cp "$target/resources.apk" "$target/tests/app.apk"
if [ -d "$bundle" ]; then
    ln -sfn "$(realpath "$bundle")" "$target/tests/assets/model"
    (cd "$target/tests" && jar --update --file app.apk assets)
fi
cat >"$target/robolectric/com/android/tools/test_config.properties" <<END
android_merged_manifest=$target/AndroidManifest.xml
android_resource_apk=$target/tests/app.apk
android_custom_package=org.meissonic.mobile.app
END
