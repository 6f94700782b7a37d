// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-gcoresink
 * @title: gcoresink
 * @short_description: record straight into Gcore Video Streaming
 *
 * A #tussink that talks to the Gcore Streaming API first: creates the video (or uses video-id),
 * gets the TUS parameters, and uploads while the recording goes on. The API token comes from the
 * property api-key or from $GCORE_API_KEY.
 *
 * ## Example launch lines
 * |[
 * export GCORE_API_KEY=…
 * gst-launch-1.0 -e -m v4l2src ! videoconvert ! x264enc tune=zerolatency ! h264parse ! \
 *   mp4mux fragment-duration=1000 ! gcoresink video-name="Camera 1"
 * ]| Record a camera; -m shows the video's id and the progress.
 * |[
 * gst-launch-1.0 filesrc location=talk.mp4 ! gcoresink location=talk.mp4 wait-status=ready
 * ]| Upload a file, and end when all renditions of it can be played.
 */
#include "gcore_sink.h"

#include "base/mutex.h"
#include "bus.h"
#include "debug.h"
#include "gcore_properties.h"

#include <utility>

using gsttus::GcoreSettings;
using gsttus::Mutex;
using gsttus::MutexLock;

struct GstGcoreSinkImpl {
    Mutex mutex; // after it, no other
    GcoreSettings settings GUARDED_BY(mutex);
    std::uint64_t current_video GUARDED_BY(mutex) = 0; // of this or the last recording; 0: none
};

struct _GstGcoreSink {
    GstTusSink parent;
    GstGcoreSinkImpl *impl; // ours, from init to finalize
};

static void gst_gcore_sink_uri_handler_init(gpointer iface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE(GstGcoreSink, gst_gcore_sink, GST_TYPE_TUS_SINK,
                              G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER,
                                                    gst_gcore_sink_uri_handler_init))
GST_ELEMENT_REGISTER_DEFINE(gcoresink, "gcoresink", GST_RANK_NONE, GST_TYPE_GCORE_SINK)

namespace {

// Of an original file, as Gcore's documentation says: 30 GB.
constexpr std::uint64_t kMostBytes = 30'000'000'000;

const gsttus::PropertyTable<GcoreSettings> &properties()
{
    static const auto *table =
        new gsttus::PropertyTable<GcoreSettings>(gsttus::make_gcore_properties());
    return *table;
}

GstGcoreSinkImpl &impl_of(gpointer object)
{
    return *GST_GCORE_SINK(object)->impl;
}

GcoreSettings settings_of(gpointer object)
{
    GstGcoreSinkImpl &impl = impl_of(object);
    const MutexLock lock(impl.mutex);
    return impl.settings;
}

void get_property(GObject *object, unsigned id, GValue *value, GParamSpec *spec) noexcept
{
    const auto *row = gsttus::find_row(properties(), id);
    if (!row) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    GstGcoreSinkImpl &impl = impl_of(object);
    MutexLock lock(impl.mutex);
    GcoreSettings shown = impl.settings;
    if (shown.video_id == 0)
        shown.video_id = impl.current_video;
    lock.unlock();
    row->get(shown, value);
}

void set_property(GObject *object, unsigned id, const GValue *value, GParamSpec *spec) noexcept
{
    const auto *row = gsttus::find_row(properties(), id);
    if (!row) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    if (gsttus::sink_is_running(GST_TUS_SINK(object))) {
        gsttus::warn_running(GST_TUS_SINK(object), spec->name);
        return;
    }
    GstGcoreSinkImpl &impl = impl_of(object);
    const MutexLock lock(impl.mutex);
    row->set(impl.settings, value);
}

void finalize(GObject *object) noexcept
{
    delete &impl_of(object);
    G_OBJECT_CLASS(gst_gcore_sink_parent_class)->finalize(object);
}

gsttus::Result<std::unique_ptr<gsttus::Target>> make_target(GstTusSink *self,
                                                            const gsttus::Settings &settings)
{
    auto config = gsttus::make_gcore_config(settings_of(self), settings);
    if (!config)
        return config.error();
    return gsttus::make_gcore_target(std::move(*config));
}

std::uint64_t current_video(GstTusSink *self)
{
    GstGcoreSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    return impl.settings.video_id != 0 ? impl.settings.video_id : impl.current_video;
}

void recording_begins(GstTusSink *self)
{
    GstGcoreSinkImpl &impl = impl_of(self);
    MutexLock lock(impl.mutex);
    const bool changes = impl.settings.video_id == 0 && impl.current_video != 0;
    impl.current_video = 0;
    lock.unlock();
    if (changes)
        g_object_notify(G_OBJECT(self), "video-id");
}

void noticed(GstTusSink *self, const gsttus::Notice &notice)
{
    const auto *made = std::get_if<gsttus::VideoCreated>(&notice);
    if (!made && !std::holds_alternative<gsttus::VideoDeleted>(notice))
        return;
    GstGcoreSinkImpl &impl = impl_of(self);
    MutexLock lock(impl.mutex);
    impl.current_video = made ? made->id : 0;
    lock.unlock();
    g_object_notify(G_OBJECT(self), "video-id");
}

// --- GstURIHandler -------------------------------------------------------------------------------

const char *const *uri_protocols(GType /*type*/)
{
    static const char *const kProtocols[] = {"gcore", nullptr};
    return kProtocols;
}

char *get_uri(GstURIHandler *handler)
{
    return g_strdup(gsttus::gcore_uri(settings_of(handler)).c_str());
}

gboolean set_uri(GstURIHandler *handler, const char *uri, GError **error)
{
    if (gsttus::sink_is_running(GST_TUS_SINK(handler))) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE,
                            "The URI can not be changed while a recording runs.");
        return FALSE;
    }
    auto settings = gsttus::with_gcore_uri(settings_of(handler), uri);
    if (!settings) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
                            settings.error().message.c_str());
        return FALSE;
    }
    GstGcoreSinkImpl &impl = impl_of(handler);
    const MutexLock lock(impl.mutex);
    impl.settings = std::move(*settings);
    return TRUE;
}

} // namespace

static void gst_gcore_sink_uri_handler_init(gpointer iface, gpointer /*data*/)
{
    auto *handler = static_cast<GstURIHandlerInterface *>(iface);
    handler->get_type = [](GType) { return GST_URI_SINK; };
    handler->get_protocols = uri_protocols;
    handler->get_uri = get_uri;
    handler->set_uri = set_uri;
}

static void gst_gcore_sink_class_init(GstGcoreSinkClass *klass)
{
    auto *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = get_property;
    object_class->set_property = set_property;
    object_class->finalize = finalize;
    gsttus::install(object_class, properties());
    gst_element_class_set_static_metadata(
        GST_ELEMENT_CLASS(klass), "Gcore Video Streaming upload sink", "Sink/Network",
        "Records straight into Gcore Video Streaming: creates the video and uploads it live",
        "The gst-tus developers");

    auto *sink_class = GST_TUS_SINK_CLASS(klass);
    sink_class->make_target = make_target;
    sink_class->most_bytes = kMostBytes;
    sink_class->current_video = current_video;
    sink_class->recording_begins = recording_begins;
    sink_class->noticed = noticed;
}

static void gst_gcore_sink_init(GstGcoreSink *self)
{
    self->impl = new GstGcoreSinkImpl;
}
