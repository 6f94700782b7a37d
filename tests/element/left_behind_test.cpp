// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a stop leaves behind is told where it can be heard: on the bus, or when nobody reads that,
// on stderr; and `stats` has it.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "noise.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// What goes to stderr by g_message(), in this process.
class Heard {
public:
    Heard()
    {
        g_mutex_init(&mutex_);
        handler_ = g_log_set_handler(
            "gst-tus", G_LOG_LEVEL_MESSAGE,
            [](const char *, GLogLevelFlags, const char *text, gpointer data) {
                auto *self = static_cast<Heard *>(data);
                g_mutex_lock(&self->mutex_);
                self->texts_.emplace_back(text);
                g_mutex_unlock(&self->mutex_);
            },
            this);
    }

    ~Heard()
    {
        g_log_remove_handler("gst-tus", handler_);
        g_mutex_clear(&mutex_);
    }

    Heard(const Heard &) = delete;
    Heard &operator=(const Heard &) = delete;

    std::vector<std::string> take()
    {
        g_mutex_lock(&mutex_);
        std::vector<std::string> texts = std::move(texts_);
        texts_.clear();
        g_mutex_unlock(&mutex_);
        return texts;
    }

private:
    GMutex mutex_{};
    unsigned handler_;
    std::vector<std::string> texts_;
};

std::string text_stat(GstElement *sink, const char *field)
{
    GstStructure *stats = nullptr;
    g_object_get(sink, "stats", &stats, nullptr);
    const char *value = gst_structure_get_string(stats, field);
    g_assert_nonnull(value);
    std::string text = value;
    gst_structure_free(stats);
    return text;
}

// The argument of the command in it, as a shell would take it.
std::string recovered_folder(const std::string &text)
{
    const std::size_t begin = text.find("gst-tus-recover ");
    g_assert_true(begin != std::string::npos);
    std::string command = text.substr(begin, text.find("' finishes", begin) + 1 - begin);
    int count = 0;
    char **words = nullptr;
    g_assert_true(g_shell_parse_argv(command.c_str(), &count, &words, nullptr));
    g_assert_cmpint(count, ==, 2);
    std::string folder = words[1];
    g_strfreev(words);
    return folder;
}

// A recording whose server has gone away.
struct Away {
    explicit Away(const std::string &settings = "", const std::string &source = endless_source())
        : server(start_standin()), folder(g_dir_make_tmp("it's here XXXXXX", nullptr)),
          pipeline(source + "tussink name=sink flush-interval=10 stop-timeout=100 spool-dir=\"" +
                   folder.get() + "\" endpoint=" + server->files_url() + " " + settings)
    {
    }

    ~Away()
    {
        pipeline.request(GST_STATE_NULL);
        GDir *dir = g_dir_open(folder.get(), 0, nullptr);
        while (const char *name = g_dir_read_name(dir)) {
            if (g_file_test(cat(folder.get(), '/', name).c_str(), G_FILE_TEST_IS_DIR))
                g_assert_true(delete_upload(folder.get(), name).ok());
        }
        g_dir_close(dir);
        remove_spool(folder.get());
    }

    Away(const Away &) = delete;
    Away &operator=(const Away &) = delete;

    void record()
    {
        g_assert_true(server->come_back().ok());
        pipeline.request(GST_STATE_PLAYING);
        const Message created = pipeline.wait_for_named("tus-upload-created");
        server->go_away();
        const Message stalled = pipeline.wait_for_named("tus-upload-stalled");
        pipeline.drain_bus();
        pipeline.seen.clear();
    }

    // It is still there, and is an upload.
    void expect_kept(const std::string &path) const
    {
        g_assert_true(g_str_has_prefix(path.c_str(), folder.get()));
        const auto listed = list_uploads(folder.get());
        g_assert_true(listed.ok());
        g_assert_true(std::any_of(listed->begin(), listed->end(),
                                  [&](const auto &upload) { return upload.folder == path; }));
    }

    Heard heard;
    std::unique_ptr<standin::Standin> server;
    GCharOwn folder;
    Pipeline pipeline;
};

int warnings_with(const std::vector<Message> &messages, const char *text)
{
    int found = 0;
    for (const Message &message : messages) {
        found += GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING &&
                 error_text(message).find(text) != std::string::npos;
    }
    return found;
}

// --- kept ----------------------------------------------------------------------------------------

void null_at_once_is_said_on_stderr()
{
    for (const char *policy : {"finish", "keep"}) {
        Away away(cat("on-stop=", policy));
        away.record();
        g_assert_cmpint(away.pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
        const auto texts = away.heard.take();
        g_assert_cmpuint(texts.size(), ==, 1);
        g_test_message("%s", texts.front().c_str());
        const std::string path = recovered_folder(texts.front());
        away.expect_kept(path);
        ASSERT_STR(text_stat(away.pipeline.sink(), "spool-path"), path);
        g_assert_true(texts.front().starts_with("sink: "));
    }
}

void a_bus_that_is_read_has_it()
{
    Away away;
    away.record();
    away.pipeline.set(GST_STATE_READY);
    const std::string path = text_stat(away.pipeline.sink(), "spool-path");
    auto messages = away.pipeline.drain_bus();
    g_assert_cmpint(warnings_with(messages, "gst-tus-recover"), ==, 1);
    bool kept = false;
    for (const Message &message : messages) {
        if (message_name(message) != "tus-upload-kept")
            continue;
        kept = true;
        const GstStructure *fields = gst_message_get_structure(message.get());
        ASSERT_STR(gst_structure_get_string(fields, "path"), path);
        ASSERT_STR(recovered_folder(cat(gst_structure_get_string(fields, "command"), " finishes")),
                   path);
    }
    g_assert_true(kept);
    away.expect_kept(path);
    messages.clear(); // read, and given back
    away.pipeline.set(GST_STATE_NULL);
    g_assert_cmpuint(away.heard.take().size(), ==, 0);
    ASSERT_STR(text_stat(away.pipeline.sink(), "spool-path"), path);
}

void what_a_handler_takes_is_heard()
{
    Away away;
    away.record();
    GstBus *bus = gst_element_get_bus(away.pipeline.get());
    gst_bus_set_sync_handler(
        bus,
        [](GstBus *, GstMessage *message, gpointer) {
            gst_message_unref(message);
            return GST_BUS_DROP;
        },
        nullptr, nullptr);
    away.pipeline.request(GST_STATE_NULL);
    g_assert_cmpuint(away.heard.take().size(), ==, 0);
    gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
    gst_object_unref(bus);
}

void without_a_bus_it_is_said_on_stderr()
{
    Away away;
    away.record();
    gst_element_set_bus(away.pipeline.get(), nullptr);
    away.pipeline.request(GST_STATE_READY);
    away.pipeline.request(GST_STATE_NULL);
    const auto texts = away.heard.take();
    g_assert_cmpuint(texts.size(), ==, 1);
    away.expect_kept(recovered_folder(texts.front()));
}

void each_recording_is_told_of_once()
{
    Away away;
    std::vector<std::string> paths;
    for (int i = 0; i < 3; ++i) {
        away.record();
        away.pipeline.set(GST_STATE_READY);
        paths.push_back(text_stat(away.pipeline.sink(), "spool-path"));
    }
    // record() has read what the first two left
    away.pipeline.set(GST_STATE_NULL);
    const auto texts = away.heard.take();
    g_assert_cmpuint(texts.size(), ==, 1);
    ASSERT_STR(recovered_folder(texts.front()), paths.back());
    away.pipeline.set(GST_STATE_READY);
    away.pipeline.set(GST_STATE_NULL);
    g_assert_cmpuint(away.heard.take().size(), ==, 0);
}

void many_recordings_that_nobody_heard_of_are_all_told()
{
    Away away;
    std::vector<std::string> paths;
    for (int i = 0; i < 3; ++i) {
        away.server->go_away();
        away.pipeline.request(GST_STATE_PLAYING);
        away.pipeline.wait_for_bytes(10000);
        away.pipeline.request(GST_STATE_READY);
        paths.push_back(text_stat(away.pipeline.sink(), "spool-path"));
    }
    away.pipeline.request(GST_STATE_NULL);
    const auto texts = away.heard.take();
    g_assert_cmpuint(texts.size(), ==, 3);
    for (std::size_t i = 0; i < 3; ++i)
        ASSERT_STR(recovered_folder(texts[i]), paths[i]);
}

// An application that never looks at its bus.
void an_error_that_nobody_read_is_said_on_stderr()
{
    Away away("outage-timeout=1");
    away.server->go_away();
    away.pipeline.request(GST_STATE_PLAYING);
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (text_stat(away.pipeline.sink(), "state") != "failed") {
        g_assert_true(Clock::now() < deadline);
        g_usleep(1000);
    }
    away.pipeline.request(GST_STATE_NULL);
    const auto texts = away.heard.take();
    g_assert_cmpuint(texts.size(), ==, 1);
    away.expect_kept(recovered_folder(texts.front()));
}

// --- lost, and nothing left ----------------------------------------------------------------------

void lost_bytes_are_counted()
{
    for (const char *policy : {"finish", "keep"}) {
        Away away(cat("spool-mode=never on-stop=", policy));
        away.record();
        away.pipeline.request(GST_STATE_NULL);
        const auto texts = away.heard.take();
        g_assert_cmpuint(texts.size(), ==, 1);
        g_test_message("%s", texts.front().c_str());
        g_assert_nonnull(strstr(texts.front().c_str(), "bytes that the server does not have"));
        g_assert_nonnull(strstr(texts.front().c_str(), "lost"));
        g_assert_null(strstr(texts.front().c_str(), "gst-tus-recover"));
        ASSERT_STR(text_stat(away.pipeline.sink(), "spool-path"), "");
    }
}

void a_complete_recording_leaves_nothing_to_say()
{
    const auto server = start_standin();
    Heard heard;
    for (const bool to_its_end : {true, false}) {
        Pipeline pipeline((to_its_end ? short_source() : endless_source()) +
                          "tussink name=sink flush-interval=10 endpoint=" + server->files_url());
        if (to_its_end) {
            pipeline.run();
        } else {
            pipeline.set(GST_STATE_PLAYING);
            pipeline.wait_for_bytes(10000);
        }
        pipeline.set(GST_STATE_NULL);
        ASSERT_STR(text_stat(pipeline.sink(), "spool-path"), "");
    }
    g_assert_cmpuint(heard.take().size(), ==, 0);
}

void a_stop_while_eos_waits_is_said_on_stderr()
{
    const NoiseFile file(400000);
    Away away("", file.source() + "! ");
    away.server->go_away();
    away.pipeline.request(GST_STATE_PLAYING);
    const Message start = away.pipeline.wait_for(GST_MESSAGE_PROGRESS);
    away.pipeline.request(GST_STATE_NULL);
    const auto texts = away.heard.take();
    g_assert_cmpuint(texts.size(), ==, 1);
    away.expect_kept(recovered_folder(texts.front()));
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/left-behind/null", null_at_once_is_said_on_stderr);
    add_test("/left-behind/ready", a_bus_that_is_read_has_it);
    add_test("/left-behind/sync-handler", what_a_handler_takes_is_heard);
    add_test("/left-behind/no-bus", without_a_bus_it_is_said_on_stderr);
    add_test("/left-behind/once", each_recording_is_told_of_once);
    add_test("/left-behind/many", many_recordings_that_nobody_heard_of_are_all_told);
    add_test("/left-behind/error", an_error_that_nobody_read_is_said_on_stderr);
    add_test("/left-behind/lost", lost_bytes_are_counted);
    add_test("/left-behind/complete", a_complete_recording_leaves_nothing_to_say);
    add_test("/left-behind/drain", a_stop_while_eos_waits_is_said_on_stderr);
    return g_test_run();
}
