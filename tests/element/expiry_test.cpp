// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Upload-Expires: what the sink says of an upload that the server will drop, and what becomes of
// the recording when it has been dropped while it waited; the same for gst-tus-recover.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "noise.h"
#include "replay/recovery.h"

#include <algorithm>
#include <vector>

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct Mode {
    const char *name;
    std::vector<std::string> extensions; // of a server that can do no more
};

const std::vector<Mode> kModes = {
    {"deferred", {"creation", "creation-defer-length", "expiration"}},
    {"concatenation", {"creation", "concatenation", "expiration"}},
    {"spool", {"creation", "expiration"}},
};

// That an upload is gone is believed after some answers only: a server of a cluster may not know
// it.
const Duration kDoubts = patience(seconds(90));

// A recording to a server that says of unfinished uploads that they live for five minutes.
struct Expiring {
    explicit Expiring(const Mode &mode, const std::string &settings = "")
        : server(start_standin(options_of(mode))), folder(g_dir_make_tmp("expiry-XXXXXX", nullptr)),
          pipeline("fakesrc is-live=true sync=true sizetype=fixed sizemax=4096 "
                   "filltype=pattern-span datarate=2000000 format=time ! "
                   "tussink name=sink flush-interval=10 "
                   "stop-timeout=2000 spool-dir=" +
                   std::string(folder.get()) + " endpoint=" + server->files_url() + " " + settings)
    {
    }

    ~Expiring()
    {
        pipeline.request(GST_STATE_NULL);
        if (const auto left = list_uploads(folder.get()); left.ok())
            for (const auto &upload : *left)
                g_assert_true(
                    delete_upload(folder.get(), upload.folder.substr(upload.folder.rfind('/') + 1))
                        .ok());
        remove_spool(folder.get());
    }

    Expiring(const Expiring &) = delete;
    Expiring &operator=(const Expiring &) = delete;

    static standin::StandinOptions options_of(const Mode &mode)
    {
        standin::StandinOptions options;
        options.extensions = mode.extensions;
        options.expires_after = seconds(300);
        return options;
    }

    void pause_upload(bool paused)
    {
        g_object_set(pipeline.sink(), "upload-paused", paused, nullptr);
    }

    // Some bytes are at the server, if it gets any before the end; and it is not told of more. What
    // it has received tells nothing: a PATCH that is under way may still end in the fault.
    void wait_at_server(const Mode &mode, std::uint64_t bytes = 50000)
    {
        if (std::string_view(mode.name) == "spool")
            return pipeline.wait_for_bytes(2 * bytes);
        pipeline.wait_for_bytes(bytes, "bytes-acked");
        pause_upload(true);
    }

    void end() { gst_element_send_event(pipeline.get(), gst_event_new_eos()); }

    int warnings(const char *words) const
    {
        return static_cast<int>(
            std::count_if(pipeline.seen.begin(), pipeline.seen.end(), [&](const Message &message) {
                return GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING &&
                       error_text(message).find(words) != std::string::npos;
            }));
    }

    std::unique_ptr<standin::Standin> server;
    GCharOwn folder;
    Pipeline pipeline;
};

void its_end_is_told_once(const Mode &mode)
{
    Expiring test(mode);
    test.pipeline.set(GST_STATE_PLAYING);
    test.pipeline.wait_for_bytes(100000);
    test.end();
    const Message end = test.pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, kDoubts);
    g_assert_cmpint(GST_MESSAGE_TYPE(end.get()), ==, GST_MESSAGE_EOS);
    assert_same_bytes(*test.server, test.pipeline);
    g_assert_cmpint(test.warnings("Upload-Expires"), ==, 1);
}

// Everything is still here: nothing is lost, and the application hears no ERROR.
void expired_while_it_waited(const Mode &mode)
{
    Expiring test(mode);
    test.pipeline.set(GST_STATE_PLAYING);
    test.wait_at_server(mode);
    g_assert_true(test.server->add_fault("on PATCH 1: expire").ok());
    test.pause_upload(false);
    test.end();
    const Message end = test.pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, kDoubts);
    if (GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR)
        g_error("%s", error_text(end).c_str());
    assert_same_bytes(*test.server, test.pipeline);
    g_assert_cmpint(test.pipeline.count("tus-upload-complete"), ==, 1);
}

// What the server had confirmed was given up here: that it is lost is said, and never an EOS.
void expired_with_its_beginning()
{
    Expiring test(kModes[0], "keep-until-proved=false rollback-margin=0");
    test.pipeline.set(GST_STATE_PLAYING);
    test.wait_at_server(kModes[0], 1 << 20); // what is given up are whole blocks
    g_assert_true(test.server->add_fault("on PATCH 1: expire").ok());
    test.pause_upload(false);
    const Message end = test.pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, kDoubts);
    g_assert_cmpint(GST_MESSAGE_TYPE(end.get()), ==, GST_MESSAGE_ERROR);
    const std::string text = error_text(end);
    g_test_message("%s", text.c_str());
    g_assert_null(test.server->snapshot().only_finished());
    // what is left here is kept, and named
    test.pipeline.request(GST_STATE_READY);
    auto messages = test.pipeline.drain_bus();
    g_assert_true(std::any_of(messages.begin(), messages.end(),
                              [](const Message &message) {
                                  return message_name(message) == "tus-upload-kept";
                              }) ||
                  test.pipeline.count("tus-upload-kept") > 0);
}

// One buffer may be on its way at a stop: what is kept is what the source has made up to there.
void assert_recovered(standin::Standin &server)
{
    const standin::Snapshot snapshot = server.snapshot();
    const standin::UploadRecord *upload = snapshot.only_finished();
    g_assert_nonnull(upload);
    g_assert_cmpuint(upload->offset, >=, 150000);
    std::string made(upload->offset, '\0'); // filltype=pattern-span
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = static_cast<char>(i);
    const GCharOwn hash(g_compute_checksum_for_string(G_CHECKSUM_SHA256, made.data(),
                                                      static_cast<gssize>(made.size())));
    ASSERT_STR(upload->sha256, hash.get());
}

void recovered_after_it_expired(const Mode &mode)
{
    Expiring test(mode, "on-stop=keep");
    test.pipeline.set(GST_STATE_PLAYING);
    test.wait_at_server(mode);
    test.pipeline.wait_for_bytes(150000);
    test.pipeline.set(GST_STATE_NULL);
    g_assert_true(test.server->add_fault("on HEAD 1: expire").ok());
    const char *argv[] = {g_getenv("GST_TUS_RECOVER"), test.folder.get(), nullptr};
    char *out = nullptr;
    char *err = nullptr;
    int status = -1;
    g_assert_true(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_DEFAULT,
                               nullptr, nullptr, &out, &err, &status, nullptr));
    const GCharOwn own_out(out);
    const GCharOwn own_err(err);
    g_test_message("%s%s", out, err);
    g_assert_true(g_spawn_check_wait_status(status, nullptr));
    assert_recovered(*test.server);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const Mode &mode : kModes) {
        add_row_test(std::string("/expiry/told/") + mode.name, mode, its_end_is_told_once);
        add_row_test(std::string("/expiry/waited/") + mode.name, mode, expired_while_it_waited);
    }
    add_test("/expiry/lost", expired_with_its_beginning);
    for (const Mode *mode : {&kModes[0], &kModes[1]}) // with the third one nothing was there yet
        add_row_test(std::string("/expiry/recover/") + mode->name, *mode,
                     recovered_after_it_expired);
    return g_test_run();
}
