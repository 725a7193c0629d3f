#!/usr/bin/env bash
# Compiles and links the app's resources: R.java, the binary resources, and the file that tells Robolectric their place.
# resources.sh AAPT2 FRAMEWORK.jar TARGET
set -euo pipefail
aapt2=$1 framework=$2 target=$3
chmod +x "$aapt2"
mkdir -p "$target/r" "$target/robolectric/com/android/tools"
# Gradle would fill this in.
sed -e 's/\${applicationId}/org.meissonic.mobile.app/' \
    -e 's/<manifest /<manifest package="org.meissonic.mobile.app" /' src/main/AndroidManifest.xml >"$target/AndroidManifest.xml"
"$aapt2" compile --dir src/main/res -o "$target/compiled.zip"
"$aapt2" link -I "$framework" --manifest "$target/AndroidManifest.xml" --java "$target/r" -o "$target/resources.apk" \
    --min-sdk-version 28 --target-sdk-version 35 --version-code 1 --version-name 0.1 "$target/compiled.zip"
cat >"$target/robolectric/com/android/tools/test_config.properties" <<END
android_merged_manifest=$target/AndroidManifest.xml
android_resource_apk=$target/resources.apk
android_custom_package=org.meissonic.mobile.app
END
