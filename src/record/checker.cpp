// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Each step adds what it has found, also the one that is the last because it failed.
#include "record/checker.h"

#include "base/text.h"
#include "gcore/api_client.h"
#include "glib/ptr.h"
#include "gsttus_version.h"
#include "http/soup_transport.h"
#include "record/check_trial.h"

#include <algorithm>
#include <filesystem>

namespace gsttus {

namespace {

constexpr const char *kName = "gst-tus-check.mp4";
constexpr unsigned kConnects = 3;
constexpr unsigned kConnectSeconds = 5;

std::string milliseconds(gint64 microseconds)
{
    const GCharOwn text(g_strdup_printf("%.1f ms", static_cast<double>(microseconds) / 1000));
    return text.get();
}

// The quickest of some connections, in microseconds: the way there and back. Negative: none.
gint64 distance(const std::string &host, std::uint16_t port, std::string &error)
{
    const auto client = GRef<GSocketClient>::adopt(g_socket_client_new());
    g_socket_client_set_timeout(client.get(), kConnectSeconds);
    gint64 quickest = -1;
    for (unsigned i = 0; i < kConnects; ++i) {
        GError *raw = nullptr;
        const gint64 begin = g_get_monotonic_time();
        const auto connection = GRef<GSocketConnection>::adopt(
            g_socket_client_connect_to_host(client.get(), host.c_str(), port, nullptr, &raw));
        const gint64 took = g_get_monotonic_time() - begin;
        const GErrorOwn failure(raw);
        if (!connection) {
            error = failure->message;
            break;
        }
        quickest = quickest < 0 ? took : std::min(quickest, took);
    }
    return quickest;
}

void measure_distance(const std::string &url, CheckReport &report)
{
    const GUriOwn uri(g_uri_parse(url.c_str(), G_URI_FLAGS_ENCODED, nullptr));
    if (!uri)
        return report.add({"distance", cat(redact_url(url), " is no address"), false});
    const bool tls = g_str_equal(g_uri_get_scheme(uri.get()), "https");
    const int port = g_uri_get_port(uri.get()) > 0 ? g_uri_get_port(uri.get()) : tls ? 443 : 80;
    std::string error;
    const char *host = g_uri_get_host(uri.get());
    const gint64 took = distance(host, static_cast<std::uint16_t>(port), error);
    report.add({"distance",
                took < 0 ? cat(host, " can not be reached: ", error)
                         : cat(host, " in ", milliseconds(took), " (connection)"),
                took >= 0});
}

// A transport and what its calls want around them.
class Caller {
public:
    Caller() : cancel_(GRef<GCancellable>::adopt(g_cancellable_new()))
    {
        HttpConfig config;
        config.user_agent = cat("gst-tus-check/", GSTTUS_VERSION);
        Result<std::unique_ptr<Transport>> made = make_soup_transport(config);
        if (made)
            http_ = std::move(*made);
    }

    bool is_usable() const { return http_ != nullptr; }

    Redactor &redactor() { return redactor_; }

    TargetContext context()
    {
        return TargetContext{
            .http = *http_,
            .cancel = cancel_.get(),
            .redactor = redactor_,
            .timeout = seconds(30),
            .sleep = [](Duration) { return true; },
            .notify = [](const TargetNotice &) {},
            .hints = {},
        };
    }

    HttpOutcome send(const char *method, const std::string &url, const std::string &authorization)
    {
        HttpRequest request;
        request.method = method;
        request.url = url;
        request.headers = {{"Tus-Resumable", "1.0.0"}};
        if (!authorization.empty())
            request.headers.emplace_back("Authorization", authorization);
        return http_->send(request, cancel_.get());
    }

private:
    const GRef<GCancellable> cancel_;
    std::unique_ptr<Transport> http_;
    Redactor redactor_;
};

std::string value_of(const HttpResponse &response, const char *name)
{
    const std::string *value = response.header(name);
    return value ? *value : "";
}

// What it announces. FALSE: nobody who speaks tus is there.
bool ask_tus_server(Caller &caller, const std::string &url, const std::string &authorization,
                    CheckReport &report)
{
    const HttpOutcome outcome = caller.send("OPTIONS", url, authorization);
    if (const HttpFailure *failure = outcome.failure()) {
        report.add({"tus", caller.redactor()(failure->error.message), false});
        return false;
    }
    const HttpResponse &response = *outcome.response();
    const std::string version = value_of(response, "Tus-Version");
    const std::string extensions = value_of(response, "Tus-Extension");
    const std::string size = value_of(response, "Tus-Max-Size");
    if (version.empty() && extensions.empty() && value_of(response, "Tus-Resumable").empty()) {
        report.add({"tus",
                    cat(redact_url(url), " answered HTTP ", response.status,
                        " without a word of tus: is it the creation URL?"),
                    false});
        return false;
    }
    report.add({"tus-version", version.empty() ? "not told" : version});
    report.add({"tus-extension", extensions.empty() ? "none is announced" : extensions});
    report.add({"tus-max-size", size.empty() ? "not told" : cat(size, " bytes")});
    return true;
}

class SpoolFolder {
public:
    SpoolFolder() : path_(g_dir_make_tmp("gst-tus-check-XXXXXX", nullptr)) {}

    ~SpoolFolder()
    {
        std::error_code ignored;
        if (path_)
            std::filesystem::remove_all(path_.get(), ignored);
    }

    SpoolFolder(const SpoolFolder &) = delete;
    SpoolFolder &operator=(const SpoolFolder &) = delete;

    std::string path() const { return path_ ? path_.get() : "/nonexistent"; }

private:
    const GCharOwn path_;
};

void tell(const Trial &trial, CheckReport &report)
{
    for (const std::string &warning : trial.warnings)
        report.add({"warning", warning});
    if (!trial.complete) {
        report.add({"recording", trial.error.empty() ? "it is not complete" : trial.error, false});
        return;
    }
    report.add({"recording",
                cat(trial.bytes, " bytes, complete ",
                    milliseconds(static_cast<gint64>(trial.drain_ns / 1000)), " after its end")});
    report.add({"late-length", trial.length_mode == "deferred"
                                   ? "is noted"
                                   : cat("is not noted: length-mode=", trial.length_mode)});
    if (!trial.error.empty()) // of the video, after the upload
        report.add({"processing", trial.error, false});
}

void conclude(const Trial &trial, CheckReport &report)
{
    if (!trial.complete)
        report.conclude("No recording can be uploaded there as it is.");
    else if (trial.length_mode == "spool")
        report.conclude("The server wants to know the length first: the sinks write a recording to "
                        "disk, and upload it when it has ended (length-mode=spool).");
    else if (trial.length_mode == "concatenation")
        report.conclude(
            "The sinks upload a recording while it is made, in parts that are joined at "
            "its end (length-mode=concatenation).");
    else
        report.conclude("The sinks upload a recording while it is made, and declare its length at "
                        "its end (length-mode=deferred).");
}

// A second of a test picture; `more` are properties of the sink.
Trial record_a_second(const CheckTask &task, const IsInstalled &has, const Words &more)
{
    RecordTask recording;
    recording.to = task.url;
    recording.name = kName;
    Inputs inputs;
    inputs.picture.add("videotestsrc is-live=true num-buffers=30 ! "
                       "video/x-raw,format=I420,width=320,height=240,framerate=30/1");
    Result<Words> words = pipeline_of(recording, inputs, has);
    if (!words)
        return Trial{.error = words.error().message};
    const SpoolFolder folder;
    words->set("spool-dir", folder.path()).append(more);
    words->add("on-stop=terminate keep-until-proved=false stop-timeout=5000");
    return run_trial(*words, task.authorization, task.patience);
}

const Error *failure_of(const auto &result)
{
    const auto *failure = std::get_if<ApiFailure>(&result);
    return failure ? &failure->failure.error : nullptr;
}

// Makes a video and removes it again, whatever comes in between.
class GcoreCheck {
public:
    GcoreCheck(const CheckTask &task, ApiAddress address, const IsInstalled &has,
               CheckReport &report)
        : task_(task), has_(has), report_(report), context_(caller_.context()),
          api_(std::move(address), task.api_key)
    {
        caller_.redactor().add(task.api_key);
    }

    bool run()
    {
        const auto made = api_.create(context_, NewVideo{.name = kName});
        if (const Error *error = failure_of(made)) {
            report_.add({"api-key", error->message, false});
            conclude(trial_, report_);
            return false;
        }
        video_ = std::get<GcoreVideo>(made).id;
        report_.add({"api-key", cat("works; video ", video_, " was made to try")});
        const bool good = try_upload();
        const auto removed = api_.remove(context_, video_);
        const Error *error = failure_of(removed);
        report_.add({"removed", error ? error->message : cat("video ", video_), error == nullptr});
        conclude(trial_, report_);
        return good;
    }

private:
    bool try_upload()
    {
        const auto got = api_.upload_parameters(context_, video_);
        if (const Error *error = failure_of(got)) {
            report_.add({"upload-servers", error->message, false});
            return false;
        }
        const auto &parameters = std::get<UploadParameters>(got);
        caller_.redactor().add(parameters.token);
        report_.add({"client-id", cat(parameters.video.client_id)});
        for (const UploadServer &server : parameters.servers) {
            const std::string url =
                cat(server.ssl ? "https://" : "http://", server.hostname, "/upload/");
            report_.add(
                {"upload-server", cat(server.hostname, server.active ? "" : " (inactive)")});
            measure_distance(url, report_);
            (void)ask_tus_server(caller_, url, "", report_);
        }
        trial_ =
            record_a_second(task_, has_,
                            Words().add(cat("video-id=", video_,
                                            " wait-status=ready status-timeout=", task_.patience)));
        tell(trial_, report_);
        for (const std::string &status : trial_.statuses)
            report_.add({"video-status", status});
        return trial_.complete && trial_.error.empty();
    }

    const CheckTask &task_;
    const IsInstalled &has_;
    CheckReport &report_;
    Caller caller_;
    TargetContext context_;
    ApiClient api_;
    std::uint64_t video_ = 0;
    Trial trial_;
};

} // namespace

bool check_gcore(const CheckTask &task, const IsInstalled &has, CheckReport &report)
{
    const Result<ApiAddress> address = parse_api_address(task.api_url);
    if (!address) {
        report.add({"api-url", address.error().message, false});
        conclude({}, report);
        return false;
    }
    measure_distance(address->url, report);
    return GcoreCheck(task, *address, has, report).run();
}

bool check_tus_server(const CheckTask &task, const IsInstalled &has, CheckReport &report)
{
    Caller caller;
    caller.redactor().add_url(task.url);
    caller.redactor().add_header(task.authorization);
    measure_distance(task.url, report);
    if (!ask_tus_server(caller, task.url, task.authorization, report)) {
        conclude({}, report);
        return false;
    }
    const Trial trial = record_a_second(task, has, Words());
    tell(trial, report);
    if (trial.complete) {
        const HttpOutcome removed = caller.send("DELETE", trial.upload_url, task.authorization);
        const HttpResponse *answer = removed.response();
        const bool gone =
            answer && (answer->status / 100 == 2 || answer->status == 404 || answer->status == 410);
        report.add({"removed", gone ? redact_url(trial.upload_url)
                                    : cat("the server keeps ", redact_url(trial.upload_url))});
    }
    conclude(trial, report);
    return trial.complete;
}

} // namespace gsttus
