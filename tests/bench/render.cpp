// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// bench-render: how long a sink holds up who pushes into it, and what it costs, in real time.
//   bench-render SINKS MBIT/S SECONDS 'ELEMENT PROPERTY=…'   (%d in it: the number of the sink)
// Each sink has a thread that pushes a buffer every 10 ms. Prints "playing" when it begins, and in
// the end one line of JSON. Times are in milliseconds.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gst/gst.h>
#include <sys/resource.h>
#include <time.h>

namespace {

constexpr std::int64_t kInterval = 10'000'000; // nanoseconds

std::int64_t now()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct Pusher {
    GstElement *pipeline = nullptr;
    GstPad *pad = nullptr;
    std::size_t size = 0;
    int buffers = 0;
    GThread *thread = nullptr;
    std::vector<std::int64_t> took{}; // nanoseconds, of each push
    int late = 0;                     // pushes that began a picture (33 ms) too late
    std::int64_t drained = 0;         // from the end until it is confirmed
    bool failed = false;
};

gpointer push(gpointer data)
{
    auto &pusher = *static_cast<Pusher *>(data);
    const std::int64_t begin = now();
    for (int i = 0; i < pusher.buffers && !pusher.failed; ++i) {
        const std::int64_t due = begin + i * kInterval;
        const timespec at{static_cast<time_t>(due / 1'000'000'000), due % 1'000'000'000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
        GstBuffer *buffer = gst_buffer_new_allocate(nullptr, pusher.size, nullptr);
        gst_buffer_memset(buffer, 0, static_cast<guint8>(i), pusher.size);
        const std::int64_t before = now();
        pusher.late += before - due > 33'000'000 ? 1 : 0;
        pusher.failed = gst_pad_push(pusher.pad, buffer) != GST_FLOW_OK;
        pusher.took.push_back(now() - before);
    }
    const std::int64_t before = now();
    gst_pad_push_event(pusher.pad, gst_event_new_eos());
    pusher.drained = now() - before;
    return nullptr;
}

void start(Pusher &pusher, const char *launch, int number)
{
    GError *error = nullptr;
    GstElement *sink = gst_parse_launch(launch, &error);
    if (!sink) {
        std::fprintf(stderr, "%s\n", error->message);
        std::exit(2);
    }
    const std::string name = "recording-" + std::to_string(number);
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(sink), "endpoint"))
        g_object_set(sink, "location", name.c_str(), nullptr);
    pusher.pipeline = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(pusher.pipeline), sink);
    pusher.pad = gst_pad_new("src", GST_PAD_SRC);
    GstPad *peer = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pusher.pad, peer);
    gst_object_unref(peer);
    gst_pad_set_active(pusher.pad, TRUE);
    gst_element_set_state(pusher.pipeline, GST_STATE_PLAYING);
    gst_pad_push_event(pusher.pad, gst_event_new_stream_start(name.c_str()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    gst_pad_push_event(pusher.pad, gst_event_new_segment(&segment));
}

double milliseconds(std::int64_t nanoseconds)
{
    return static_cast<double>(nanoseconds) / 1e6;
}

// A line of /proc/self/status, of so many kB, or a count.
long status_of(const std::string &name)
{
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind(name + ":", 0) == 0)
            return std::atol(line.c_str() + name.size() + 1);
    }
    return -1;
}

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    if (argc != 5)
        return 2;
    const int seconds = std::atoi(argv[3]);
    std::vector<Pusher> pushers(static_cast<std::size_t>(std::atoi(argv[1])));
    int number = 0;
    for (Pusher &pusher : pushers) {
        pusher.size = static_cast<std::size_t>(std::atof(argv[2]) * 1e6 / 8 / 100);
        pusher.buffers = seconds * 100;
        pusher.took.reserve(static_cast<std::size_t>(pusher.buffers));
        start(pusher, argv[4], number++);
    }
    const double cpu_before = cpu_seconds();
    std::printf("playing\n");
    std::fflush(stdout);
    for (Pusher &pusher : pushers)
        pusher.thread = g_thread_new("source", push, &pusher);
    g_usleep(static_cast<gulong>(seconds) * 500'000); // the middle
    const long threads = status_of("Threads"), rss = status_of("VmRSS");
    std::vector<std::int64_t> took;
    std::vector<std::int64_t> drained;
    int late = 0, failed = 0;
    for (Pusher &pusher : pushers) {
        g_thread_join(pusher.thread);
        took.insert(took.end(), pusher.took.begin(), pusher.took.end());
        drained.push_back(pusher.drained);
        late += pusher.late;
        failed += pusher.failed ? 1 : 0;
    }
    const double cpu = cpu_seconds() - cpu_before;
    std::sort(took.begin(), took.end());
    std::sort(drained.begin(), drained.end());
    const auto rank = [&took](double share) {
        const auto index = static_cast<std::size_t>(share * static_cast<double>(took.size()));
        return milliseconds(took[std::min(index, took.size() - 1)]);
    };
    const auto sinks = static_cast<double>(pushers.size());
    std::printf("{\"p50\": %.4f, \"p99\": %.4f, \"p999\": %.4f, \"max\": %.3f, \"late\": %d, "
                "\"failed\": %d, \"cpu\": %.4f, \"cpu_per_mbit\": %.4f, \"rss\": %.1f, "
                "\"rss_per_sink\": %.2f, \"threads_per_sink\": %.2f, \"eos\": %.1f}\n",
                rank(0.5), rank(0.99), rank(0.999), milliseconds(took.back()), late, failed, cpu,
                cpu * 1000 / (std::atof(argv[2]) * seconds * sinks),
                static_cast<double>(rss) / 1024, static_cast<double>(rss) / 1024 / sinks,
                static_cast<double>(threads - 1) / sinks,
                milliseconds(drained[drained.size() / 2]));
    for (Pusher &pusher : pushers) {
        gst_element_set_state(pusher.pipeline, GST_STATE_NULL);
        gst_object_unref(pusher.pad);
        gst_object_unref(pusher.pipeline);
    }
    return failed == 0 ? 0 : 1;
}
