// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the properties of both elements. Blurbs are the user's manual (gst-inspect-1.0): what
// it does, in which unit, what 0 means. docs/tussink.md has a section for each, with what goes
// wrong, which tests/element/docs_test.cpp compares.
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
                  "Name of the recording: tus metadata \"filename\" and, of gcoresink, the name of "
                  "the video. Of a path the last element counts, see location-as-path"),
        row::flag("location-as-path", "Location as path", false, kReady,
                  path<&Settings::location_as_path>,
                  "Take the whole location, with its folders, as the name, not its last path "
                  "element only"),
        row::address(
            "endpoint", "Endpoint", kReady, path<&Settings::endpoint>,
            "URL where the tus server creates uploads (https://HOST/PATH/). Required by tussink; "
            "of gcoresink in place of the one from the API. A query is not shown when it is read"),
        row::address("upload-url", "Upload URL", kReady, in_upload<&UploadConfig::upload_url>,
                     "URL of the current or last upload, without its query: the action signal "
                     "get-upload-url returns all of it. Set before the start: continue that upload "
                     "behind what the server has"),
        row::shown_by(show_metadata,
                      row::structure(
                          "metadata", "Metadata", kReady, path<&Settings::metadata>,
                          "Further tus metadata, for example \"meta,project=demo,take=(int)3\". "
                          "When it is read, only the values of names, titles and types are shown")),
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
            row::structure("extra-headers", "Extra headers", kPlaying,
                           path<&Settings::extra_headers>,
                           "Headers of every tus request, for example \"headers,X-Project=demo\"; "
                           "none that the tus protocol uses itself. Over plain http only to this "
                           "machine. When it is read, no values are shown")),
        row::secret("authorization", "Authorization", kPlaying,
                    in_runtime<&RuntimeConfig::authorization>,
                    "Authorization header for the tus server, for example \"Bearer TOKEN\"; may be "
                    "renewed while running, see the signal refresh-authorization. Over plain http "
                    "only to this machine"),
    };
}

Rows chunk_rows()
{
    return {
        row::number(
            "chunk-size", "Chunk size", {1, kMaxBytes, 8 * kMiB}, kReady,
            in_upload<&UploadConfig::chunk_size>,
            "Most bytes in one PATCH request, unless a backlog is sent (see max-chunk-size)"),
        row::number("max-chunk-size", "Largest chunk", {1, kMaxBytes, 64 * kMiB}, kReady,
                    in_upload<&UploadConfig::max_chunk_size>,
                    "Most bytes in one PATCH request while a backlog is sent, where requests grow "
                    "from chunk-size on; never below chunk-size"),
        row::number("min-chunk-size", "Smallest chunk", {0, kMaxBytes, 0}, kReady,
                    in_upload<&UploadConfig::min_chunk_size>,
                    "Fewest bytes in one PATCH request before EOS, whatever flush-interval says "
                    "(Cloudflare wants 5242880). 0: any number"),
        row::number("chunk-align", "Chunk alignment", {1, kMaxBytes, 1}, kReady,
                    in_upload<&UploadConfig::chunk_align>,
                    "The bytes of each PATCH request but the last are a multiple of this "
                    "(Cloudflare wants 262144)"),
        row::time_ms("flush-interval", "Flush interval", {0, kMaxTime, 1000}, kPlaying,
                     in_runtime<&RuntimeConfig::flush_interval>,
                     "Longest time in ms that bytes wait here before a PATCH request takes them; "
                     "what has come when one ends goes with the next"),
    };
}

Rows mode_rows()
{
    return {
        row::choice("length-mode", "Length mode", length_mode_type(), LengthMode::kAuto, kReady,
                    in_upload<&UploadConfig::length_mode>,
                    "How a length that is not known before the end is handled; auto takes the "
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
                    "Bytes from the start that the muxer may rewrite until the recording ends "
                    "(duration, index); they are uploaded last. Usual are 64 KiB to 1 MiB. Needs a "
                    "server with the tus extension concatenation, or length-mode=spool. 0: none"),
        row::choice("checksum", "Checksum", checksum_type(), Checksum::kNone, kReady,
                    in_upload<&UploadConfig::checksum>,
                    "Checksum sent with each PATCH request, if the server offers it (tus extension "
                    "checksum)"),
    };
}

Rows storage_rows()
{
    return {
        row::number("max-memory", "Memory", {1, kMaxBytes, 32 * kMiB}, kReady,
                    in_replay<&ReplayConfig::max_memory>,
                    "Most bytes kept in memory that the server has not confirmed yet; at least 1 "
                    "MiB, unless spool-mode is never"),
        row::number(
            "max-process-memory", "Process memory", {1, kMaxBytes, 256 * kMiB}, kReady,
            in_upload<&UploadConfig::max_process_memory>,
            "Most bytes that all sinks of this process keep in memory together; the smallest of "
            "their values counts. When it is full, a sink does as with max-memory"),
        row::choice("spool-mode", "Spool mode", spool_mode_type(), SpoolMode::kOverflow, kReady,
                    in_replay<&ReplayConfig::spool_mode>,
                    "What goes to disk: nothing; what has not been confirmed for 3 s or exceeds "
                    "max-memory; or every byte before the next one is taken"),
        row::text("spool-dir", "Spool folder", nullptr, kReadyFromEnv,
                  in_replay<&ReplayConfig::spool_dir>,
                  "Folder for what goes to disk, made where it is missing; only its owner can read "
                  "it. Default: $STATE_DIRECTORY, else $XDG_STATE_HOME/gst-tus, else, without a "
                  "home, /var/tmp/gst-tus-UID"),
        row::number("max-spool-size", "Spool size", {0, kMaxBytes, 0}, kReady,
                    in_replay<&ReplayConfig::max_spool_size>,
                    "Most bytes on disk; when it is reached the pipeline is held back, with one "
                    "WARNING. 0: what the disk has, less 256 MiB"),
        row::number("rollback-margin", "Rollback margin", {0, kMaxBytes, 8 * kMiB}, kReady,
                    in_replay<&ReplayConfig::rollback_margin>,
                    "Confirmed bytes that are kept all the same, where memory allows, in case the "
                    "server goes back behind them"),
        row::flag("keep-until-proved", "Keep until proved", true, kReady,
                  in_upload<&UploadConfig::keep_until_proved>,
                  "Keep on disk what is confirmed, too, until this server has shown once that it "
                  "notes a length that is declared at the end. No effect with spool-mode=never or "
                  "another length-mode than auto"),
    };
}

Rows bound_rows()
{
    return {
        row::time_s("timeout", "Timeout", {1, kMaxTime, 30}, kPlaying,
                    in_runtime<&RuntimeConfig::timeout>,
                    "Time in seconds after which a request on which nothing moves has failed, and "
                    "is tried again"),
        row::time_s("outage-timeout", "Outage timeout", {0, kMaxTime, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::outage_timeout>,
                    "Longest time in seconds without progress; then ERROR, and what is on disk is "
                    "kept. 0: never, go on trying"),
        row::time_s("drain-timeout", "Drain timeout", {0, kMaxTime, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::drain_timeout>,
                    "Longest time in seconds that EOS waits for the server to confirm every byte; "
                    "then ERROR. 0: as long as it takes"),
        row::choice("on-stop", "On stop", on_stop_type(), OnStop::kFinish, kReady,
                    in_upload<&UploadConfig::on_stop>,
                    "What becomes of the upload when it is stopped without EOS"),
        row::time_ms(
            "stop-timeout", "Stop timeout", {0, kMaxTime, 5000}, kReady,
            in_upload<&UploadConfig::stop_timeout>,
            "Longest time in ms that a stop takes, also with a server that does not answer"),
        row::time_ms("progress-interval", "Progress interval", {0, kMaxTime, 1000}, kPlaying,
                     in_runtime<&RuntimeConfig::progress_interval>,
                     "Time in ms between two messages tus-upload-progress. 0: none"),
    };
}

Rows line_rows()
{
    return {
        row::number("max-parallel-uploads", "Parallel uploads", {0, G_MAXUINT, 4}, kReady,
                    in_upload<&UploadConfig::max_parallel_uploads>,
                    "Most recordings of this process that have ended and are behind, and are sent "
                    "to one server at the same time, oldest first; one that is still recorded "
                    "never waits. 0: all"),
        row::number("max-upload-rate", "Upload rate", {0, kMaxBytes, 0}, kPlaying,
                    in_runtime<&RuntimeConfig::max_upload_rate>,
                    "Most bits per second that are sent. The recording is not slowed: what comes "
                    "faster waits in memory, then on disk, and EOS waits for it. 0: no limit"),
        row::flag(
            "upload-paused", "Upload paused", false, kPlaying, in_runtime<&RuntimeConfig::paused>,
            "Send nothing, while the recording goes on and waits in memory, then on disk. EOS "
            "waits as long as drain-timeout allows; a stop keeps on disk what is missing"),
        row::number("qos-dscp", "QoS diff srv code point", {-1, 63, -1}, kPlaying,
                    in_runtime<&RuntimeConfig::qos_dscp>,
                    "Differentiated services code point (0 to 63) of the packets to the server, as "
                    "in udpsink. -1: as the system does"),
    };
}

Rows connection_rows()
{
    return {
        row::flag("ssl-strict", "Strict TLS", true, kReady, in_http<&HttpConfig::ssl_strict>,
                  "Refuse servers whose certificate is not right"),
        row::text("ssl-ca-file", "CA file", nullptr, kReady, in_http<&HttpConfig::ssl_ca_file>,
                  "PEM file with the certificate authorities to trust, in place of tls-database. "
                  "Default: the system's"),
        row::object("tls-database", "TLS database", G_TYPE_TLS_DATABASE, kReady,
                    in_http<&HttpConfig::tls_database>,
                    "Certificate authorities to trust, as an object"),
        row::object("tls-interaction", "TLS interaction", G_TYPE_TLS_INTERACTION, kReady,
                    in_http<&HttpConfig::tls_interaction>,
                    "Answers when a server asks for a client certificate; comes before "
                    "ssl-cert-file"),
        row::text("ssl-cert-file", "Certificate file", nullptr, kReady,
                  in_http<&HttpConfig::ssl_cert_file>,
                  "PEM file with the certificate to show to a server that asks for one, and those "
                  "between it and its authority"),
        row::text("ssl-key-file", "Key file", nullptr, kReady, in_http<&HttpConfig::ssl_key_file>,
                  "PEM file with the key of ssl-cert-file, without a password. Default: the key is "
                  "in ssl-cert-file"),
        row::address(
            "proxy", "Proxy", kReady, in_http<&HttpConfig::proxy>,
            "URI of an HTTP or SOCKS proxy, with USER:PASSWORD@ where it wants a login, which is "
            "not shown when it is read; never used for this machine itself. Default: $https_proxy, "
            "$http_proxy, $all_proxy and $no_proxy, else the system's"),
        row::secret("proxy-id", "Proxy user", kReady, in_http<&HttpConfig::proxy_id>,
                    "User name for the proxy, wherever its address comes from, in place of the one "
                    "in the address"),
        row::secret("proxy-pw", "Proxy password", kReady, in_http<&HttpConfig::proxy_pw>,
                    "Password of proxy-id, sent to the proxy only"),
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
