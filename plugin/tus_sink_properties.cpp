// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of GstTusSink as GObject reads and writes them, and as a URI: what may change
// when, and what is shown of a recording under way. Any thread. Knows no property but those that a
// recording fills in: the rows are in tus_properties.cpp.
#include "base/redact.h"
#include "base/text.h"
#include "bus.h"
#include "tus_properties.h"
#include "tus_sink_private.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gsttus {

namespace {

const PropertyTable<Settings> &properties()
{
    static const auto *table = new PropertyTable<Settings>(make_tus_properties());
    return *table;
}

unsigned stats_id()
{
    return static_cast<unsigned>(properties().size()) + 1;
}

// --- stats ---------------------------------------------------------------------------------------

GParamSpec *stats_spec()
{
    return g_param_spec_boxed(
        "stats", "Statistics",
        "The base class's statistics and the upload's, also after its end: sizes in bytes, "
        "outage-time in ns, upload-rate in bits per second",
        GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

// --- max-bitrate ---------------------------------------------------------------------------------

unsigned max_bitrate_id()
{
    return stats_id() + 1;
}

// The base class has it: here it only says what it is not.
GParamSpec *max_bitrate_spec()
{
    return g_param_spec_uint64(
        "max-bitrate", "Max bitrate of the pipeline",
        "Most bits per second that the base class lets through, with sync=true. It holds back the "
        "pipeline, not the upload: that is max-upload-rate. 0: no limit",
        0, G_MAXUINT64, 0,
        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                 GST_PARAM_MUTABLE_PLAYING));
}

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
        "upload-url", G_TYPE_STRING, stats.shown_url.c_str(), "bytes-rendered", G_TYPE_UINT64,
        stats.bytes_rendered, "bytes-acked", G_TYPE_UINT64, stats.bytes_acked, "bytes-in-memory",
        G_TYPE_UINT64, stats.bytes_in_memory, "bytes-on-disk", G_TYPE_UINT64, stats.bytes_on_disk,
        "bytes-resent", G_TYPE_UINT64, stats.bytes_resent, "requests", G_TYPE_UINT64,
        stats.requests, "retries", G_TYPE_UINT64, stats.retries, "outages", G_TYPE_UINT64,
        stats.outages, "outage-time", G_TYPE_UINT64, static_cast<guint64>(outage_time.count()),
        "last-http-status", G_TYPE_UINT, static_cast<unsigned>(std::max(stats.last_http_status, 0)),
        "upload-rate", G_TYPE_UINT64, stats.upload_rate, "length-mode", G_TYPE_STRING,
        stats.length_mode.c_str(), "sha256", G_TYPE_STRING, stats.sha256.c_str(), "spool-path",
        G_TYPE_STRING, stats.spool_path.c_str(), nullptr);
    return out;
}

// --- reading and writing -------------------------------------------------------------------------

// That of the current upload, or of the last one.
std::string upload_url_of(GstTusSink *self, std::string UploadStats::*form)
{
    const UploadStats stats = stats_of(self);
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    const std::string &set = impl.settings.upload.upload_url;
    return !stats.upload_url.empty() && (impl.recording || set.empty()) ? stats.*form : set;
}

// The settings as they are shown.
Settings shown_settings(GstTusSink *self)
{
    std::string url = shown_upload_url(self);
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    Settings shown = impl.settings;
    shown.upload.upload_url = std::move(url);
    return shown;
}

void get_property(GObject *object, unsigned id, GValue *value, GParamSpec *spec) noexcept
{
    GstTusSink *self = GST_TUS_SINK(object);
    if (id == stats_id()) {
        g_value_take_boxed(value, make_stats(self));
    } else if (id == max_bitrate_id()) {
        g_value_set_uint64(value, gst_base_sink_get_max_bitrate(GST_BASE_SINK(self)));
    } else if (const auto *row = find_row(properties(), id)) {
        row->get(shown_settings(self), value);
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
        auto runtime = make_runtime_config(changed);
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
    if (id == max_bitrate_id()) {
        gst_base_sink_set_max_bitrate(GST_BASE_SINK(self), g_value_get_uint64(value));
        return;
    }
    const Property<Settings> *row = find_row(properties(), id);
    if (!row) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
        return;
    }
    GstTusSinkImpl &impl = impl_of(self);
    if (!(spec->flags & GST_PARAM_MUTABLE_PLAYING)) {
        MutexLock lock(impl.mutex);
        if (!impl.recording) {
            row->set(impl.settings, value);
            return;
        }
        lock.unlock();
        warn_running(self, spec->name);
    } else if (auto changed = change_running(impl, *row, value); !changed) {
        post_warning(GST_ELEMENT(self), changed.error());
    }
}

// --- GstURIHandler -------------------------------------------------------------------------------

constexpr const char *kUriPrefix = "tus+";

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
    const std::string shown = redact_url(endpoint.substr(0, endpoint.find_first_of("?#")));
    return g_strdup(cat(kUriPrefix, shown).c_str());
}

gboolean set_uri(GstURIHandler *handler, const char *uri, GError **error)
{
    GstTusSink *self = GST_TUS_SINK(handler);
    if (sink_is_running(self)) {
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
    if (const auto address = check_address("endpoint", endpoint); !address) {
        g_set_error_literal(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
                            address.error().message.c_str());
        return FALSE;
    }
    GstTusSinkImpl &impl = impl_of(self);
    const MutexLock lock(impl.mutex);
    impl.settings.endpoint = std::move(endpoint);
    return TRUE;
}

} // namespace

std::string shown_upload_url(GstTusSink *self)
{
    return redact_url(upload_url_of(self, &UploadStats::shown_url));
}

char *whole_upload_url(GstTusSink *self)
{
    const std::string url = upload_url_of(self, &UploadStats::upload_url);
    return url.empty() ? nullptr : g_strdup(url.c_str());
}

void install_property_functions(GstTusSinkClass *klass)
{
    auto *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = get_property;
    object_class->set_property = set_property;
    install(object_class, properties());
    g_object_class_install_property(object_class, stats_id(), stats_spec());
    g_object_class_install_property(object_class, max_bitrate_id(), max_bitrate_spec());
}

void init_uri_handler(gpointer iface, gpointer /*data*/)
{
    auto *handler = static_cast<GstURIHandlerInterface *>(iface);
    handler->get_type = uri_type;
    handler->get_protocols = uri_protocols;
    handler->get_uri = get_uri;
    handler->set_uri = set_uri;
}

} // namespace gsttus
