package org.meissonic.mobile.app

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.graphics.drawable.Icon
import android.os.Build
import android.os.PowerManager
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.launch
import org.meissonic.mobile.app.model.Arriving
import org.meissonic.mobile.app.model.DrawState
import org.meissonic.mobile.app.model.ModelState
import org.meissonic.mobile.app.model.Working

private const val CHANNEL = "work"
private const val NOTIFICATION = 1
private const val STOP = "org.meissonic.mobile.app.STOP"
private const val LONGEST = 60 * 60 * 1000L // milliseconds that the processor stays awake after the last progress
private const val PACE = 500L // milliseconds between two updates of the notification: Android drops faster ones

/** Keeps the process and the processor awake during a drawing or an installation, with a notification. */
class WorkService : Service() {
    private val app get() = application as Meissonic
    private var shown: Job? = null
    private lateinit var awake: PowerManager.WakeLock

    override fun onBind(intent: Intent?) = null

    override fun onCreate() {
        super.onCreate()
        val channel = NotificationChannel(CHANNEL, getString(R.string.channel), NotificationManager.IMPORTANCE_LOW)
        service<NotificationManager>().createNotificationChannel(channel)
        awake = service<PowerManager>().newWakeLock(PowerManager.PARTIAL_WAKE_LOCK, "meissonic:work")
        awake.setReferenceCounted(false)
    }

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        foreground(app.studio.state.value, app.shelf.state.value)
        if (intent?.action == STOP) stopWork()
        if (shown == null) {
            shown = app.scope.launch {
                combine(app.studio.state, app.shelf.state, ::Pair).conflate().collect { (drawing, model) ->
                    if (drawing is Working || model is Arriving) foreground(drawing, model) else stopSelf()
                    delay(PACE)
                }
            }
        }
        return START_NOT_STICKY // no work survives the process
    }

    /** Android 15 limits transfers to six hours a day. The part that arrived is kept. */
    override fun onTimeout(startId: Int, fgsType: Int) {
        stopWork()
        stopSelf()
    }

    override fun onDestroy() {
        shown?.cancel()
        if (awake.isHeld) awake.release()
        super.onDestroy()
    }

    private fun stopWork() {
        app.studio.stop()
        app.shelf.stop()
    }

    private fun foreground(drawing: DrawState, model: ModelState) {
        awake.acquire(LONGEST)
        val notification = notification(drawing, model)
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            startForeground(NOTIFICATION, notification)
            return
        }
        val type = if (model is Arriving) ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC else 0
        val drawn = if (drawing is Working || type == 0) ServiceInfo.FOREGROUND_SERVICE_TYPE_SPECIAL_USE else 0
        startForeground(NOTIFICATION, notification, type or drawn)
    }

    private fun notification(drawing: DrawState, model: ModelState): Notification {
        val open = Intent(this, if (model is Arriving) ModelActivity::class.java else MainActivity::class.java)
        val stop = Intent(this, WorkService::class.java).setAction(STOP)
        val builder = Notification.Builder(this, CHANNEL)
            .setSmallIcon(R.drawable.notification)
            .setContentTitle(if (model is Arriving) words(model) else words(drawing))
            .setContentIntent(PendingIntent.getActivity(this, 0, open, PendingIntent.FLAG_IMMUTABLE))
            .setOnlyAlertOnce(true)
            .setOngoing(true)
            .addAction(
                Notification.Action.Builder(
                    Icon.createWithResource(this, R.drawable.notification),
                    getString(R.string.stop),
                    PendingIntent.getService(this, 0, stop, PendingIntent.FLAG_IMMUTABLE),
                ).build(),
            )
        if (model is Arriving) {
            builder.setProgress(PARTS, parts(model.bytes, model.total), model.total == 0L)
        } else if (drawing is Working) {
            builder.setProgress(drawing.total, drawing.done, drawing.steps == 0)
        }
        return builder.build()
    }

    companion object {
        fun start(context: Context) {
            context.startForegroundService(Intent(context, WorkService::class.java))
        }
    }
}
