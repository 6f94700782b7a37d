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
 * fragment-duration=1000 for mp4mux; the element says so when one tries.
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

#include "base/redact.h"
#include "base/text.h"
#include "bus.h"
#include "debug.h"
#include "tus_properties.h"
#include "tus_sink_private.h"
#include "upload/tus_target.h"

#include <utility>

using gsttus::Error;
using gsttus::ErrorKind;
using gsttus::impl_of;
using gsttus::Metadata;
using gsttus::MutexLock;
using gsttus::Property;
using gsttus::Recording;
using gsttus::recording_of;
using gsttus::Result;
using gsttus::Settings;
using gsttus::stats_of;
using gsttus::StreamHints;
using gsttus::Target;
using gsttus::UploadStats;

struct GstTusSinkPrivate {
    GstTusSinkImpl *impl; // ours, from init to finalize
};

static void gst_tus_sink_uri_handler_init(gpointer iface, gpointer data);

G_DEFINE_TYPE_WITH_CODE(GstTusSink, gst_tus_sink, GST_TYPE_BASE_SINK,
                        G_ADD_PRIVATE(GstTusSink)
                            G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER,
                                                  gst_tus_sink_uri_handler_init))
GST_ELEMENT_REGISTER_DEFINE(tussink, "tussink", GST_RANK_NONE, GST_TYPE_TUS_SINK)

namespace {

constexpr const char *kUriPrefix = "tus+";

unsigned refresh_signal = 0;

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

const std::vector<Property<Settings>> &properties()
{
    static const auto *table = new std::vector(gsttus::make_tus_properties());
    return *table;
}

unsigned stats_id()
{
    return static_cast<unsigned>(properties().size()) + 1;
}

// --- properties ----------------------------------------------------------------------------------

// The base class's statistics and ours.
GstStructure *make_stats(GstTusSink *self)
{
    const UploadStats stats = stats_of(self);
    GstStructure *out = gst_base_sink_get_stats(GST_BASE_SINK(self));
    gst_structure_set_name(out, "application/x-tus-sink-stats");
    const auto outage_time =
        std::chrono::duration_cast<std::chrono::nanoseconds>(stats.outage_time);
    gst_structure_set(
        out, "state", G_TYPE_STRING, stats.state.empty() ? "idle" : stats.state.c_str(),
        "upload-url", G_TYPE_STRING, gsttus::redact_url(stats.upload_url).c_str(), "bytes-rendered",
        G_TYPE_UINT64, stats.bytes_rendered, "bytes-acked", G_TYPE_UINT64, stats.bytes_acked,
        "bytes-in-memory", G_TYPE_UINT64, stats.bytes_in_memory, "bytes-on-disk", G_TYPE_UINT64,
        stats.bytes_on_disk, "bytes-resent", G_TYPE_UINT64, stats.bytes_resent, "requests",
        G_TYPE_UINT64, stats.requests, "retries", G_TYPE_UINT64, stats.retries, "outages",
        G_TYPE_UINT64, stats.outages, "outage-time", G_TYPE_UINT64,
        static_cast<guint64>(outage_time.count()), "last-http-status", G_TYPE_UINT,
        static_cast<unsigned>(std::max(stats.last_http_status, 0)), "upload-rate", G_TYPE_UINT64,
        stats.upload_rate, "length-mode", G_TYPE_STRING, stats.length_mode.c_str(), nullptr);
    return out;
}

// The settings as they are shown: upload-url is that of the current upload, or of the last one.
Settings shown_settings(GstTusSink *self)
{
    const std::string url = stats_of(self).upload_url;
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    Settings shown = impl.settings;
    if (!url.empty() && (impl.recording || shown.upload.upload_url.empty()))
        shown.upload.upload_url = url;
    return shown;
}

void get_property(GObject *object, unsigned id, GValue *value, GParamSpec *spec) noexcept
{
    GstTusSink *self = GST_TUS_SINK(object);
    if (id == stats_id()) {
        g_value_take_boxed(value, make_stats(self));
    } else if (id <= properties().size()) {
        properties()[id - 1].get(shown_settings(self), value);
    } else {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

// Takes a property that may change while the recording runs. FALSE: the value is refused, and
// the one before stays.
Result<void> change_running(GstTusSinkImpl &impl, const Property<Settings> &row,
                            const GValue *value) EXCLUDES(impl.mutex)
{
    // Held over update(), so that two changes can not overtake each other.
    const MutexLock lock(impl.mutex);
    Settings changed = impl.settings;
    row.set(changed, value);
    if (impl.recording) {
        auto runtime = gsttus::make_runtime_config(changed);
        if (!runtime)
            return runtime.error();
        impl.recording->upload().update(std::move(*runtime));
    }
    impl.settings = std::move(changed);
    return {};
}

void set_property(GObject *object, unsigned id, const GValue *value, GParamSpec *spec) noexcept
{
    GstTusSink *self = GST_TUS_SINK(object);
    if (id == 0 || id > properties().size()) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    GstTusSinkImpl &impl = impl_of(self);
    const Property<Settings> &row = properties()[id - 1];
    if (!(spec->flags & GST_PARAM_MUTABLE_PLAYING)) {
        MutexLock lock(impl.mutex);
        if (!impl.recording) {
            row.set(impl.settings, value);
            return;
        }
        lock.unlock();
        gsttus::warn_running(self, spec->name);
    } else if (auto changed = change_running(impl, row, value); !changed) {
        gsttus::post_warning(GST_ELEMENT(self), changed.error());
    }
}

void finalize(GObject *object) noexcept
{
    GstTusSinkImpl *impl = &impl_of(object);
    {
        // What other threads did comes before. Their references guarantee that, but ThreadSanitizer
        // does not see those.
        MutexLock lock(impl->mutex);
    }
    delete impl;
    G_OBJECT_CLASS(gst_tus_sink_parent_class)->finalize(object);
}

// --- states --------------------------------------------------------------------------------------

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
    if (!settings.location.empty())
        metadata.emplace_back("filename", settings.location);
    for (auto &pair : *pairs) {
        if (settings.location.empty() || pair.first != "filename")
            metadata.push_back(std::move(pair));
    }
    return std::unique_ptr<Target>(
        std::make_unique<gsttus::TusTarget>(settings.endpoint, std::move(metadata)));
}

struct Plan {
    gsttus::UploadConfig config;
    gsttus::HttpConfig http;
    std::unique_ptr<Target> target;
};

Result<Plan> make_plan(GstTusSink *self)
{
    GstTusSinkImpl &impl = impl_of(self);
    MutexLock lock(impl.mutex);
    const Settings settings = impl.settings;
    lock.unlock();
    auto config = gsttus::make_upload_config(settings);
    if (!config)
        return config.error();
    auto target = GST_TUS_SINK_GET_CLASS(self)->make_target(self, settings);
    if (!target)
        return target.error();
    return Plan{std::move(*config), settings.http, std::move(*target)};
}

// NULL→READY: says what is wrong with the settings as early as can be. Not in the base class's
// start(), after whose failure it posts an ERROR of its own.
bool check_settings(GstTusSink *self)
{
    const auto plan = make_plan(self);
    if (!plan)
        gsttus::post_error(GST_ELEMENT(self), plan.error());
    return plan.ok();
}

StreamHints first_hints(GstTusSink *self)
{
    StreamHints hints;
    GstCaps *caps = gst_pad_peer_query_caps(GST_BASE_SINK_PAD(self), nullptr);
    hints.mime_type = gsttus::mime_from_caps(caps);
    gst_caps_unref(caps);
    return hints;
}

bool begin_recording(GstTusSink *self)
{
    auto plan = make_plan(self);
    if (!plan) {
        gsttus::post_error(GST_ELEMENT(self), plan.error());
        return false;
    }
    GST_TUS_SINK_GET_CLASS(self)->recording_begins(self);
    auto recording =
        std::make_shared<Recording>(self, std::move(plan->config), std::move(plan->http),
                                    std::move(plan->target), first_hints(self));
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.recording = std::move(recording);
    impl.last = {};
    return true;
}

void end_recording(GstTusSink *self)
{
    // It stays in place while it stops, which may take stop-timeout, for `stats`.
    const auto recording = recording_of(self);
    if (!recording)
        return;
    recording->stop();
    UploadStats stats = recording->upload().stats();
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.last = std::move(stats);
    impl.recording.reset();
}

void set_paused(GstTusSink *self, bool paused)
{
    if (const auto recording = recording_of(self))
        recording->set_paused(paused);
}

GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) noexcept
{
    GstTusSink *self = GST_TUS_SINK(element);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !check_settings(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !begin_recording(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
        set_paused(self, true);
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(gst_tus_sink_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING && result != GST_STATE_CHANGE_FAILURE)
        set_paused(self, false);
    // Going down, the streaming thread is out of here once the base class has deactivated the pad.
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
        end_recording(self);
    return result;
}

// --- GstURIHandler -------------------------------------------------------------------------------

GstURIType uri_type(GType /*type*/)
{
    return GST_URI_SINK;
}

const char *const *uri_protocols(GType /*type*/)
{
    static const char *const kProtocols[] = {"tus+https", "tus+http", nullptr};
    return kProtocols;
}

char *get_uri(GstURIHandler *handler)
{
    GstTusSinkImpl &impl = impl_of(handler);
    MutexLock lock(impl.mutex);
    const std::string endpoint = impl.settings.endpoint;
    lock.unlock();
    if (endpoint.empty())
        return nullptr;
    // what follows may be secret, see the property
    const std::string shown = gsttus::redact_url(endpoint.substr(0, endpoint.find_first_of("?#")));
    return g_strdup(gsttus::cat(kUriPrefix, shown).c_str());
}

gboolean set_uri(GstURIHandler *handler, const char *uri, GError **error)
{
    GstTusSink *self = GST_TUS_SINK(handler);
    if (gsttus::sink_is_running(self)) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE,
                            "The URI can not be changed while a recording runs.");
        return FALSE;
    }
    if (!g_str_has_prefix(uri, kUriPrefix)) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_UNSUPPORTED_PROTOCOL,
                            "The URI must begin with tus+https:// or tus+http://.");
        return FALSE;
    }
    std::string endpoint(uri + std::char_traits<char>::length(kUriPrefix));
    if (const auto address = gsttus::check_address("endpoint", endpoint); !address) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
                            address.error().message.c_str());
        return FALSE;
    }
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.settings.endpoint = std::move(endpoint);
    return TRUE;
}

// --- class ---------------------------------------------------------------------------------------

// The first handler that has an answer.
gboolean take_first_answer(GSignalInvocationHint * /*hint*/, GValue *answer, const GValue *one,
                           gpointer /*data*/)
{
    if (!g_value_get_string(one))
        return TRUE;
    g_value_copy(one, answer);
    return FALSE;
}

void install_properties(GObjectClass *klass)
{
    klass->get_property = get_property;
    klass->set_property = set_property;
    gsttus::install(klass, properties());
    g_object_class_install_property(
        klass, stats_id(),
        g_param_spec_boxed("stats", "Statistics",
                           "The base class's fields and: state, upload-url, bytes-rendered, "
                           "bytes-acked, bytes-in-memory, bytes-on-disk, bytes-resent, requests, "
                           "retries, outages, outage-time (ns), last-http-status, upload-rate "
                           "(bits/s), length-mode. Stays after the end of a recording",
                           GST_TYPE_STRUCTURE,
                           static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
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
}

} // namespace

static void gst_tus_sink_uri_handler_init(gpointer iface, gpointer /*data*/)
{
    auto *handler = static_cast<GstURIHandlerInterface *>(iface);
    handler->get_type = uri_type;
    handler->get_protocols = uri_protocols;
    handler->get_uri = get_uri;
    handler->set_uri = set_uri;
}

static void gst_tus_sink_class_init(GstTusSinkClass *klass)
{
    gsttus::init_debug();
    auto *object_class = G_OBJECT_CLASS(klass);
    object_class->finalize = finalize;
    install_properties(object_class);
    install_signals(klass);

    auto *element_class = GST_ELEMENT_CLASS(klass);
    element_class->change_state = GST_DEBUG_FUNCPTR(change_state);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_set_static_metadata(
        element_class, "tus upload sink", "Sink/Network",
        "Uploads a recording live to any tus 1.0.0 server; loses nothing when the network does",
        "The gst-tus developers");

    gsttus::install_stream_functions(klass);

    klass->make_target = make_target;
    klass->recording_begins = [](GstTusSink *) {};
    klass->target_notice = [](GstTusSink *, const gsttus::TargetNotice &) {};
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

void sink_completed(GstTusSink *self)
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
