// The Android plugin has an older Kotlin of its own; this one takes its place.
buildscript {
    dependencies {
        classpath(libs.kotlin.gradle.plugin)
    }
}
