// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gcoresink against the stand-in's Gcore API: the video, its messages and properties, its status,
// and what the API refuses.
#include "base/mutex.h"
#include "element_support.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kKey = "1234$secretmarker";
constexpr const char *kShort = "fakesrc num-buffers=5 sizetype=fixed sizemax=4096 filltype=zero ! ";

std::string sink(const standin::Standin &server, const char *settings = "", const char *key = kKey)
{
    return std::string("gcoresink name=sink flush-interval=10 api-key=") + key +
           " api-url=" + server.url() + " " + settings;
}

guint64 field(const Message &message, const char *name)
{
    guint64 value = 0;
    g_assert_true(gst_structure_get_uint64(gst_message_get_structure(message.get()), name, &value));
    return value;
}

guint64 video_id(GstElement *element)
{
    guint64 id = 0;
    g_object_get(element, "video-id", &id, nullptr);
    return id;
}

std::string upload_url(GstElement *element)
{
    char *text = nullptr;
    g_object_get(element, "upload-url", &text, nullptr);
    const std::string url = text ? text : "";
    g_free(text);
    return url;
}

void count_notify(GObject *, GParamSpec *, int *count)
{
    ++*count;
}

void a_video_is_created_and_filled()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline(kShort + sink(*server, "video-name=\"My Show\" location=show.mp4 "
                                             "video-description=text "
                                             "video-options=\"o,client_user_id=(int)7\""));
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.videos.size(), ==, 1);
    const auto &video = snapshot.videos.begin()->second;
    ASSERT_STR(video.name, "My Show");
    g_assert_nonnull(std::strstr(video.fields.c_str(), "client_user_id"));
    g_assert_nonnull(std::strstr(video.fields.c_str(), "text"));
    const auto *upload = snapshot.only_finished();
    ASSERT_STR(upload->metadata.at("filename"), "show.mp4");
    g_assert_cmpuint(upload->video_id, ==, video.id);
    g_assert_cmpuint(video_id(pipeline.sink()), ==, video.id);
    int created = 0;
    for (const Message &message : pipeline.seen) {
        if (message_name(message) != "gcore-video-created")
            continue;
        ++created;
        g_assert_cmpuint(field(message, "video-id"), ==, video.id);
        g_assert_cmpuint(field(message, "client-id"), >, 0);
        g_assert_cmpstr(gst_structure_get_string(gst_message_get_structure(message.get()), "name"),
                        ==, "My Show");
        g_assert_true(gst_structure_has_field(gst_message_get_structure(message.get()), "slug"));
    }
    g_assert_cmpint(created, ==, 1);
}

// Each message says which recording it is about, the last one all that an application notes.
void messages_name_the_recording()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline(kShort + sink(*server, "location=/data/rec/show.mp4 wait-status=ready"));
    pipeline.run();
    int others = 0;
    int complete = 0;
    for (const Message &message : pipeline.seen) {
        const std::string name = message_name(message);
        if (!name.starts_with("tus-") && !name.starts_with("gcore-"))
            continue;
        const GstStructure *fields = gst_message_get_structure(message.get());
        g_test_message("%s", name.c_str());
        g_assert_cmpstr(gst_structure_get_string(fields, "location"), ==, "show.mp4");
        if (name != "tus-upload-complete") {
            ++others;
            continue;
        }
        ++complete;
        g_assert_cmpuint(field(message, "video-id"), ==, video_id(pipeline.sink()));
        g_assert_cmpuint(field(message, "bytes"), ==, pipeline.bytes());
        ASSERT_STR(gst_structure_get_string(fields, "sha256"), pipeline.sha256());
    }
    g_assert_cmpint(complete, ==, 1);
    g_assert_cmpint(others, >, 3);
    const auto snapshot = server->snapshot();
    ASSERT_STR(snapshot.only_finished()->metadata.at("filename"), "show.mp4");
    ASSERT_STR(snapshot.videos.begin()->second.name, "show.mp4");
}

void each_recording_has_a_video_of_its_own()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline(kShort + sink(*server));
    pipeline.run();
    const guint64 first = video_id(pipeline.sink());
    pipeline.set(GST_STATE_READY);
    g_assert_cmpuint(video_id(pipeline.sink()), ==, first); // stays readable
    pipeline.run();
    g_assert_cmpuint(video_id(pipeline.sink()), !=, first);
    g_assert_cmpuint(server->snapshot().videos.size(), ==, 2);
}

void a_given_video_is_used()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline first(kShort + sink(*server));
    first.run();
    const guint64 id = video_id(first.sink());
    Pipeline second(kShort + sink(*server, ("video-id=" + std::to_string(id)).c_str()));
    second.run();
    g_assert_cmpuint(server->snapshot().videos.size(), ==, 1);
}

void the_title_names_the_video()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline("fakesrc num-buffers=5 sizetype=fixed sizemax=4096 filltype=zero ! taginject "
                      "tags=\"title=\\\"From the stream\\\"\" ! " +
                      sink(*server));
    pipeline.run();
    ASSERT_STR(server->snapshot().videos.begin()->second.name, "From the stream");
}

void eos_waits_for_the_status()
{
    const auto server =
        start_standin({.api_key = kKey, .status_step = milliseconds(50), .examine = false});
    Pipeline pipeline(kShort + sink(*server, "wait-status=ready"));
    pipeline.run();
    std::string last;
    for (const Message &message : pipeline.seen) {
        if (message_name(message) == "gcore-video-status")
            last = gst_structure_get_string(gst_message_get_structure(message.get()), "status");
    }
    ASSERT_STR(last, "ready");
}

void a_refused_file_is_an_error()
{
    const auto server =
        start_standin({.api_key = kKey, .status_step = milliseconds(50), .examine = true});
    Pipeline pipeline(kShort + sink(*server, ("wait-status=ready status-timeout=" +
                                              std::to_string(patience(seconds(20)).count()))
                                                 .c_str()));
    const Message message = pipeline.run_to_error(); // zeros are no video
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()));
}

// What a handler of notify:: reads, in order.
struct Followed {
    explicit Followed(GstElement *sink)
    {
        g_signal_connect(sink, "notify::video-id",
                         G_CALLBACK(+[](GObject *object, GParamSpec *, Followed *self) {
                             self->add(self->videos, std::to_string(video_id(GST_ELEMENT(object))));
                         }),
                         this);
        g_signal_connect(sink, "notify::upload-url",
                         G_CALLBACK(+[](GObject *object, GParamSpec *, Followed *self) {
                             self->add(self->urls, upload_url(GST_ELEMENT(object)));
                         }),
                         this);
    }

    void add(std::vector<std::string> &to, std::string value)
    {
        const MutexLock lock(mutex);
        if (to.empty() || to.back() != value) // told twice is no harm
            to.push_back(std::move(value));
    }

    Mutex mutex; // handlers run on the upload thread, and on the one that changes the state
    std::vector<std::string> videos, urls;
};

void what_is_new_or_gone_is_notified()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline(kShort + sink(*server));
    Followed followed(pipeline.sink());
    std::vector<std::string> videos, urls;
    for (int i = 0; i < 2; ++i) {
        pipeline.run();
        videos.push_back(std::to_string(video_id(pipeline.sink())));
        urls.push_back(upload_url(pipeline.sink()));
        pipeline.set(GST_STATE_READY);
        ASSERT_STR(upload_url(pipeline.sink()), urls.back()); // stays until the next one begins
    }
    const MutexLock lock(followed.mutex);
    g_assert_true(followed.videos == std::vector<std::string>({videos[0], "0", videos[1]}));
    g_assert_true(followed.urls == std::vector<std::string>({urls[0], "", urls[1]}));
    g_assert_true(urls[0] != urls[1] && !urls[0].empty());
}

void an_empty_video_is_deleted()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline("appsrc name=src ! " + sink(*server));
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    const Message created = pipeline.wait_for_named("gcore-video-created");
    g_assert_cmpuint(video_id(pipeline.sink()), ==, field(created, "video-id"));
    int told = 0;
    g_signal_connect(pipeline.sink(), "notify::video-id", G_CALLBACK(count_notify), &told);
    pipeline.request(GST_STATE_NULL);
    g_assert_true(server->snapshot().videos.begin()->second.deleted);
    g_assert_cmpuint(video_id(pipeline.sink()), ==, 0); // it is gone
    ASSERT_STR(upload_url(pipeline.sink()), "");
    g_assert_cmpint(told, ==, 1);
}

// EOS, but no byte: somebody wanted a recording and has none.
void an_empty_recording_is_a_warning()
{
    for (const bool deletes : {true, false}) {
        const auto server = start_standin({.api_key = kKey, .examine = false});
        Pipeline pipeline("fakesrc num-buffers=0 ! " +
                          sink(*server, deletes ? "video-name=\"Door 1\""
                                                : "video-name=\"Door 1\" "
                                                  "delete-empty-video=false"));
        pipeline.run();
        int warnings = 0;
        for (const Message &message : pipeline.seen) {
            if (GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_WARNING)
                continue;
            ++warnings;
            const std::string text = error_text(message);
            g_test_message("%s", text.c_str());
            g_assert_nonnull(std::strstr(text.c_str(), "empty"));
            const auto &video = server->snapshot().videos.begin()->second;
            g_assert_true(deletes == (text.find(std::to_string(video.id)) != std::string::npos));
            g_assert_true(deletes == (text.find("\"Door 1\"") != std::string::npos));
        }
        g_assert_cmpint(warnings, ==, 1);
        g_assert_cmpint(pipeline.count("gcore-video-deleted"), ==, deletes ? 1 : 0);
        g_assert_true(server->snapshot().videos.begin()->second.deleted == deletes);
        g_assert_true((video_id(pipeline.sink()) == 0) == deletes);
        pipeline.set(GST_STATE_READY);
        g_assert_true((video_id(pipeline.sink()) == 0) == deletes);
        g_assert_true(upload_url(pipeline.sink()).empty() == deletes);
    }
}

struct RefusalRow {
    const char *name, *fault;
    int code;
};

const RefusalRow kRefusals[] = {
    {"404", "on POST /streaming any: answer 404 with JSON", GST_RESOURCE_ERROR_NOT_FOUND},
    {"403", "on POST /streaming any: answer 403 with HTML", GST_RESOURCE_ERROR_NOT_AUTHORIZED},
};

void api_refusal_is_an_error(const RefusalRow &row)
{
    const auto server = start_standin({.api_key = kKey});
    g_assert_true(server->add_fault(row.fault).ok());
    Pipeline pipeline(kShort + sink(*server));
    const Message message = pipeline.run_to_error();
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, row.code));
    g_assert_null(std::strstr(error_text(message).c_str(), "secretmarker"));
}

void a_wrong_key_is_an_error_at_once()
{
    const auto server = start_standin({.api_key = kKey});
    Pipeline pipeline(kShort + sink(*server, "", "9999$othermarker"));
    const Message message = pipeline.run_to_error();
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
    g_assert_null(std::strstr(error_text(message).c_str(), "othermarker"));
    unsigned status = 0;
    gst_structure_get_uint(error_details(message), "http-status-code", &status);
    g_assert_cmpuint(status, ==, 401);
}

void ten_cycles_leave_ten_videos()
{
    const auto server = start_standin({.api_key = kKey, .examine = false});
    Pipeline pipeline(
        "fakesrc is-live=true sizetype=fixed sizemax=4096 filltype=zero datarate=4000000 "
        "format=time ! " +
        sink(*server));
    for (int i = 0; i < 10; ++i) {
        pipeline.set(GST_STATE_PLAYING);
        pipeline.wait_for_bytes(20000);
        pipeline.set(GST_STATE_NULL);
    }
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.videos.size(), ==, 10);
    for (const auto &[id, video] : snapshot.videos)
        g_assert_false(video.deleted);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/gcoresink/creates", a_video_is_created_and_filled);
    add_test("/gcoresink/messages", messages_name_the_recording);
    add_test("/gcoresink/creates-anew", each_recording_has_a_video_of_its_own);
    add_test("/gcoresink/uses", a_given_video_is_used);
    add_test("/gcoresink/title", the_title_names_the_video);
    add_test("/gcoresink/wait-status", eos_waits_for_the_status);
    add_test("/gcoresink/refused-file", a_refused_file_is_an_error);
    add_test("/gcoresink/notify", what_is_new_or_gone_is_notified);
    add_test("/gcoresink/empty-video", an_empty_video_is_deleted);
    add_test("/gcoresink/empty-recording", an_empty_recording_is_a_warning);
    for (const RefusalRow &row : kRefusals)
        add_row_test(std::string("/gcoresink/refused/") + row.name, row, api_refusal_is_an_error);
    add_test("/gcoresink/wrong-key", a_wrong_key_is_an_error_at_once);
    add_test("/gcoresink/cycles", ten_cycles_leave_ten_videos);
    return g_test_run();
}
