// The elements as GObjects: properties, URIs, signals, and what a state change refuses.
#include "element_support.h"

#include <algorithm>
#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kTus = "tussink";
constexpr const char *kGcore = "gcoresink";

GstElement *make(const char *factory)
{
    GstElement *element = gst_element_factory_make(factory, "sink");
    g_assert_nonnull(element);
    return GST_ELEMENT(gst_object_ref_sink(element));
}

// --- properties ----------------------------------------------------------------------------------

struct PropertyRow {
    const char *element, *name, *type, *value; // as text, of a fresh element; nullptr: unset
    bool write_only;
    bool playing; // may change while PLAYING
};

const PropertyRow kProperties[] = {
    {kTus, "location", "gchararray", nullptr, false, false},
    {kTus, "endpoint", "gchararray", nullptr, false, false},
    {kTus, "upload-url", "gchararray", nullptr, false, false},
    {kTus, "metadata", "GstStructure", nullptr, false, false},
    {kTus, "extra-headers", "GstStructure", nullptr, false, true},
    {kTus, "authorization", "gchararray", nullptr, true, true},
    {kTus, "chunk-size", "guint64", "8388608", false, false},
    {kTus, "min-chunk-size", "guint64", "0", false, false},
    {kTus, "chunk-align", "guint64", "1", false, false},
    {kTus, "flush-interval", "guint", "1000", false, true},
    {kTus, "length-mode", "GstTusLengthMode", "auto", false, false},
    {kTus, "max-memory", "guint64", "33554432", false, false},
    {kTus, "spool-mode", "GstTusSpoolMode", "overflow", false, false},
    {kTus, "max-spool-size", "guint64", "0", false, false},
    {kTus, "rollback-margin", "guint64", "8388608", false, false},
    {kTus, "checksum", "GstTusChecksum", "none", false, false},
    {kTus, "timeout", "guint", "30", false, true},
    {kTus, "outage-timeout", "guint", "0", false, true},
    {kTus, "drain-timeout", "guint", "0", false, true},
    {kTus, "on-stop", "GstTusOnStop", "finish", false, false},
    {kTus, "stop-timeout", "guint", "5000", false, false},
    {kTus, "progress-interval", "guint", "1000", false, true},
    {kTus, "ssl-strict", "gboolean", "true", false, false},
    {kTus, "ssl-ca-file", "gchararray", nullptr, false, false},
    {kTus, "tls-database", "GTlsDatabase", nullptr, false, false},
    {kTus, "tls-interaction", "GTlsInteraction", nullptr, false, false},
    {kTus, "proxy", "gchararray", nullptr, false, false},
    {kTus, "sync", "gboolean", "false", false, false},
    {kTus, "async", "gboolean", "true", false, false},
    {kTus, "enable-last-sample", "gboolean", "false", false, false},
    {kGcore, "location", "gchararray", nullptr, false, false},
    {kGcore, "authorization", "gchararray", nullptr, true, true},
    {kGcore, "api-key", "gchararray", nullptr, true, false},
    {kGcore, "api-url", "gchararray", "https://api.gcore.com", false, false},
    {kGcore, "video-id", "guint64", "0", false, false},
    {kGcore, "video-name", "gchararray", nullptr, false, false},
    {kGcore, "video-description", "gchararray", nullptr, false, false},
    {kGcore, "video-options", "GstStructure", nullptr, false, false},
    {kGcore, "wait-status", "GstGcoreWaitStatus", "none", false, false},
    {kGcore, "status-timeout", "guint", "600", false, false},
    {kGcore, "delete-empty-video", "gboolean", "true", false, false},
};

std::string value_text(GstElement *element, GParamSpec *spec)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(G_OBJECT(element), spec->name, &value);
    std::string text;
    if (G_VALUE_HOLDS_STRING(&value) && g_value_get_string(&value)) {
        text = g_value_get_string(&value);
    } else if (!G_VALUE_HOLDS_STRING(&value) && !G_VALUE_HOLDS_BOXED(&value) &&
               !G_VALUE_HOLDS_OBJECT(&value)) {
        char *serialized = gst_value_serialize(&value);
        text = serialized;
        g_free(serialized);
    }
    g_value_unset(&value);
    return text;
}

bool is_ours(const GParamSpec *spec)
{
    return g_type_is_a(spec->owner_type, g_type_from_name("GstTusSink"));
}

void property_is_as_promised(const PropertyRow &row)
{
    GstElement *element = make(row.element);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.name);
    g_assert_nonnull(spec);
    g_assert_cmpstr(g_type_name(spec->value_type), ==, row.type);
    g_assert_true((spec->flags & G_PARAM_WRITABLE) != 0);
    g_assert_true(((spec->flags & G_PARAM_READABLE) == 0) == row.write_only);
    if (is_ours(spec)) {
        g_assert_true(((spec->flags & GST_PARAM_MUTABLE_PLAYING) != 0) == row.playing);
        g_assert_true(((spec->flags & GST_PARAM_MUTABLE_READY) != 0) == !row.playing);
    }
    if (!row.write_only)
        ASSERT_STR(value_text(element, spec), row.value ? row.value : "");
    gst_object_unref(element);
}

// What is true of every property: documented, and no default that disagrees with the element.
void properties_are_consistent(const char *factory)
{
    GstElement *element = make(factory);
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (unsigned i = 0; i < count; ++i) {
        GParamSpec *spec = specs[i];
        if (!is_ours(spec))
            continue;
        g_test_message("%s", spec->name);
        g_assert_cmpuint(std::strlen(g_param_spec_get_blurb(spec)), >, 15);
        if (!(spec->flags & G_PARAM_READABLE) || spec->flags & GST_PARAM_DOC_SHOW_DEFAULT ||
            std::strcmp(spec->name, "stats") == 0)
            continue;
        GValue value = G_VALUE_INIT;
        g_value_init(&value, spec->value_type);
        g_object_get_property(G_OBJECT(element), spec->name, &value);
        g_assert_true(g_param_value_defaults(spec, &value));
        g_value_unset(&value);
    }
    g_free(specs);
    gst_object_unref(element);
}

void tussink_is_consistent()
{
    properties_are_consistent(kTus);
}

void gcoresink_is_consistent()
{
    properties_are_consistent(kGcore);
}

// Every readable property of an element full of secrets.
void readable_values_hold_no_secret()
{
    GstElement *element = make(kGcore);
    gst_util_set_object_arg(G_OBJECT(element), "extra-headers", "h,X-Key=marker,X-Other=marker");
    g_object_set(element, "api-key", "marker", "authorization", "Bearer marker", "proxy",
                 "http://joe:marker@proxy:8080", "endpoint", "https://h/files?key=marker",
                 "api-url", "https://h/?key=marker", nullptr);
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (unsigned i = 0; i < count; ++i) {
        if (!(specs[i]->flags & G_PARAM_READABLE) || !is_ours(specs[i]))
            continue;
        GValue value = G_VALUE_INIT;
        g_value_init(&value, specs[i]->value_type);
        g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
        if (!G_VALUE_HOLDS_BOXED(&value) || g_value_get_boxed(&value)) {
            char *text = g_strdup_value_contents(&value);
            g_assert_null(std::strstr(text, "marker"));
            g_free(text);
        }
        g_value_unset(&value);
    }
    g_free(specs);
    g_object_set(element, "endpoint", "https://joe:marker@h/files", nullptr);
    GstElement *plain = make(kTus);
    g_object_set(plain, "endpoint", "https://joe:marker@h/files", nullptr);
    for (GstElement *each : {element, plain}) {
        const GCharOwn uri(gst_uri_handler_get_uri(GST_URI_HANDLER(each)));
        g_assert_null(std::strstr(uri.get(), "marker"));
    }
    gst_object_unref(plain);
    GstStructure *headers = nullptr;
    g_object_get(element, "extra-headers", &headers, nullptr);
    g_assert_true(gst_structure_has_field(headers, "X-Key")); // the names are there
    gst_structure_free(headers);
    gst_object_unref(element);
}

void stats_keep_the_fields_of_the_base_class()
{
    GstElement *element = make(kTus);
    GstStructure *stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    g_assert_cmpstr(gst_structure_get_name(stats), ==, "application/x-tus-sink-stats");
    for (const char *field :
         {"average-rate", "dropped", "rendered", "state", "upload-url", "bytes-rendered",
          "bytes-acked", "bytes-in-memory", "bytes-on-disk", "bytes-resent", "requests", "retries",
          "outages", "outage-time", "last-http-status", "upload-rate", "length-mode"})
        g_assert_true(gst_structure_has_field(stats, field));
    gst_structure_free(stats);
    gst_object_unref(element);
}

struct EnumRow {
    const char *element, *property, *nicks;
};

const EnumRow kEnums[] = {
    {kTus, "length-mode", "auto deferred concatenation spool "},
    {kTus, "spool-mode", "never overflow always "},
    {kTus, "on-stop", "finish keep terminate "},
    {kTus, "checksum", "none md5 sha1 sha256 sha512 "},
    {kGcore, "wait-status", "none pending viewable ready "},
};

void enum_has_its_nicks(const EnumRow &row)
{
    GstElement *element = make(row.element);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.property);
    const GEnumClass *values = G_PARAM_SPEC_ENUM(spec)->enum_class;
    std::string nicks;
    for (unsigned i = 0; i < values->n_values; ++i)
        nicks += std::string(values->values[i].value_nick) + " ";
    ASSERT_STR(nicks, row.nicks);
    gst_object_unref(element);
}

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
        GstElement *element = make(factory);
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
    GstElement *element = make(kTus);
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
    GstElement *element = make(kTus);
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
    for (const PropertyRow &row : kProperties)
        add_row_test(std::string("/element/property/") + row.element + "/" + row.name, row,
                     property_is_as_promised);
    add_test("/element/properties/tussink", tussink_is_consistent);
    add_test("/element/properties/gcoresink", gcoresink_is_consistent);
    add_test("/element/properties/no-secret-is-readable", readable_values_hold_no_secret);
    add_test("/element/stats/fields", stats_keep_the_fields_of_the_base_class);
    for (const EnumRow &row : kEnums)
        add_row_test(std::string("/element/enum/") + row.property, row, enum_has_its_nicks);
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
