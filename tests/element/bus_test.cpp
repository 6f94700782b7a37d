// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Errors as GStreamer sees them, and the fields of messages.
#include "bus.h"
#include "debug.h"
#include "gst_test.h"
#include "test.h"

#include <cstring>
#include <vector>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

// An element on a bus of its own.
struct BusFixture {
    BusFixture()
    {
        element = gst_bin_new("sink");
        bus = gst_bus_new();
        gst_element_set_bus(element, bus);
    }

    ~BusFixture()
    {
        gst_element_set_bus(element, nullptr);
        gst_object_unref(bus);
        gst_object_unref(element);
    }

    GstMessage *pop(GstMessageType type)
    {
        GstMessage *message = gst_bus_pop(bus);
        g_assert_nonnull(message);
        g_assert_cmpint(GST_MESSAGE_TYPE(message), ==, type);
        g_assert_true(GST_MESSAGE_SRC(message) == GST_OBJECT(element));
        return message;
    }

    // Takes the next element message and compares its structure, written as text.
    void expect(const char *text)
    {
        GstMessage *message = pop(GST_MESSAGE_ELEMENT);
        char *got = gst_structure_to_string(gst_message_get_structure(message));
        g_assert_cmpstr(got, ==, text);
        g_free(got);
        gst_message_unref(message);
    }

    void tell(const Notice &notice) { post(element, notice, {"a.mp4", 77}); }

    void element_messages_have_their_fields()
    {
        tell(UploadCreated{"https://h/1?key=marker", "https://h/files", "deferred"});
        expect("tus-upload-created, upload-url=(string)\"https://h/1\\?\\342\\200\\246\", "
               "endpoint=(string)https://h/files, length-mode=(string)deferred, "
               "location=(string)a.mp4;");
        tell(UploadProgress{.bytes_rendered = 10, .bytes_acked = 4, .upload_rate = 8});
        expect("tus-upload-progress, bytes-rendered=(guint64)10, bytes-acked=(guint64)4, "
               "bytes-pending=(guint64)6, upload-rate=(guint64)8, location=(string)a.mp4;");
        tell(UploadStalled{.reason = {.message = "busy", .http_status = 503},
                           .attempt = 2,
                           .retry_in = milliseconds(3),
                           .bytes_pending = 7});
        expect("tus-upload-stalled, reason=(string)busy, http-status=(uint)503, "
               "attempt=(guint64)2, retry-in=(guint64)3000000, bytes-pending=(guint64)7, "
               "location=(string)a.mp4;");
        tell(UploadResumed{.offset = 5, .outage_time = seconds(1), .bytes_resent = 2});
        expect("tus-upload-resumed, offset=(guint64)5, outage-time=(guint64)1000000000, "
               "bytes-resent=(guint64)2, location=(string)a.mp4;");
        tell(UploadComplete{.upload_url = "https://h/1",
                            .bytes = 9,
                            .elapsed = seconds(2),
                            .drain_time = milliseconds(5),
                            .sha256 = "ab12"});
        expect("tus-upload-complete, upload-url=(string)https://h/1, bytes=(guint64)9, "
               "elapsed=(guint64)2000000000, drain-time=(guint64)5000000, sha256=(string)ab12, "
               "video-id=(guint64)77, location=(string)a.mp4;");
        tell(UploadKept{
            .path = "/s/1", .bytes_missing = 6, .command = "gst-tus-recover /s", .elsewhere = "e"});
        expect("tus-upload-kept, path=(string)/s/1, bytes-missing=(guint64)6, "
               "command=(string)\"gst-tus-recover\\ /s\", command-elsewhere=(string)e, "
               "whole=(boolean)true, location=(string)a.mp4;");
        tell(VideoCreated{.id = 3, .name = "n", .slug = "s", .client_id = 4});
        expect("gcore-video-created, video-id=(guint64)3, name=(string)n, slug=(string)s, "
               "client-id=(guint64)4, location=(string)a.mp4;");
        g_assert_null(gst_bus_pop(bus));
    }

    void a_recording_without_a_name_has_an_empty_one()
    {
        post(element, UploadComplete{.upload_url = "https://h/1"}, {});
        GstMessage *message = pop(GST_MESSAGE_ELEMENT);
        const GstStructure *fields = gst_message_get_structure(message);
        g_assert_cmpstr(gst_structure_get_string(fields, "location"), ==, "");
        g_assert_false(gst_structure_has_field(fields, "video-id"));
        gst_message_unref(message);
    }

    void only_the_first_stall_of_an_outage_warns()
    {
        UploadStalled stalled{.reason = {.kind = ErrorKind::kNetwork, .message = "No answer."}};
        stalled.first = true;
        tell(stalled);
        gst_message_unref(pop(GST_MESSAGE_ELEMENT));
        gst_message_unref(pop(GST_MESSAGE_WARNING));
        stalled.first = false;
        tell(stalled);
        gst_message_unref(pop(GST_MESSAGE_ELEMENT));
        g_assert_null(gst_bus_pop(bus));
    }

    void error_has_text_debug_and_details()
    {
        post_error(element,
                   {.kind = ErrorKind::kServer,
                    .message = "The server refused the upload.",
                    .detail = "go away",
                    .http_status = 403,
                    .retryable = true,
                    .offset = 77},
                   {"https://h/1?marker", "/spool/x", {"a.mp4", 77}});
        GstMessage *message = pop(GST_MESSAGE_ERROR);
        GError *error = nullptr;
        char *debug = nullptr;
        gst_message_parse_error(message, &error, &debug);
        ASSERT_STR(error->message, "The server refused the upload. What was recorded is kept; "
                                   "finish the upload with: gst-tus-recover '/spool/x'");
        g_assert_nonnull(std::strstr(debug, "go away"));
        g_assert_nonnull(std::strstr(debug, "403"));
        const GstStructure *details = nullptr;
        gst_message_parse_error_details(message, &details);
        char *text = gst_structure_to_string(details);
        ASSERT_STR(
            text,
            "details, retryable=(boolean)true, http-status-code=(uint)403, "
            "upload-offset=(guint64)77, upload-url=(string)\"https://h/1\\?\\342\\200\\246\", "
            "spool-path=(string)/spool/x, location=(string)a.mp4, video-id=(guint64)77;");
        g_free(text);
        g_free(debug);
        g_error_free(error);
        gst_message_unref(message);
    }

    void texts_begin_with_a_capital_or_a_name()
    {
        for (const auto &[given, shown] :
             {std::pair{"the disk is slow", "The disk is slow."},
              std::pair{"stopped: the disk is slow", "Stopped: the disk is slow."},
              std::pair{"ssl-cert-file is no file", "ssl-cert-file is no file."},
              std::pair{"proxy \"x\" is no address", "proxy \"x\" is no address."},
              std::pair{"https_proxy \"x\" is no address", "https_proxy \"x\" is no address."},
              std::pair{"tus.example.org is gone", "tus.example.org is gone."},
              std::pair{"https://host is gone", "https://host is gone."}}) {
            post_error(element, {.message = given}, {});
            GstMessage *message = pop(GST_MESSAGE_ERROR);
            GError *error = nullptr;
            gst_message_parse_error(message, &error, nullptr);
            ASSERT_STR(error->message, shown);
            g_error_free(error);
            gst_message_unref(message);
        }
    }

    void unknown_details_are_left_out()
    {
        post_warning(element, {.kind = ErrorKind::kNetwork, .message = "No answer."});
        GstMessage *message = pop(GST_MESSAGE_WARNING);
        const GstStructure *details = nullptr;
        gst_message_parse_warning_details(message, &details);
        g_assert_cmpint(gst_structure_n_fields(details), ==, 1);
        g_assert_true(gst_structure_has_field(details, "retryable"));
        gst_message_unref(message);
    }

    GstElement *element;
    GstBus *bus;
};

struct CodeRow {
    ErrorKind kind;
    bool library;
    int code;
};

const CodeRow kCodes[] = {
    {ErrorKind::kSettings, false, GST_RESOURCE_ERROR_SETTINGS},
    {ErrorKind::kNotAuthorized, false, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
    {ErrorKind::kNotFound, false, GST_RESOURCE_ERROR_NOT_FOUND},
    {ErrorKind::kNetwork, false, GST_RESOURCE_ERROR_OPEN_WRITE},
    {ErrorKind::kTimeout, false, GST_RESOURCE_ERROR_WRITE},
    {ErrorKind::kTls, false, GST_RESOURCE_ERROR_OPEN_WRITE},
    {ErrorKind::kClock, false, GST_RESOURCE_ERROR_OPEN_WRITE},
    {ErrorKind::kProtocol, false, GST_RESOURCE_ERROR_WRITE},
    {ErrorKind::kServer, false, GST_RESOURCE_ERROR_WRITE},
    {ErrorKind::kUploadLost, false, GST_RESOURCE_ERROR_WRITE},
    {ErrorKind::kTooLarge, false, GST_RESOURCE_ERROR_NO_SPACE_LEFT},
    {ErrorKind::kNoSpace, false, GST_RESOURCE_ERROR_NO_SPACE_LEFT},
    {ErrorKind::kDisk, false, GST_RESOURCE_ERROR_WRITE},
    {ErrorKind::kCancelled, false, GST_RESOURCE_ERROR_FAILED},
    {ErrorKind::kInternal, true, GST_LIBRARY_ERROR_FAILED},
};

void kind_has_its_code(const CodeRow &row)
{
    const GstCode code = gst_code(row.kind);
    g_assert_cmpuint(code.domain, ==, row.library ? GST_LIBRARY_ERROR : GST_RESOURCE_ERROR);
    g_assert_cmpint(code.code, ==, row.code);
}

void drain_percent_is_a_whole_number()
{
    g_assert_cmpint(drain_percent(0, 3), ==, 0);
    g_assert_cmpint(drain_percent(2, 3), ==, 66);
    g_assert_cmpint(drain_percent(999, 1000), ==, 99); // 100 is all of it
    g_assert_cmpint(drain_percent((std::uint64_t{1} << 60) - 1, std::uint64_t{1} << 60), <=, 100);
    g_assert_cmpint(drain_percent(3, 3), ==, 100);
    g_assert_cmpint(drain_percent(0, 0), ==, 100); // nothing is missing
}

void drain_text_is_percent_and_rate()
{
    ASSERT_STR(drain_text({.bytes_rendered = 200, .bytes_acked = 124, .upload_rate = 8'150'000}),
               "62 %, 8.1 Mbit/s");
    ASSERT_STR(drain_text({}), "100 %, 0.0 Mbit/s");
    ASSERT_STR(drain_text({.bytes_rendered = 1, .bytes_acked = 5}), "100 %, 0.0 Mbit/s");
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    test::init_gst();
    gsttus::init_debug();
    add_test<BusFixture, &BusFixture::element_messages_have_their_fields>("/bus/element-messages");
    add_test<BusFixture, &BusFixture::a_recording_without_a_name_has_an_empty_one>(
        "/bus/element-messages/no-name");
    add_test<BusFixture, &BusFixture::only_the_first_stall_of_an_outage_warns>(
        "/bus/stalled/first-warns");
    add_test<BusFixture, &BusFixture::error_has_text_debug_and_details>("/bus/error/details");
    add_test<BusFixture, &BusFixture::texts_begin_with_a_capital_or_a_name>("/bus/error/begin");
    add_test<BusFixture, &BusFixture::unknown_details_are_left_out>("/bus/error/unknown-details");
    for (const CodeRow &row : kCodes)
        add_row_test(std::string("/bus/error/code/") + to_string(row.kind), row, kind_has_its_code);
    add_test("/bus/drain-percent", drain_percent_is_a_whole_number);
    add_test("/bus/drain-text", drain_text_is_percent_and_rate);
    return g_test_run();
}
