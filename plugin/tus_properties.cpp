// The table of the properties of both elements. Blurbs are the user's manual (gst-inspect-1.0):
// unit, range, default, what an error looks like.
#include "base/redact.h"
#include "enums.h"
#include "properties.h"

namespace gsttus {

namespace {

using Rows = std::vector<Property<Settings>>;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr unsigned kMaxSeconds = G_MAXINT32; // far from the end of Duration

// An address is shown without what may be secret in it.
template <auto Field>
Property<Settings> address_property(GParamSpec *spec)
{
    Property<Settings> row = string_property<Settings, Field>(spec);
    row.get = [](const Settings &s, GValue *v) { set_string(v, redact_url(Field(s))); };
    return row;
}

void add_identity(Rows &rows)
{
    rows.push_back(string_property<Settings, [](auto &s) -> auto & { return s.location; }>(
        g_param_spec_string("location", "Location",
                            "Name of the recording, sent as tus metadata \"filename\"; gcoresink "
                            "also names the video so unless video-name is set. splitmuxsink sets "
                            "it for each fragment",
                            nullptr, kReady)));
    rows.push_back(address_property<[](auto &s) -> auto & { return s.endpoint; }>(
        g_param_spec_string("endpoint", "Endpoint",
                            "URL where uploads are created (https://HOST/PATH/). tussink needs "
                            "it; gcoresink learns it from the Gcore API and this overrides it. "
                            "Query parts are not shown when it is read",
                            nullptr, kReady)));
    rows.push_back(string_property<Settings, [](auto &s) -> auto & { return s.upload.upload_url; }>(
        g_param_spec_string("upload-url", "Upload URL",
                            "Read: URL of the current or last upload. Set before start: "
                            "continue that upload behind what the server has, instead of "
                            "creating one; forgotten when the upload is complete",
                            nullptr, kReady)));
    rows.push_back(structure_property<Settings, [](auto &s) -> auto & { return s.metadata; }>(
        g_param_spec_boxed("metadata", "Metadata",
                           "Further tus metadata, for example \"meta,project=demo,take=(int)3\". "
                           "Keys are ASCII without blanks and commas",
                           GST_TYPE_STRUCTURE, kReady)));
}

void add_requests(Rows &rows)
{
    Property<Settings> headers = structure_property < Settings, [](auto &s) -> auto &
    {
        return s.extra_headers;
    }
    > (g_param_spec_boxed(
          "extra-headers", "Extra headers",
          "Headers on every tus request, for example \"headers,X-Project=demo\"; an array "
          "gives several headers of a name. Headers of the tus protocol are refused. Over "
          "plain http only to this machine. Reading shows the names, not the values",
          GST_TYPE_STRUCTURE, kPlaying));
    headers.get = [](const Settings &s, GValue *v) {
        g_value_take_boxed(v, s.extra_headers ? masked_structure(*s.extra_headers) : nullptr);
    };
    rows.push_back(headers);
    rows.push_back(
        secret_property<Settings, [](auto &s) -> auto & { return s.upload.runtime.authorization; }>(
            g_param_spec_string("authorization", "Authorization",
                                "Authorization header for the tus server, for example \"Bearer "
                                "TOKEN\"; may be renewed while running (see the signal "
                                "refresh-authorization). Never sent to the Gcore API, never "
                                "readable; over plain http only to this machine",
                                nullptr, kSecretPlaying)));
    rows.push_back(uint64_property<Settings, [](auto &s) -> auto & { return s.upload.chunk_size; }>(
        g_param_spec_uint64("chunk-size", "Chunk size", "Most bytes in one PATCH request", 1,
                            kMaxBytes, 8 * kMiB, kReady)));
    rows.push_back(
        uint64_property<Settings, [](auto &s) -> auto & { return s.upload.min_chunk_size; }>(
            g_param_spec_uint64("min-chunk-size", "Smallest chunk",
                                "Do not send less bytes than this in a PATCH before EOS, whatever "
                                "flush-interval says (Cloudflare: 5242880)",
                                0, kMaxBytes, 0, kReady)));
    rows.push_back(
        uint64_property<Settings, [](auto &s) -> auto & { return s.upload.chunk_align; }>(
            g_param_spec_uint64("chunk-align", "Chunk alignment",
                                "Every PATCH but the last is a multiple of so many bytes "
                                "(Cloudflare: 262144)",
                                1, kMaxBytes, 1, kReady)));
    rows.push_back(time_property<Settings, milliseconds, [](auto &s) -> auto & {
        return s.upload.runtime.flush_interval;
    }>(g_param_spec_uint("flush-interval", "Flush interval",
                         "Longest time in ms that bytes wait here before a PATCH takes them; "
                         "what is pending when a PATCH ends goes with the next",
                         0, G_MAXINT32, 1000, kPlaying)));
    rows.push_back(
        enum_property<Settings, LengthMode, [](auto &s) -> auto & { return s.upload.length_mode; }>(
            g_param_spec_enum("length-mode", "Length mode",
                              "How a length that is not known yet is handled; auto takes the "
                              "first of deferred, concatenation and spool that the server can do",
                              length_mode_type(), static_cast<int>(LengthMode::kAuto), kReady)));
    rows.push_back(
        enum_property<Settings, Checksum, [](auto &s) -> auto & { return s.upload.checksum; }>(
            g_param_spec_enum("checksum", "Checksum",
                              "Checksum sent with each PATCH, if the server offers it (tus "
                              "extension checksum)",
                              checksum_type(), static_cast<int>(Checksum::kNone), kReady)));
}

void add_storage(Rows &rows)
{
    rows.push_back(
        uint64_property<Settings, [](auto &s) -> auto & { return s.upload.replay.max_memory; }>(
            g_param_spec_uint64("max-memory", "Memory",
                                "Most bytes kept in memory that the server has not confirmed yet",
                                1, kMaxBytes, 32 * kMiB, kReady)));
    rows.push_back(enum_property<Settings, SpoolMode, [](auto &s) -> auto & {
        return s.upload.replay.spool_mode;
    }>(g_param_spec_enum("spool-mode", "Spool mode",
                         "What goes to disk: nothing (never), what exceeds max-memory "
                         "(overflow), or every byte, so that a crash loses nothing (always)",
                         spool_mode_type(), static_cast<int>(SpoolMode::kOverflow), kReady)));
    rows.push_back(
        string_property<Settings, [](auto &s) -> auto & { return s.upload.replay.spool_dir; }>(
            g_param_spec_string("spool-dir", "Spool folder",
                                "Folder for what goes to disk (files 0600, folder 0700). Default: "
                                "$XDG_CACHE_HOME/gst-tus",
                                nullptr, param_flags(kReady | GST_PARAM_DOC_SHOW_DEFAULT))));
    rows.push_back(
        uint64_property<Settings, [](auto &s) -> auto & { return s.upload.replay.max_spool_size; }>(
            g_param_spec_uint64("max-spool-size", "Spool size",
                                "Most bytes on disk; 0: what the disk has, less 256 MiB. When it "
                                "is reached the pipeline is held back, with one warning",
                                0, kMaxBytes, 0, kReady)));
    rows.push_back(uint64_property<Settings, [](auto &s) -> auto & {
        return s.upload.replay.rollback_margin;
    }>(g_param_spec_uint64("rollback-margin", "Rollback margin",
                           "Confirmed bytes kept here in case the server's offset goes back", 0,
                           kMaxBytes, 8 * kMiB, kReady)));
}

void add_bounds(Rows &rows)
{
    rows.push_back(time_property<Settings, seconds, [](auto &s) -> auto & {
        return s.upload.runtime.timeout;
    }>(g_param_spec_uint("timeout", "Timeout",
                         "A request on which nothing moves for so many seconds has failed (and "
                         "is tried again)",
                         1, kMaxSeconds, 30, kPlaying)));
    rows.push_back(time_property<Settings, seconds, [](auto &s) -> auto & {
        return s.upload.runtime.outage_timeout;
    }>(g_param_spec_uint("outage-timeout", "Outage timeout",
                         "After so many seconds without progress the upload has failed: ERROR, a "
                         "spool on disk is kept. 0: never, go on trying",
                         0, kMaxSeconds, 0, kPlaying)));
    rows.push_back(time_property<Settings, seconds, [](auto &s) -> auto & {
        return s.upload.runtime.drain_timeout;
    }>(g_param_spec_uint("drain-timeout", "Drain timeout",
                         "Longest time in seconds that EOS waits for the server to confirm every "
                         "byte; then ERROR. 0: as long as it takes",
                         0, kMaxSeconds, 0, kPlaying)));
    rows.push_back(
        enum_property<Settings, OnStop, [](auto &s) -> auto & { return s.upload.on_stop; }>(
            g_param_spec_enum("on-stop", "On stop",
                              "When stopped without EOS: declare the length and finish within "
                              "stop-timeout (finish), leave the upload so that it can be continued "
                              "(keep), or delete it at the server (terminate)",
                              on_stop_type(), static_cast<int>(OnStop::kFinish), kReady)));
    rows.push_back(time_property<Settings, milliseconds, [](auto &s) -> auto & {
        return s.upload.stop_timeout;
    }>(g_param_spec_uint("stop-timeout", "Stop timeout",
                         "Bound in ms on any stop, also against a silent server", 0, G_MAXINT32,
                         5000, kReady)));
    rows.push_back(time_property<Settings, milliseconds, [](auto &s) -> auto & {
        return s.upload.runtime.progress_interval;
    }>(g_param_spec_uint("progress-interval", "Progress interval",
                         "Pace in ms of the messages tus-upload-progress; 0: none", 0, G_MAXINT32,
                         1000, kPlaying)));
}

void add_connection(Rows &rows)
{
    rows.push_back(boolean_property<Settings, [](auto &s) -> auto & { return s.http.ssl_strict; }>(
        g_param_spec_boolean("ssl-strict", "Strict TLS",
                             "Refuse servers whose certificate is not right", TRUE, kReady)));
    rows.push_back(string_property<Settings, [](auto &s) -> auto & { return s.http.ssl_ca_file; }>(
        g_param_spec_string("ssl-ca-file", "CA file",
                            "PEM file with the certificate authorities to trust; default: the "
                            "system's",
                            nullptr, kReady)));
    rows.push_back(
        {g_param_spec_object("tls-database", "TLS database",
                             "Certificate authorities to trust, as an object", G_TYPE_TLS_DATABASE,
                             kReady),
         [](const Settings &s, GValue *v) { g_value_set_object(v, s.http.tls_database.get()); },
         [](Settings &s, const GValue *v) {
             s.http.tls_database =
                 GRef<GTlsDatabase>::adopt(static_cast<GTlsDatabase *>(g_value_dup_object(v)));
         }});
    rows.push_back(
        {g_param_spec_object("tls-interaction", "TLS interaction",
                             "Answers when a server asks for a client certificate",
                             G_TYPE_TLS_INTERACTION, kReady),
         [](const Settings &s, GValue *v) { g_value_set_object(v, s.http.tls_interaction.get()); },
         [](Settings &s, const GValue *v) {
             s.http.tls_interaction = GRef<GTlsInteraction>::adopt(
                 static_cast<GTlsInteraction *>(g_value_dup_object(v)));
         }});
    rows.push_back(address_property<[](auto &s) -> auto & { return s.http.proxy; }>(
        g_param_spec_string("proxy", "Proxy",
                            "URI of an HTTP proxy; default: the system's ($https_proxy and the "
                            "like). User name and password are not shown when it is read",
                            nullptr, kReady)));
    rows.push_back(string_property<Settings, [](auto &s) -> auto & { return s.http.user_agent; }>(
        g_param_spec_string("user-agent", "User agent", "User-Agent header of every request",
                            default_user_agent(), kReady)));
}

} // namespace

std::vector<Property<Settings>> make_tus_properties()
{
    Rows rows;
    add_identity(rows);
    add_requests(rows);
    add_storage(rows);
    add_bounds(rows);
    add_connection(rows);
    return rows;
}

} // namespace gsttus
