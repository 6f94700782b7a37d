// The rows of the properties of both elements. Blurbs are the user's manual (gst-inspect-1.0):
// unit, what the default means, what an error looks like. README.md has a row for each, too.
#include "tus_properties.h"

#include "enums.h"
#include "property_rows.h"
#include "tus/protocol.h"

namespace gsttus {

namespace {

using Rows = PropertyTable<Settings>;

template <auto Member>
constexpr Path<&Settings::upload, Member> in_upload{};
template <auto Member>
constexpr Path<&Settings::upload, &UploadConfig::runtime, Member> in_runtime{};
template <auto Member>
constexpr Path<&Settings::upload, &UploadConfig::replay, Member> in_replay{};
template <auto Member>
constexpr Path<&Settings::http, Member> in_http{};

// A value that is not known to be harmless may be a secret, a "token" for example.
void show_metadata(const Settings &s, GValue *v)
{
    g_value_take_boxed(v, s.metadata ? masked_structure(*s.metadata, tus::is_public_metadata)
                                     : nullptr);
}

Rows identity_rows()
{
    return {
        row::text("location", "Location", nullptr, kReady, path<&Settings::location>,
                  "Name of the recording, sent as tus metadata \"filename\"; gcoresink "
                  "also names the video so unless video-name is set. Of a path the last "
                  "element counts (see location-as-path). splitmuxsink sets it for each "
                  "fragment"),
        row::flag("location-as-path", "Location as path", false, kReady,
                  path<&Settings::location_as_path>,
                  "TRUE: the whole location is the name, with its folders; FALSE: its last path "
                  "element"),
        row::address("endpoint", "Endpoint", kReady, path<&Settings::endpoint>,
                     "URL where uploads are created (https://HOST/PATH/). tussink needs "
                     "it; gcoresink learns it from the Gcore API and this overrides it. "
                     "Query parts are not shown when it is read"),
        row::address("upload-url", "Upload URL", kReady, in_upload<&UploadConfig::upload_url>,
                     "Read: URL of the current or last upload; a query (of a signed URL) is shown "
                     "as \"?…\", the action signal get-upload-url returns all of it. Set before "
                     "start: continue that upload behind what the server has, instead of "
                     "creating one; forgotten when the upload is complete"),
        row::shown_by(
            show_metadata,
            row::structure("metadata", "Metadata", kReady, path<&Settings::metadata>,
                           "Further tus metadata, for example \"meta,project=demo,take=(int)3\". "
                           "Keys are ASCII without blanks and commas. Reading shows names, titles "
                           "and types, of the others not the values")),
    };
}

// Values may be secrets: the names are shown.
void show_header_names(const Settings &s, GValue *v)
{
    const auto nothing = [](std::string_view) { return false; };
    g_value_take_boxed(v, s.extra_headers ? masked_structure(*s.extra_headers, nothing) : nullptr);
}

Rows header_rows()
{
    return {
        row::shown_by(
            show_header_names,
            row::structure(
                "extra-headers", "Extra headers", kPlaying, path<&Settings::extra_headers>,
                "Headers on every tus request, for example \"headers,X-Project=demo\"; an array "
                "gives several headers of a name. Headers of the tus protocol are refused. Over "
                "plain http only to this machine. Reading shows the names, not the values")),
        row::secret("authorization", "Authorization", kPlaying,
                    in_runtime<&RuntimeConfig::authorization>,
                    "Authorization header for the tus server, for example \"Bearer "
                    "TOKEN\"; may be renewed while running (see the signal "
                    "refresh-authorization). Never sent to the Gcore API, never "
                    "readable; over plain http only to this machine"),
    };
}

Rows chunk_rows()
{
    return {
        row::number("chunk-size", "Chunk size", {1, kMaxBytes, 8 * kMiB}, kReady,
                    in_upload<&UploadConfig::chunk_size>, "Most bytes in one PATCH request"),
        row::number("max-chunk-size", "Largest chunk", {1, kMaxBytes, 64 * kMiB}, kReady,
                    in_upload<&UploadConfig::max_chunk_size>,
                    "Most bytes in one PATCH request while a backlog is sent, where requests grow "
                    "from chunk-size on; never below that"),
        row::number("min-chunk-size", "Smallest chunk", {0, kMaxBytes, 0}, kReady,
                    in_upload<&UploadConfig::min_chunk_size>,
                    "Do not send less bytes than this in a PATCH before EOS, whatever "
                    "flush-interval says (Cloudflare: 5242880)"),
        row::number("chunk-align", "Chunk alignment", {1, kMaxBytes, 1}, kReady,
                    in_upload<&UploadConfig::chunk_align>,
                    "Every PATCH but the last is a multiple of so many bytes "
                    "(Cloudflare: 262144)"),
        row::time_ms("flush-interval", "Flush interval", {0, kMaxTime, 1000}, kPlaying,
                     in_runtime<&RuntimeConfig::flush_interval>,
                     "Longest time in ms that bytes wait here before a PATCH takes them; "
                     "what is pending when a PATCH ends goes with the next"),
    };
}

Rows mode_rows()
{
    return {
        row::choice("length-mode", "Length mode", length_mode_type(), LengthMode::kAuto, kReady,
                    in_upload<&UploadConfig::length_mode>,
                    "How a length that is not known yet is handled; auto takes the "
                    "first of deferred, concatenation and spool that the server can do"),
        row::choice(
            "request-mode", "Request mode", request_mode_type(), RequestMode::kBounded, kReady,
            in_upload<&UploadConfig::request_mode>,
            "Whether each PATCH has its length, or stays open for chunk-size bytes or 10 s (2 s "
            "with spool-mode=overflow) and carries what comes within flush-interval/4; "
            "tried out first, and bounded where a proxy buffers or with checksum"),
        // no more than the streaming thread copies at EOS without anybody noticing
        row::number("seekable-header", "Seekable header", {0, 16 * kMiB, 0}, kReady,
                    in_upload<&UploadConfig::seekable_header>,
                    "Bytes from the start of the recording that the muxer may rewrite until it "
                    "ends (its duration, an index): they are kept here, as a part of max-memory, "
                    "and uploaded last. 0: none, an upload only grows. Usual are 64 KiB to 1 MiB, "
                    "the most is 16 MiB. "
                    "Needs a server with the tus extension concatenation, else an ERROR at the "
                    "start, or length-mode=spool; not with length-mode=deferred or upload-url. "
                    "What goes back behind them is an ERROR that names the size it takes. See the "
                    "README for what a crash leaves"),
        row::choice("checksum", "Checksum", checksum_type(), Checksum::kNone, kReady,
                    in_upload<&UploadConfig::checksum>,
                    "Checksum sent with each PATCH, if the server offers it (tus "
                    "extension checksum)"),
    };
}

Rows storage_rows()
{
    return {
        row::number("max-memory", "Memory", {1, kMaxBytes, 32 * kMiB}, kReady,
                    in_replay<&ReplayConfig::max_memory>,
                    "Most bytes kept in memory that the server has not confirmed yet; at least 1 "
                    "MiB, unless spool-mode is never"),
        row::number("max-process-memory", "Process memory", {1, kMaxBytes, 256 * kMiB}, kReady,
                    in_upload<&UploadConfig::max_process_memory>,
                    "Most bytes that all sinks of this process keep in memory; the smallest of "
                    "several values counts. Above three quarters rollback-margin gives way, then "
                    "what waits goes to disk, of ended recordings first; when it is full, a sink "
                    "does as with max-memory. Each sink has a few blocks in any case"),
        row::choice("spool-mode", "Spool mode", spool_mode_type(), SpoolMode::kOverflow, kReady,
                    in_replay<&ReplayConfig::spool_mode>,
                    "What goes to disk: nothing (never); what the server has not confirmed for 3 "
                    "s, or exceeds max-memory, so that a crash costs 3 s of that at most, "
                    "while a source that can wait does so as long as the server keeps taking "
                    "(overflow); every byte before the next one is taken, so that a crash costs "
                    "nothing, but the pipeline waits for the disk (always)"),
        row::text("spool-dir", "Spool folder", nullptr, kReadyFromEnv,
                  in_replay<&ReplayConfig::spool_dir>,
                  "Folder for what goes to disk (files 0600, folder 0700); made where it is "
                  "missing. One that cannot be used is a WARNING at the start, and an ERROR where "
                  "the recording needs it (spool-mode=always, length-mode=spool). Default: "
                  "$STATE_DIRECTORY, else $XDG_STATE_HOME/gst-tus, else, without a home, "
                  "/var/tmp/gst-tus-UID"),
        row::number("max-spool-size", "Spool size", {0, kMaxBytes, 0}, kReady,
                    in_replay<&ReplayConfig::max_spool_size>,
                    "Most bytes on disk; 0: what the disk has, less 256 MiB. When it "
                    "is reached the pipeline is held back, with one warning"),
        row::number("rollback-margin", "Rollback margin", {0, kMaxBytes, 8 * kMiB}, kReady,
                    in_replay<&ReplayConfig::rollback_margin>,
                    "Confirmed bytes kept, where memory allows, in case the server goes back"),
        row::flag("keep-until-proved", "Keep until proved", true, kReady,
                  in_upload<&UploadConfig::keep_until_proved>,
                  "Until this server has shown once that it notes a length that is declared at the "
                  "end, what it has confirmed is kept on disk too, up to max-spool-size, so that "
                  "the recording can be sent once more; with one warning where there is no room "
                  "for that. What a server has shown is remembered in spool-dir. No effect with "
                  "spool-mode=never or another length-mode than auto"),
    };
}

Rows bound_rows()
{
    return {
        row::time_s("timeout", "Timeout", {1, kMaxTime, 30}, kPlaying,
                    in_runtime<&RuntimeConfig::timeout>,
                    "A request on which nothing moves for so many seconds has failed (and "
                    "is tried again)"),
        row::time_s("outage-timeout", "Outage timeout", {0, kMaxTime, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::outage_timeout>,
                    "After so many seconds without progress the upload has failed: ERROR, a "
                    "spool on disk is kept. 0: never, go on trying"),
        row::time_s("drain-timeout", "Drain timeout", {0, kMaxTime, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::drain_timeout>,
                    "Longest time in seconds that EOS waits for the server to confirm every "
                    "byte; then ERROR. 0: as long as it takes"),
        row::choice("on-stop", "On stop", on_stop_type(), OnStop::kFinish, kReady,
                    in_upload<&UploadConfig::on_stop>,
                    "When stopped without EOS: declare the length and finish within "
                    "stop-timeout (finish), leave the upload so that it can be continued "
                    "(keep), or delete it at the server (terminate)"),
        row::time_ms("stop-timeout", "Stop timeout", {0, kMaxTime, 5000}, kReady,
                     in_upload<&UploadConfig::stop_timeout>,
                     "Bound in ms on any stop, also against a silent server"),
        row::time_ms("progress-interval", "Progress interval", {0, kMaxTime, 1000}, kPlaying,
                     in_runtime<&RuntimeConfig::progress_interval>,
                     "Pace in ms of the messages tus-upload-progress; 0: none"),
    };
}

Rows line_rows()
{
    return {
        row::number("max-parallel-uploads", "Parallel uploads", {0, G_MAXUINT, 4}, kReady,
                    in_upload<&UploadConfig::max_parallel_uploads>,
                    "Most recordings of this process that have ended and are behind (after an "
                    "outage, or by more than chunk-size) and are sent to one server at the same "
                    "time, oldest first; the others wait, with the state \"waiting\" in stats, and "
                    "as long as drain-timeout allows. One that is still recorded is never kept "
                    "waiting. 0: all"),
        row::number("max-upload-rate", "Upload rate", {0, kMaxBytes, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::max_upload_rate>,
                    "Most bits per second of the recording that are sent; 0: no limit. It never "
                    "slows down the recording: what comes faster waits in memory, then on disk, "
                    "and EOS waits for it"),
        row::flag("upload-paused", "Upload paused", false, kPlaying,
                  in_runtime<&RuntimeConfig::paused>,
                  "TRUE: nothing is sent; the recording goes on and waits in memory, then on "
                  "disk, and the state in stats is \"paused\". FALSE: it is sent at once. EOS in a "
                  "pause waits as long as drain-timeout allows; stopped in a pause, what is "
                  "missing is kept on disk. Only on-stop=terminate still sends its DELETE"),
        row::number("qos-dscp", "QoS diff srv code point", {-1, 63, -1}, kPlaying,
                    in_runtime<&RuntimeConfig::qos_dscp>,
                    "Differentiated services code point (0 to 63) of the packets to the server; "
                    "-1: as the system does. As in udpsink"),
    };
}

Rows connection_rows()
{
    return {
        row::flag("ssl-strict", "Strict TLS", true, kReady, in_http<&HttpConfig::ssl_strict>,
                  "Refuse servers whose certificate is not right"),
        row::text("ssl-ca-file", "CA file", nullptr, kReady, in_http<&HttpConfig::ssl_ca_file>,
                  "PEM file with the certificate authorities to trust; default: the "
                  "system's"),
        row::object("tls-database", "TLS database", G_TYPE_TLS_DATABASE, kReady,
                    in_http<&HttpConfig::tls_database>,
                    "Certificate authorities to trust, as an object"),
        row::object("tls-interaction", "TLS interaction", G_TYPE_TLS_INTERACTION, kReady,
                    in_http<&HttpConfig::tls_interaction>,
                    "Answers when a server asks for a client certificate; comes before "
                    "ssl-cert-file"),
        row::text("ssl-cert-file", "Certificate file", nullptr, kReady,
                  in_http<&HttpConfig::ssl_cert_file>,
                  "PEM file with the certificate to show to a server that asks for one, and "
                  "the certificates between it and its authority. A file that can not be used "
                  "is an ERROR at the start; one that is replaced counts after the next "
                  "connection that fails"),
        row::text("ssl-key-file", "Key file", nullptr, kReady, in_http<&HttpConfig::ssl_key_file>,
                  "PEM file with the key of ssl-cert-file, without a password; default: the key "
                  "is in ssl-cert-file. A key that does not belong to the certificate is an "
                  "ERROR at the start"),
        row::address(
            "proxy", "Proxy", kReady, in_http<&HttpConfig::proxy>,
            "URI of an HTTP or SOCKS proxy, with USER:PASSWORD@ where it wants a "
            "login; default: $https_proxy, $http_proxy, $all_proxy and $no_proxy, else "
            "the system's. Addresses of this machine, and on a link of it (fe80::1%25eth0), are "
            "never asked for through a proxy. User name and password are not shown when it is "
            "read"),
        row::secret("proxy-id", "Proxy user", kReady, in_http<&HttpConfig::proxy_id>,
                    "User name for the proxy, wherever its address comes from, in place of the "
                    "one in the address; never readable. A login that the proxy refuses is an "
                    "ERROR at the start and an outage later"),
        row::secret("proxy-pw", "Proxy password", kReady, in_http<&HttpConfig::proxy_pw>,
                    "Password of proxy-id; sent to the proxy only, never readable"),
        row::text("user-agent", "User agent", default_user_agent(), kReady,
                  in_http<&HttpConfig::user_agent>, "User-Agent header of every request"),
    };
}

} // namespace

PropertyTable<Settings> make_tus_properties()
{
    Rows all;
    for (const Rows &group : {identity_rows(), header_rows(), chunk_rows(), mode_rows(),
                              storage_rows(), bound_rows(), line_rows(), connection_rows()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

} // namespace gsttus
