// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Polls the bus: nothing else has to be done meanwhile.
#include "record/check_trial.h"

#include "glib/ptr.h"
#include "record/launch.h"

#include <algorithm>
#include <csignal>
#include <cstdint>

#include <gst/gst.h>

namespace gsttus {

namespace {

constexpr GstClockTime kLook = 200 * GST_MSECOND; // whether the user has had enough

volatile std::sig_atomic_t interrupted = 0;

std::string text(const GstStructure *fields, const char *name)
{
    const char *value = gst_structure_get_string(fields, name);
    return value ? value : "";
}

std::uint64_t number(const GstStructure *fields, const char *name)
{
    guint64 value = 0;
    gst_structure_get_uint64(fields, name, &value);
    return value;
}

void take_element(const GstStructure *fields, Trial &trial)
{
    if (gst_structure_has_name(fields, "tus-upload-created")) {
        trial.length_mode = text(fields, "length-mode");
        trial.upload_url = text(fields, "upload-url");
    } else if (gst_structure_has_name(fields, "tus-upload-complete")) {
        trial.complete = true;
        trial.bytes = number(fields, "bytes");
        trial.drain_ns = number(fields, "drain-time");
    } else if (gst_structure_has_name(fields, "gcore-video-status")) {
        const std::string why = text(fields, "error");
        trial.statuses.push_back(text(fields, "status") + (why.empty() ? "" : ": " + why));
    }
}

// TRUE: it has ended.
bool take(GstMessage *message, Trial &trial)
{
    GError *raw = nullptr;
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT:
        take_element(gst_message_get_structure(message), trial);
        return false;
    case GST_MESSAGE_WARNING:
        gst_message_parse_warning(message, &raw, nullptr);
        trial.warnings.emplace_back(raw->message);
        g_error_free(raw);
        return false;
    case GST_MESSAGE_ERROR:
        gst_message_parse_error(message, &raw, nullptr);
        trial.error = raw->message;
        g_error_free(raw);
        return true;
    default:
        return GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    }
}

void wait_for_end(GstBus *bus, unsigned seconds, Trial &trial)
{
    const gint64 deadline = g_get_monotonic_time() + gint64{seconds} * G_USEC_PER_SEC;
    while (interrupted == 0 && g_get_monotonic_time() < deadline) {
        GstMessage *message = gst_bus_timed_pop(bus, kLook);
        const bool over = message && take(message, trial);
        g_clear_pointer(&message, gst_message_unref);
        if (over)
            return;
    }
    trial.error = interrupted != 0 ? "interrupted" : "it did not end in time";
}

} // namespace

Trial run_trial(const Words &words, const std::string &authorization, unsigned seconds)
{
    Trial trial;
    const Result<GRef<GstElement>> pipeline = make_pipeline(words);
    if (!pipeline) {
        trial.error = pipeline.error().message;
        return trial;
    }
    GstElement *made = pipeline->get();
    const auto sink = GRef<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(made), "upload"));
    if (sink && !authorization.empty())
        g_object_set(sink.get(), "authorization", authorization.c_str(), nullptr);
    const auto bus = GRef<GstBus>::adopt(gst_element_get_bus(made));
    gst_element_set_state(made, GST_STATE_PLAYING);
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    if (std::signal(SIGHUP, [](int) { interrupted = 1; }) == SIG_IGN) // nohup
        std::signal(SIGHUP, SIG_IGN);
    wait_for_end(bus.get(), seconds, trial);
    gst_element_set_state(made, GST_STATE_READY);
    while (GstMessage *message = gst_bus_pop(bus.get())) { // what it has said last
        take(message, trial);
        gst_message_unref(message);
    }
    gst_element_set_state(made, GST_STATE_NULL);
    return trial;
}

} // namespace gsttus
