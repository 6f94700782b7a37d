// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements as GStreamer finds them: factories and URIs, and what a state change refuses.
#include "element_support.h"

#include <algorithm>
#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kTus = "tussink";
constexpr const char *kGcore = "gcoresink";

// --- factory and URIs ----------------------------------------------------------------------------

void factories_have_their_class_and_rank()
{
    for (const char *name : {kTus, kGcore}) {
        GstElementFactory *factory = gst_element_factory_find(name);
        g_assert_nonnull(factory);
        g_assert_cmpstr(gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS), ==,
                        "Sink/Network");
        g_assert_cmpuint(gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), ==,
                         GST_RANK_NONE);
        g_assert_cmpint(gst_element_factory_get_uri_type(factory), ==, GST_URI_SINK);
        gst_object_unref(factory);
    }
}

struct UriRow {
    const char *uri, *factory, *property, *value;
};

const UriRow kUris[] = {
    {"tus+https://h.example.org/files/", kTus, "endpoint", "https://h.example.org/files/"},
    {"tus+http://127.0.0.1:1080/f", kTus, "endpoint", "http://127.0.0.1:1080/f"},
    {"gcore://123", kGcore, "video-id", "123"},
    {"gcore://new?name=My%20Show", kGcore, "video-name", "My Show"},
};

void uri_makes_the_element(const UriRow &row)
{
    GError *error = nullptr;
    GstElement *element = gst_element_make_from_uri(GST_URI_SINK, row.uri, nullptr, &error);
    g_assert_no_error(error);
    gst_object_ref_sink(element);
    g_assert_cmpstr(GST_OBJECT_NAME(gst_element_get_factory(element)), ==, row.factory);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.property);
    ASSERT_STR(value_text(element, spec), row.value);
    char *uri = gst_uri_handler_get_uri(GST_URI_HANDLER(element));
    g_assert_cmpstr(uri, ==, row.uri);
    g_free(uri);
    gst_object_unref(element);
}

void bad_uri_is_refused()
{
    for (const auto &[factory, uri] :
         {std::pair{kTus, "tus+https://joe:marker@h/"}, std::pair{kTus, "tus+http://"},
          std::pair{kGcore, "gcore://abc"}, std::pair{kGcore, "gcore://"}}) {
        GstElement *element = make_element(factory);
        GError *error = nullptr;
        g_test_message("%s", uri);
        g_assert_false(gst_uri_handler_set_uri(GST_URI_HANDLER(element), uri, &error));
        g_assert_error(error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI);
        g_assert_null(std::strstr(error->message, "marker"));
        g_error_free(error);
        gst_object_unref(element);
    }
}

void uri_can_not_change_while_running()
{
    const SilentServer server;
    GstElement *element = make_element(kTus);
    g_object_set(element, "endpoint", server.url().c_str(), "stop-timeout", 10U, nullptr);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_ASYNC);
    GError *error = nullptr;
    g_assert_false(gst_uri_handler_set_uri(GST_URI_HANDLER(element), "tus+https://other/", &error));
    g_assert_error(error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE);
    g_clear_error(&error);
    // and so it is with properties
    g_test_expect_message("gst-tus", G_LOG_LEVEL_WARNING, "*location can not be changed*");
    g_object_set(element, "location", "other", nullptr);
    g_test_assert_expected_messages();
    char *location = nullptr;
    g_object_get(element, "location", &location, nullptr);
    g_assert_null(location);
    g_object_set(element, "timeout", 7U, nullptr); // this one may
    unsigned timeout = 0;
    g_object_get(element, "timeout", &timeout, nullptr);
    g_assert_cmpuint(timeout, ==, 7);
    gst_element_set_state(element, GST_STATE_READY);
    g_object_set(element, "location", "other", nullptr);
    g_object_get(element, "location", &location, nullptr);
    g_assert_cmpstr(location, ==, "other");
    g_free(location);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
}

// --- NULL → READY --------------------------------------------------------------------------------

struct StartRow {
    const char *launch, *word;
};

const StartRow kStarts[] = {
    {"tussink name=sink", "endpoint"},
    {"tussink name=sink endpoint=nonsense", "endpoint"},
    {"tussink name=sink endpoint=https://h/ chunk-align=9000000000", "chunk-align"},
    {"tussink name=sink endpoint=https://h/ extra-headers=\"h,Upload-Length=(int)3\"",
     "Upload-Length"},
    {"tussink name=sink endpoint=http://h/ authorization=marker", "unencrypted"},
    {"gcoresink name=sink", "GCORE_API_KEY"},
    {"gcoresink name=sink api-key=marker api-url=http://api.gcore.com", "unencrypted"},
    {"gcoresink name=sink api-key=marker video-options=\"o,name=x\"", "video-name"},
};

void bad_settings_fail_the_start(const StartRow &row)
{
    Pipeline pipeline(std::string("fakesrc ! ") + row.launch);
    g_assert_cmpint(pipeline.request(GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
    const Message message = pipeline.wait_for(GST_MESSAGE_ERROR);
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
    g_assert_true(GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()));
    g_test_message("%s", error_text(message).c_str());
    g_assert_nonnull(std::strstr(error_text(message).c_str(), row.word));
    g_assert_null(std::strstr(error_text(message).c_str(), "marker"));
    for (const Message &other : pipeline.drain_bus()) // one error, not two
        g_assert_cmpint(GST_MESSAGE_TYPE(other.get()), !=, GST_MESSAGE_ERROR);
}

void settings_are_checked_again_on_the_way_to_paused()
{
    GstElement *element = make_element(kTus);
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    g_object_set(element, "endpoint", "https://h/", nullptr);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
    g_object_set(element, "endpoint", "nonsense", nullptr);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    g_assert_nonnull(message);
    gst_message_unref(message);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/element/factories", factories_have_their_class_and_rank);
    for (const UriRow &row : kUris)
        add_row_test("/element/uri/" + std::to_string(&row - kUris), row, uri_makes_the_element);
    add_test("/element/uri/refused", bad_uri_is_refused);
    add_test("/element/running/ready-only-values-stay", uri_can_not_change_while_running);
    for (const StartRow &row : kStarts)
        add_row_test("/element/start/refused/" + std::to_string(&row - kStarts), row,
                     bad_settings_fail_the_start);
    add_test("/element/start/checked-again", settings_are_checked_again_on_the_way_to_paused);
    return g_test_run();
}
