// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipeline whose input is hashed where it enters the sink, and its messages, waited for with a
// deadline.
#pragma once

#include "base/clock.h"
#include "patience.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gst/gst.h>

namespace gsttus::test {

// As GStreamer counts time.
GstClockTime clock_time(Duration span);

struct FreeMessage {
    void operator()(GstMessage *message) const { gst_message_unref(message); }
};

using Message = std::unique_ptr<GstMessage, FreeMessage>;

std::string error_text(const Message &message);   // of an ERROR or WARNING
std::string message_name(const Message &message); // of its structure; "" for none
bool is_error(const Message &message, GQuark domain, int code);
const GstStructure *error_details(const Message &message);

// A pipeline whose sink is called "sink". What enters the sink is hashed.
class Pipeline {
public:
    explicit Pipeline(const std::string &launch);
    ~Pipeline(); // NULL
    Pipeline(const Pipeline &) = delete;
    Pipeline &operator=(const Pipeline &) = delete;

    GstElement *get() const { return pipeline_; }

    GstElement *sink() const { return sink_; }

    std::string sha256() const; // of the bytes that entered so far
    std::uint64_t bytes() const;

    void set(GstState state); // and waits until it is there

    GstStateChangeReturn request(GstState state) { return gst_element_set_state(pipeline_, state); }

    // The next message of these types; asserts that one comes. All others go to `seen`.
    Message wait_for(int types, Duration longest = patience(seconds(20)));
    // An element message of the sink.
    Message wait_for_named(const char *name, Duration longest = patience(seconds(20)));
    // Until so many bytes were taken by the sink, or whatever else this field of `stats` counts.
    void wait_for_bytes(std::uint64_t count, const char *field = "bytes-rendered");
    void run();                        // PLAYING until EOS; an ERROR fails the test
    Message run_to_error();            // PLAYING until ERROR
    std::vector<Message> drain_bus();  // what is there now
    int count(const char *name) const; // element messages in `seen`

    std::vector<Message> seen;

private:
    static GstPadProbeReturn probe(GstPad *pad, GstPadProbeInfo *info, gpointer self);
    void take(GstBuffer *buffer);

    GstElement *pipeline_;
    GstElement *sink_;
    GstBus *bus_;
    mutable GMutex mutex_;
    GChecksum *checksum_;
    std::uint64_t bytes_ = 0;
};

std::uint64_t stat(GstElement *sink, const char *field);

} // namespace gsttus::test
