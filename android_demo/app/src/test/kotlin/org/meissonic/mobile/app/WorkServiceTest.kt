package org.meissonic.mobile.app

import android.app.Application
import android.app.Notification
import android.content.Intent
import android.content.pm.ServiceInfo
import android.widget.Button
import android.widget.EditText
import java.io.File
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import org.junit.Test
import org.meissonic.mobile.app.model.Done
import org.meissonic.mobile.app.model.Stopped
import org.meissonic.mobile.app.model.Unfinished
import org.meissonic.mobile.store.FolderSource
import org.meissonic.mobile.store.Hanging
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowPowerManager

private const val LARGE = "transformer.onnx.data"

/** The foreground service: alive while there is work, and no longer. */
class WorkServiceTest : OnAndroid() {
    private fun started() = generateSequence { shadowOf(app as Application).nextStartedService }.toList()

    private fun draw(main: MainActivity, steps: Int) {
        main.find<EditText>(R.id.prompt).setText("a yellow star")
        main.find<EditText>(R.id.steps).setText("$steps")
        main.find<Button>(R.id.draw).performClick()
    }

    private fun run() = Robolectric.buildService(WorkService::class.java).create().startCommand(0, 1)

    private fun shown(service: WorkService): Notification = shadowOf(service).lastForegroundNotification

    private fun title(service: WorkService) = shown(service).extras.getCharSequence(Notification.EXTRA_TITLE).toString()

    @Test
    fun `a drawing is kept alive until it is done`() {
        install()
        started()
        screen<MainActivity> { main ->
            draw(main, 8)
            assertEquals(listOf(WorkService::class.java.name), started().map { it.component!!.className })
            val service = run()
            assertNotNull(shown(service.get()))
            assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_SPECIAL_USE, service.get().foregroundServiceType)
            assertTrue(ShadowPowerManager.getLatestWakeLock().isHeld)
            until { app.studio.state.value is Done && shadowOf(service.get()).isStoppedBySelf }
            service.destroy()
            assertTrue(!ShadowPowerManager.getLatestWakeLock().isHeld)
        }
    }

    @Test
    fun `the notification shows the progress and can stop the drawing`() {
        install()
        hold("transformer", after = 2)
        screen<MainActivity> { main ->
            draw(main, 1000)
            val service = run()
            until { title(service.get()).startsWith("Step 2 ") }
            assertContains(title(service.get()), "of 1000")
            val action = shown(service.get()).actions.single()
            assertEquals("Stop", action.title)
            val pressed: Intent = shadowOf(action.actionIntent).savedIntent
            service.get().onStartCommand(pressed, 0, 2)
            until { app.studio.state.value == Stopped && shadowOf(service.get()).isStoppedBySelf }
            service.destroy()
        }
    }

    @Test
    fun `a transfer that Android ends at its time limit keeps the part that arrived`() {
        val half = File(bundle, LARGE).length() / 2
        app.shelf.install(Hanging(FolderSource(bundle), LARGE, half.toInt()))
        until { File(app.filesDir, "models/model.partial/$LARGE.part").length() == half }
        val service = run()
        assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC, service.get().foregroundServiceType)
        assertContains(title(service.get()), " of ")
        service.get().onTimeout(1, ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC)
        assertTrue(shadowOf(service.get()).isStoppedBySelf)
        service.destroy()
        until { app.shelf.state.value is Unfinished }
        assertTrue((app.shelf.state.value as Unfinished).bytes >= half)
        install()
    }
}
