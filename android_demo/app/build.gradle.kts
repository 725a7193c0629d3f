// The Android plugin brings Kotlin itself since version 9.
plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.serialization)
}

// -Pbundle=DIR puts a bundle into the APK, which the first screen then installs.
val bundle = providers.gradleProperty("bundle").orNull
val bundledAssets = layout.buildDirectory.dir("bundled").get().asFile
if (bundle != null) {
    val copyBundle = tasks.register<Sync>("copyBundle") {
        from(rootDir.resolve(bundle))
        into(bundledAssets.resolve("model"))
    }
    tasks.named("preBuild") { dependsOn(copyBundle) }
}

android {
    namespace = "org.meissonic.mobile.app"
    compileSdk = 36

    defaultConfig {
        applicationId = "org.meissonic.mobile.app"
        minSdk = 28
        targetSdk = 35
        versionCode = 1
        versionName = "0.2.0"
        ndk { abiFilters += "arm64-v8a" }
    }

    // "npu" contains Qualcomm's libraries, which have a licence of their own. Never assembled where this was written: the two
    // packages were not served there.
    flavorDimensions += "unit"
    productFlavors {
        create("cpu") {
            dimension = "unit"
            isDefault = true
        }
        create("npu") { dimension = "unit" }
    }

    // The NPU's loader reads its part from a file, so libraries are unpacked when the app is installed.
    packaging { jniLibs { useLegacyPackaging = true } }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    sourceSets {
        getByName("main") {
            if (bundle != null) assets.directories += bundledAssets.path
            kotlin.directories += listOf("../engine", "../ort", "../store").map { "$it/src/main/kotlin" }
        }
    }
}

dependencies {
    implementation(libs.coroutines.android)
    implementation(libs.serialization.json)
    implementation(libs.onnxruntime.android)
    "npuImplementation"(libs.onnxruntime.qnn)
    "npuImplementation"(libs.qnn.runtime)
}
