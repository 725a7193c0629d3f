package org.meissonic.mobile.app.model

import java.io.File
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import org.junit.jupiter.api.io.TempDir
import org.meissonic.mobile.engine.Drawing
import org.meissonic.mobile.engine.Picture
import org.meissonic.mobile.engine.Settings
import org.meissonic.mobile.engine.Size
import org.meissonic.mobile.engine.Stage

/** What a new process finds. */
class KeptTest {
    @TempDir
    lateinit var folder: File

    private val picture = Picture(Size(1, 1), intArrayOf(WHITE))
    private val settings = Settings("a cat", "", ULong.MAX_VALUE, 4, 2.5, Size(1, 1))
    private val drawing = Drawing(picture, ByteArray(3), IntArray(1), settings, emptyMap(), mapOf(Stage.STEPS to 1.5))

    private fun gallery() = Gallery(folder, { _, stream -> stream.write(1) }, now = { 7 })

    @Test
    fun `pictures come newest first, also two of one moment`() {
        val first = gallery().add(drawing, "m")
        val second = gallery().add(drawing, "m")
        assertEquals(listOf(second, first), gallery().entries.value)
        assertEquals(ULong.MAX_VALUE, gallery().entries.value[0].settings.seed)
        gallery().remove(first)
        assertEquals(listOf(second), gallery().entries.value)
    }

    @Test
    fun `a picture that could not be written leaves nothing`() {
        val full = Gallery(folder, { _, _ -> throw IOException("No space left on device") })
        assertFailsWith<IOException> { full.add(drawing, "m") }
        assertEquals(emptyList(), full.entries.value)
        assertEquals(emptyList(), folder.list()!!.toList())
    }

    @Test
    fun `an interrupted drawing is reported once`() {
        val marker = File(folder, "drawing")
        fun studio() = Studio(CoroutineScope(Dispatchers.Default), gallery(), marker, { 0 }) { error("not asked") }
        assertEquals(Idle, studio().state.value)
        marker.createNewFile()
        assertEquals(Interrupted, studio().state.value)
        assertEquals(Idle, studio().state.value)
    }
}
