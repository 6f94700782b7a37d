// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A main loop; everything here runs on the main thread but "sink-added", which comes on a streaming
// thread and only reads.
#include "record/recorder.h"

#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "record/arguments.h"
#include "record/ending.h"
#include "record/launch.h"
#include "record/pieces.h"
#include "record/printout.h"
#include "recover/credentials.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>

#include <glib-unix.h>
#include <gst/gst.h>

namespace gsttus {

namespace {

bool is_ignored(int signal)
{
    struct sigaction action = {};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The pipeline on its way down would take a splitmuxsink up again, which begins a file anew.
void bring_down(GstElement *sink, GstState state)
{
    gst_element_set_locked_state(sink, TRUE);
    gst_element_set_state(sink, state);
}

class Recorder {
public:
    Recorder(const RecordTask &task, std::optional<HostHeader> authorization)
        : task_(task), authorization_(std::move(authorization)),
          loop_(g_main_loop_new(nullptr, FALSE))
    {
    }

    int run(const Words &words)
    {
        if (!make(words))
            return kFailed;
        const auto bus = GRef<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
        const guint watch = gst_bus_add_watch(bus.get(), on_message, this);
        // For good: one that comes behind the end would take the exit status with it.
        g_unix_signal_add(SIGINT, on_signal, this);
        g_unix_signal_add(SIGTERM, on_signal, this);
        if (!is_ignored(SIGHUP)) // the terminal is gone; nohup has it ignored
            g_unix_signal_add(SIGHUP, on_hang_up, this);
        // A failed state change posts its reason on the bus, too.
        started_ =
            gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
        g_main_loop_run(loop_.get());
        g_source_remove(watch);
        stop(bus.get());
        return status();
    }

private:
    bool make(const Words &words)
    {
        Result<GRef<GstElement>> made = make_pipeline(words);
        if (!made) {
            print_.complain("Error", printable(made.error().message));
            return false;
        }
        pipeline_ = std::move(*made);
        give_credentials();
        return true;
    }

    GRef<GstElement> child(const char *name) const
    {
        return GRef<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
    }

    void give_credentials()
    {
        if (const auto sink = child("upload"); sink)
            authorize(sink.get());
        if (const auto camera = child("camera"); camera) {
            if (!task_.user.empty())
                g_object_set(camera.get(), "user-id", task_.user.c_str(), "user-pw",
                             task_.password.c_str(), nullptr);
            const auto pieces = child("pieces"), muxer = child("mux");
            ending_.wait_for_streams(pieces ? pieces.get() : muxer.get());
        }
        if (const auto pieces = child("pieces"); pieces) {
            g_signal_connect(pieces.get(), "sink-added", G_CALLBACK(on_sink_added), this);
            ending_.wait_for_picture(pieces.get());
        }
        for (const char *name : {"pieces", "copies"}) {
            if (const auto splitter = child(name); splitter)
                count_pieces(splitter.get());
        }
    }

    void authorize(GstElement *sink) const
    {
        if (authorization_ && !task_.to.empty())
            g_object_set(sink, "authorization", authorization_->header.second.c_str(), nullptr);
    }

    static void on_sink_added(GstElement * /*splitter*/, GstElement *sink, gpointer data)
    {
        static_cast<const Recorder *>(data)->authorize(sink);
    }

    static gboolean on_message(GstBus * /*bus*/, GstMessage *message, gpointer data)
    {
        static_cast<Recorder *>(data)->handle(message);
        return G_SOURCE_CONTINUE;
    }

    void handle(GstMessage *message)
    {
        switch (GST_MESSAGE_TYPE(message)) {
        case GST_MESSAGE_ERROR:
            trouble(message, true);
            g_main_loop_quit(loop_.get());
            break;
        case GST_MESSAGE_WARNING:
            trouble(message, false);
            break;
        case GST_MESSAGE_ELEMENT:
            print_.element(gst_message_get_structure(message), task_.every_seconds > 0);
            break;
        case GST_MESSAGE_PROGRESS:
            ending_.see_progress(message);
            break;
        case GST_MESSAGE_STATE_CHANGED:
            playing(message);
            break;
        case GST_MESSAGE_LATENCY:
            if (!ending_.has_begun() && !is_stopping_) // it waits for who sends EOS
                gst_bin_recalculate_latency(GST_BIN(pipeline_.get()));
            break;
        case GST_MESSAGE_EOS: // the server has every byte
            ended_ = true;
            g_main_loop_quit(loop_.get());
            break;
        default:
            break;
        }
    }

    void trouble(GstMessage *message, bool fatal)
    {
        GError *raw = nullptr;
        char *raw_detail = nullptr;
        if (fatal)
            gst_message_parse_error(message, &raw, &raw_detail);
        else
            gst_message_parse_warning(message, &raw, &raw_detail);
        const GErrorOwn error(raw);
        const GCharOwn detail(raw_detail);
        failed_ = failed_ || fatal;
        if (fatal)
            print_.error(*error, detail.get());
        else
            print_.warning(*error);
    }

    // From here on time counts.
    void playing(GstMessage *message)
    {
        GstState now = GST_STATE_NULL;
        gst_message_parse_state_changed(message, nullptr, &now, nullptr);
        if (GST_MESSAGE_SRC(message) != GST_OBJECT(pipeline_.get()) || now != GST_STATE_PLAYING ||
            is_timed_)
            return;
        is_timed_ = true;
        if (task_.seconds > 0)
            g_timeout_add_seconds(static_cast<guint>(task_.seconds), on_time_over, this);
    }

    static gboolean on_time_over(gpointer data)
    {
        static_cast<Recorder *>(data)->end();
        return G_SOURCE_REMOVE;
    }

    static gboolean on_signal(gpointer data)
    {
        auto *self = static_cast<Recorder *>(data);
        if (self->ending_.has_begun()) {
            self->print_.say("Stopping; what is not at the server is kept on disk.");
            self->is_cut_ = true;
            g_main_loop_quit(self->loop_.get());
        } else {
            self->print_.say("Ending the recording, and sending what is left. Ctrl-C once more: "
                             "stop now, and keep the rest on disk.");
            self->end();
        }
        return G_SOURCE_CONTINUE;
    }

    // May come along with SIGTERM, as from logind: never the second one.
    static gboolean on_hang_up(gpointer data)
    {
        auto *self = static_cast<Recorder *>(data);
        if (!self->ending_.has_begun())
            self->print_.say(
                "The terminal is gone: ending the recording, and sending what is left.");
        self->end();
        return G_SOURCE_CONTINUE;
    }

    // Ends the recording, not the upload.
    void end()
    {
        if (ending_.has_begun())
            return;
        print_.ending();
        ending_.begin(pipeline_.get());
        g_timeout_add_seconds(1, on_second, this);
    }

    static gboolean on_second(gpointer data)
    {
        auto *self = static_cast<Recorder *>(data);
        if (!self->ending_.stands_still(self->pipeline_.get()))
            return G_SOURCE_CONTINUE;
        self->failed_ = true;
        self->print_.complain("Warning", "The end of the recording does not come through. "
                                         "Stopping; what is not at the server is kept on disk.");
        g_main_loop_quit(self->loop_.get());
        return G_SOURCE_REMOVE;
    }

    // On the way to NULL the bus is emptied, unread. What the sinks have left on disk they say on
    // the way to READY: stop there first, and read it.
    // The upload's end goes before the rest: a copy whose disk or reader stands still holds the
    // pipeline for as long as it does, and no signal would come through to here.
    void stop(GstBus *bus)
    {
        is_stopping_ = true;
        ending_.cease();
        // what has refused to start would say so again on the way to READY
        for (const char *name : {"upload", "pieces"}) {
            if (const auto sink = child(name);
                sink && (started_ || GST_STATE(sink.get()) > GST_STATE_READY))
                bring_down(sink.get(), GST_STATE_READY);
        }
        handle_all(bus);
        const bool ended = set_state_in_time(started_ ? GST_STATE_READY : GST_STATE_NULL);
        handle_all(bus);
        if (ended) {
            ending_.join();
            for (const char *name : {"upload", "pieces", "copy", "copies"}) {
                const auto sink = child(name);
                if (sink && gst_element_set_locked_state(sink.get(), FALSE))
                    gst_element_set_state(sink.get(), GST_STATE_NULL);
            }
            gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
            return;
        }
        print_.complain("Warning",
                        task_.copy.empty()
                            ? "The recording does not end, and is left: the source stands still."
                            : "The recording does not end, and is left: what --copy names does not "
                              "take it, or the source stands still. The copy may lack its end.");
        failed_ = true;
        std::fflush(stdout);
        std::fflush(stderr);
        std::_Exit(status());
    }

    void handle_all(GstBus *bus)
    {
        while (GstMessage *message = gst_bus_pop(bus)) {
            handle(message);
            gst_message_unref(message);
        }
    }

    // FALSE: it has not come to it, and what it waits for may never end.
    // The copy goes to NULL before the rest, which comes to no sink where a source stands still: a
    // filesink has written its buffer then.
    bool set_state_in_time(GstState state)
    {
        std::promise<void> promise;
        std::future<void> reached = promise.get_future();
        std::thread([pipeline = pipeline_.get(), copy = child("copy"), copies = child("copies"),
                     state, done = std::move(promise)]() mutable {
            for (const GRef<GstElement> *sink : {&copy, &copies}) {
                if (*sink)
                    bring_down(sink->get(), GST_STATE_NULL);
            }
            gst_element_set_state(pipeline, state);
            done.set_value();
        }).detach();
        return reached.wait_for(ending_.patience()) == std::future_status::ready;
    }

    int status() const
    {
        if (print_.was_lost())
            return kFailed;
        if (print_.was_kept())
            return kKeptOnDisk;
        // Cut off between the upload's end and EOS. Of pieces another may have been begun, whose
        // bytes no sink had yet, and a copy may lack its end.
        const bool is_all = is_cut_ && task_.every_seconds == 0 && task_.copy.empty();
        return (ended_ || is_all) && !failed_ && print_.complete() > 0 ? kComplete : kFailed;
    }

    const RecordTask &task_;
    const std::optional<HostHeader> authorization_;
    const std::unique_ptr<GMainLoop, GDelete<&g_main_loop_unref>> loop_;
    GRef<GstElement> pipeline_;
    Ending ending_;
    Printout print_;
    bool started_ = false, is_timed_ = false, is_stopping_ = false;
    bool ended_ = false, is_cut_ = false, failed_ = false;
};

// Of GST_TUS_AUTHORIZATION, for the host of `to` only.
Result<std::optional<HostHeader>> authorization_for(const std::string &to)
{
    constexpr const char *kVariable = "GST_TUS_AUTHORIZATION";
    const char *lines = g_getenv(kVariable);
    const auto all = parse_authorizations(lines ? lines : "", kVariable);
    if (!all)
        return all.error();
    for (const HostHeader &header : *all) {
        if (may_see(to, header))
            return std::optional(header);
    }
    return std::optional<HostHeader>();
}

} // namespace

int run_recording(const RecordTask &task, const Words &words)
{
    const auto authorization = authorization_for(task.to);
    if (!authorization) {
        std::fprintf(stderr, "gst-tus-record: %s\n", authorization.error().message.c_str());
        return kWrongUsage;
    }
    return Recorder(task, *authorization).run(words);
}

} // namespace gsttus
