// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-tussink
 * @title: tussink
 * @short_description: upload a recording live to any tus 1.0.0 server
 *
 * Streams what arrives to a server that speaks the resumable upload protocol tus 1.0.0
 * (https://tus.io) while it is being recorded. Bytes are kept, in memory and then on disk, until
 * the server has confirmed them, so that an outage loses nothing and does not hold up the
 * pipeline. EOS is posted only after the server has confirmed every byte and the length.
 *
 * An upload can only grow. Muxers that rewrite their header need a streamable mode, such as
 * fragment-duration=1000 for mp4mux, or seekable-header, which uploads the first bytes last; the
 * element says so when one tries.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency ! h264parse ! \
 *   mp4mux fragment-duration=1000 ! tussink endpoint=https://tus.example.org/files/ \
 *   location=test.mp4
 * ]| Record a live test picture as a fragmented MP4.
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! x264enc key-int-max=60 ! h264parse ! \
 *   splitmuxsink muxer-factory=mpegtsmux sink-factory=tussink location=part%05d.ts \
 *   max-size-time=60000000000 async-finalize=true \
 *   sink-properties="properties,endpoint=(string)https://tus.example.org/files/"
 * ]| An upload a minute; each is finished while the next one is recorded.
 */
#include "tus_sink.h"

#include "bus.h"
#include "debug.h"
#include "tus_sink_private.h"
#include "upload/tus_target.h"

#include <utility>

using gsttus::Error;
using gsttus::ErrorKind;
using gsttus::impl_of;
using gsttus::Metadata;
using gsttus::MutexLock;
using gsttus::Result;
using gsttus::Settings;
using gsttus::Target;

struct GstTusSinkPrivate {
    GstTusSinkImpl *impl; // ours, from init to finalize
};

G_DEFINE_TYPE_WITH_CODE(GstTusSink, gst_tus_sink, GST_TYPE_BASE_SINK,
                        G_ADD_PRIVATE(GstTusSink)
                            G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER, gsttus::init_uri_handler))
GST_ELEMENT_REGISTER_DEFINE(tussink, "tussink", GST_RANK_NONE, GST_TYPE_TUS_SINK)

namespace {

unsigned refresh_signal = 0;

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

void finalize(GObject *object) noexcept
{
    GstTusSinkImpl *impl = &impl_of(object);
    gsttus::say_last_words(object); // an application may have forgotten NULL
    {
        // What other threads did comes before. Their references guarantee that, but ThreadSanitizer
        // does not see those.
        MutexLock lock(impl->mutex);
    }
    delete impl;
    G_OBJECT_CLASS(gst_tus_sink_parent_class)->finalize(object);
}

Result<std::unique_ptr<Target>> make_target(GstTusSink * /*self*/, const Settings &settings)
{
    if (settings.endpoint.empty()) {
        return Error{.kind = ErrorKind::kSettings,
                     .message = "Property endpoint is not set. Give it the URL where the tus "
                                "server creates uploads, for example "
                                "endpoint=https://tus.example.org/files/"};
    }
    auto pairs = gsttus::make_metadata(settings);
    if (!pairs)
        return pairs.error();
    Metadata metadata;
    const std::string name = gsttus::name_in_location(settings);
    if (!name.empty())
        metadata.emplace_back("filename", name);
    for (auto &pair : *pairs) {
        if (name.empty() || pair.first != "filename")
            metadata.push_back(std::move(pair));
    }
    return std::unique_ptr<Target>(
        std::make_unique<gsttus::TusTarget>(settings.endpoint, std::move(metadata)));
}

// The first handler that has an answer.
gboolean take_first_answer(GSignalInvocationHint * /*hint*/, GValue *answer, const GValue *one,
                           gpointer /*data*/)
{
    if (!g_value_get_string(one))
        return TRUE;
    g_value_copy(one, answer);
    return FALSE;
}

void install_signals(GstTusSinkClass *klass)
{
    /**
     * GstTusSink::refresh-authorization:
     * @sink: the sink
     *
     * The server answered 401 or 403 (see last-http-status in the property stats). Called on the
     * upload's thread, without locks held.
     *
     * Returns: (nullable): a new Authorization header, or NULL. A handler may as well set the
     *     property authorization.
     */
    refresh_signal =
        g_signal_new("refresh-authorization", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     take_first_answer, nullptr, nullptr, G_TYPE_STRING, 0);
    /**
     * GstTusSink::get-upload-url:
     * @sink: the sink
     *
     * The property upload-url is shown to everyone, a dot dump for example, and so never has a
     * query. An application that wants to continue an upload later asks for the whole URL here. It
     * may be as secret as a password. Any thread.
     *
     * Returns: (nullable) (transfer full): URL of the current or last upload
     */
    g_signal_new_class_handler("get-upload-url", G_TYPE_FROM_CLASS(klass),
                               static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                               G_CALLBACK(gsttus::whole_upload_url), nullptr, nullptr, nullptr,
                               G_TYPE_STRING, 0);
}

} // namespace

static void gst_tus_sink_class_init(GstTusSinkClass *klass)
{
    gsttus::init_debug();
    G_OBJECT_CLASS(klass)->finalize = finalize;
    gsttus::install_property_functions(klass);
    gsttus::install_state_functions(klass);
    gsttus::install_stream_functions(klass);
    install_signals(klass);

    auto *element_class = GST_ELEMENT_CLASS(klass);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_set_static_metadata(
        element_class, "tus upload sink", "Sink/Network",
        "Uploads a recording live to any tus 1.0.0 server; loses nothing when the network does",
        "The gst-tus developers");

    klass->make_target = make_target;
    klass->current_video = [](GstTusSink *) { return std::uint64_t{0}; };
    klass->recording_begins = [](GstTusSink *) {};
    klass->noticed = [](GstTusSink *, const gsttus::Notice &) {};
}

static void gst_tus_sink_init(GstTusSink *self)
{
    auto *priv = static_cast<GstTusSinkPrivate *>(gst_tus_sink_get_instance_private(self));
    priv->impl = new GstTusSinkImpl;
    gst_base_sink_set_sync(GST_BASE_SINK(self), FALSE);
    // a buffer that is kept starves an encoder's pool
    gst_base_sink_set_last_sample_enabled(GST_BASE_SINK(self), FALSE);
}

namespace gsttus {

GstTusSinkImpl &impl_of(gpointer object)
{
    auto *priv =
        static_cast<GstTusSinkPrivate *>(gst_tus_sink_get_instance_private(GST_TUS_SINK(object)));
    return *priv->impl;
}

std::shared_ptr<Recording> recording_of(gpointer object)
{
    GstTusSinkImpl &impl = impl_of(object);
    const MutexLock lock(impl.mutex);
    return impl.recording;
}

UploadStats stats_of(gpointer object)
{
    if (const auto recording = recording_of(object))
        return recording->upload().stats();
    GstTusSinkImpl &impl = impl_of(object);
    const MutexLock lock(impl.mutex);
    return impl.last;
}

void say_last_words(gpointer object)
{
    GstTusSinkImpl &impl = impl_of(object);
    MutexLock lock(impl.mutex);
    const auto all = std::exchange(impl.last_words, {});
    lock.unlock();
    const GCharOwn name(gst_object_get_name(GST_OBJECT(object)));
    for (const auto &words : all)
        words->say(name.get());
}

bool sink_is_running(GstTusSink *self)
{
    return recording_of(self) != nullptr;
}

void warn_running(GstTusSink *self, const char *property)
{
    const GCharOwn name{gst_object_get_name(GST_OBJECT(self))};
    g_warning("%s: property %s can not be changed while a recording runs; set the element to "
              "READY first.",
              name.get(), property);
}

void sink_forgets_upload_url(GstTusSink *self)
{
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.settings.upload.upload_url.clear();
}

std::optional<std::string> sink_refresh_authorization(GstTusSink *self)
{
    char *answer = nullptr;
    g_signal_emit(self, refresh_signal, 0, &answer);
    const GCharOwn owned(answer);
    if (!answer)
        return std::nullopt;
    GstTusSinkImpl &impl = impl_of(self);
    MutexLock lock(impl.mutex);
    Settings changed = impl.settings;
    changed.upload.runtime.authorization = answer;
    auto runtime = make_runtime_config(changed);
    if (runtime)
        impl.settings = std::move(changed); // for the next recording, too
    lock.unlock();
    if (!runtime) {
        post_warning(GST_ELEMENT(self), runtime.error());
        return std::nullopt;
    }
    return answer;
}

} // namespace gsttus
