package org.meissonic.mobile.app

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.app.Instrumentation
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.net.Uri
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.io.File
import java.time.Duration
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.Before
import org.junit.runner.RunWith
import org.meissonic.mobile.app.model.Ready
import org.meissonic.mobile.ort.OrtEngine
import org.meissonic.mobile.store.FolderSource
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.util.ReflectionHelpers

private val screens = File(System.getProperty("screens")).also(File::mkdirs)

/** The app on Android's own code, with the real bundle on the real onnxruntime; each test has its own process. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w411dp-h891dp-420dpi")
abstract class OnAndroid {
    protected val app: Meissonic get() = RuntimeEnvironment.getApplication() as Meissonic
    protected val bundle = File(System.getProperty("bundle"))

    @Before
    fun enoughMemory() = freeMemory(4L shl 30)

    protected fun freeMemory(bytes: Long) {
        val info = ActivityManager.MemoryInfo()
        info.availMem = bytes
        shadowOf(app.service<ActivityManager>()).setMemoryInfo(info)
    }

    protected fun install(folder: File = bundle) {
        app.shelf.install(FolderSource(folder))
        until { app.shelf.state.value is Ready }
    }

    /** Makes the app's next drawings wait in the run of [graph] that follows [after] others; null: nowhere. */
    protected fun hold(graph: String?, after: Int = 0): Hold = Hold(graph, after).also { hold ->
        app.openEngine = { bundle, npu -> HoldingEngine(OrtEngine(bundle, lowMemory = true, npu = npu), hold) }
        runBlocking { app.studio.forget() }
    }

    /** The app in a new process over the same files, as after Android ended the one before. */
    protected fun again(): Meissonic =
        (Instrumentation.newApplication(Meissonic::class.java, app.baseContext) as Meissonic).also(Application::onCreate)

    /** Runs the main thread until the condition holds, and then until every screen shows it. */
    protected fun until(condition: () -> Boolean) {
        while (!condition()) {
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(5))
            Thread.sleep(5)
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** Renders the screen, its animations finished, into a picture that a person can look at. */
    protected fun render(activity: Activity, name: String): Bitmap {
        val view = activity.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap)) // starts the animations
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        view.jumpDrawablesToCurrentState()
        view.draw(Canvas(bitmap))
        File(screens, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        val colours = (0 until view.width step 7).flatMap { x -> (0 until view.height step 7).map { bitmap.getPixel(x, it) } }
        assertTrue(colours.toSet().size > 4, "$name is empty")
        return bitmap
    }

    protected inline fun <reified T : Activity> screen(intent: Intent? = null, of: Meissonic = app, use: (T) -> Unit) =
        Robolectric.buildActivity(T::class.java, intent).use { controller ->
            ReflectionHelpers.setField(Activity::class.java, controller.get(), "mApplication", of)
            controller.setup()
            shadowOf(Looper.getMainLooper()).idle() // lays out what was changed
            use(controller.get())
        }

    /** Answers a screen's request to another app. */
    protected fun answer(screen: Activity, uri: Uri) {
        val asked = shadowOf(screen).nextStartedActivityForResult
        shadowOf(screen).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(uri))
    }

    protected fun text(activity: Activity, id: Int) = activity.find<TextView>(id).text.toString()

    /** All views of a screen that show and that TalkBack reaches. */
    protected fun visible(view: View): List<View> = when {
        view.visibility != View.VISIBLE -> emptyList()
        view.importantForAccessibility == View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS -> emptyList()
        view is ViewGroup -> listOf(view) + (0 until view.childCount).flatMap { visible(view.getChildAt(it)) }
        else -> listOf(view)
    }

    protected fun visible(activity: Activity) = visible(activity.find<View>(android.R.id.content))

    protected fun pixels(file: File): IntArray = pictureOf(BitmapFactory.decodeFile(file.path)).argb
}
