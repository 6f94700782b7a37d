// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties, as GObject knows them: names, types, defaults, documentation, and no secret.
#include "element_support.h"

#include <cstring>
#include <set>
#include <string>
#include <vector>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kTus = "tussink";
constexpr const char *kGcore = "gcoresink";

struct PropertyRow {
    const char *element, *name, *type, *value; // as text, of a fresh element; nullptr: unset
    bool write_only;
    bool playing; // may change while PLAYING
};

const PropertyRow kProperties[] = {
    {kTus, "location", "gchararray", nullptr, false, false},
    {kTus, "location-as-path", "gboolean", "false", false, false},
    {kTus, "endpoint", "gchararray", nullptr, false, false},
    {kTus, "upload-url", "gchararray", nullptr, false, false},
    {kTus, "metadata", "GstStructure", nullptr, false, false},
    {kTus, "extra-headers", "GstStructure", nullptr, false, true},
    {kTus, "authorization", "gchararray", nullptr, true, true},
    {kTus, "chunk-size", "guint64", "8388608", false, false},
    {kTus, "min-chunk-size", "guint64", "0", false, false},
    {kTus, "chunk-align", "guint64", "1", false, false},
    {kTus, "seekable-header", "guint64", "0", false, false},
    {kTus, "flush-interval", "guint", "1000", false, true},
    {kTus, "length-mode", "GstTusLengthMode", "auto", false, false},
    {kTus, "max-memory", "guint64", "33554432", false, false},
    {kTus, "max-process-memory", "guint64", "268435456", false, false},
    {kTus, "spool-mode", "GstTusSpoolMode", "overflow", false, false},
    {kTus, "max-spool-size", "guint64", "0", false, false},
    {kTus, "rollback-margin", "guint64", "8388608", false, false},
    {kTus, "keep-until-proved", "gboolean", "true", false, false},
    {kTus, "checksum", "GstTusChecksum", "none", false, false},
    {kTus, "timeout", "guint", "30", false, true},
    {kTus, "outage-timeout", "guint", "0", false, true},
    {kTus, "drain-timeout", "guint", "0", false, true},
    {kTus, "on-stop", "GstTusOnStop", "finish", false, false},
    {kTus, "stop-timeout", "guint", "5000", false, false},
    {kTus, "progress-interval", "guint", "1000", false, true},
    {kTus, "max-parallel-uploads", "guint", "4", false, false},
    {kTus, "max-upload-rate", "guint64", "0", false, true},
    {kTus, "upload-paused", "gboolean", "false", false, true},
    {kTus, "qos-dscp", "gint", "-1", false, true},
    {kTus, "max-bitrate", "guint64", "0", false, true},
    {kTus, "ssl-strict", "gboolean", "true", false, false},
    {kTus, "ssl-ca-file", "gchararray", nullptr, false, false},
    {kTus, "tls-database", "GTlsDatabase", nullptr, false, false},
    {kTus, "tls-interaction", "GTlsInteraction", nullptr, false, false},
    {kTus, "proxy", "gchararray", nullptr, false, false},
    {kTus, "proxy-id", "gchararray", nullptr, true, false},
    {kTus, "proxy-pw", "gchararray", nullptr, true, false},
    {kTus, "ssl-cert-file", "gchararray", nullptr, false, false},
    {kTus, "ssl-key-file", "gchararray", nullptr, false, false},
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

bool is_ours(const GParamSpec *spec)
{
    return g_type_is_a(spec->owner_type, g_type_from_name("GstTusSink"));
}

void property_is_as_promised(const PropertyRow &row)
{
    GstElement *element = make_element(row.element);
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

std::set<std::string> words_of(const char *text)
{
    std::set<std::string> words;
    char **split = g_strsplit_set(text, " -,;:.()", -1);
    for (char **word = split; *word; ++word) {
        const GCharOwn small(g_ascii_strdown(*word, -1));
        if (*small.get())
            words.insert(small.get());
    }
    g_strfreev(split);
    return words;
}

bool blurb_says_more_than_the_name(GParamSpec *spec)
{
    std::set<std::string> said = words_of(g_param_spec_get_blurb(spec));
    for (const std::set<std::string> &known :
         {words_of(spec->name), words_of(g_param_spec_get_nick(spec)),
          words_of("the a an of to for in with and or is its this that be property value")}) {
        for (const std::string &word : known)
            said.erase(word);
    }
    return !said.empty();
}

bool says_when_it_may_change(const GParamSpec *spec)
{
    const bool ready = (spec->flags & GST_PARAM_MUTABLE_READY) != 0;
    const bool playing = (spec->flags & GST_PARAM_MUTABLE_PLAYING) != 0;
    const bool writable = (spec->flags & G_PARAM_WRITABLE) != 0;
    return writable ? ready != playing : !ready && !playing;
}

// What is true of every property: documented, and no default that disagrees with the element.
void properties_are_consistent(const char *factory)
{
    GstElement *element = make_element(factory);
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (unsigned i = 0; i < count; ++i) {
        GParamSpec *spec = specs[i];
        if (!is_ours(spec))
            continue;
        g_test_message("%s", spec->name);
        g_assert_cmpuint(std::strlen(g_param_spec_get_blurb(spec)), >, 15);
        g_assert_true(blurb_says_more_than_the_name(spec));
        g_assert_true(says_when_it_may_change(spec));
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
    GstElement *element = make_element(kGcore);
    gst_util_set_object_arg(G_OBJECT(element), "extra-headers", "h,X-Key=marker,X-Other=marker");
    g_object_set(element, "api-key", "marker", "authorization", "Bearer marker", "proxy",
                 "http://joe:marker@proxy:8080", "endpoint", "https://h/files?key=marker",
                 "api-url", "https://h/?key=marker", "proxy-id", "marker", "proxy-pw", "marker",
                 nullptr);
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
    GstElement *plain = make_element(kTus);
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
    GstElement *element = make_element(kTus);
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
    GstElement *element = make_element(row.element);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.property);
    const GEnumClass *values = G_PARAM_SPEC_ENUM(spec)->enum_class;
    std::string nicks;
    for (unsigned i = 0; i < values->n_values; ++i)
        nicks += std::string(values->values[i].value_nick) + " ";
    ASSERT_STR(nicks, row.nicks);
    gst_object_unref(element);
}

// What GObject complains of while this lives: as a WARNING, since GLib 2.84 at the latest as
// CRITICAL.
class Complaints {
public:
    Complaints()
        : fatal_(g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK))),
          handler_(g_log_set_handler(
              "GLib-GObject", static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK),
              +[](const char *, GLogLevelFlags, const char *text, gpointer told) {
                  static_cast<std::vector<std::string> *>(told)->push_back(text);
              },
              &told_))
    {
    }

    ~Complaints()
    {
        g_log_remove_handler("GLib-GObject", handler_);
        g_log_set_always_fatal(fatal_);
    }

    Complaints(const Complaints &) = delete;
    Complaints &operator=(const Complaints &) = delete;

    const std::vector<std::string> &told() const { return told_; }

private:
    std::vector<std::string> told_;
    const GLogLevelFlags fatal_;
    const unsigned handler_;
};

// As splitmuxsink does with its sink-properties, where a nick is a text.
void enum_takes_its_nicks_as_text(const EnumRow &row)
{
    GstElement *element = make_element(row.element);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), row.property);
    GValue text = G_VALUE_INIT;
    g_value_init(&text, G_TYPE_STRING);
    const GEnumClass *values = G_PARAM_SPEC_ENUM(spec)->enum_class;
    for (unsigned i = 0; i < values->n_values; ++i) {
        g_value_set_static_string(&text, values->values[i].value_nick);
        g_object_set_property(G_OBJECT(element), row.property, &text);
        int value = -1;
        g_object_get(element, row.property, &value, nullptr);
        g_assert_cmpint(value, ==, values->values[i].value);
    }
    // a wrong one is told, and the value stays: the last
    for (const char *wrong : {"allways", "", "99", static_cast<const char *>(nullptr)}) {
        g_value_set_static_string(&text, wrong);
        g_test_expect_message("gst-tus", G_LOG_LEVEL_WARNING, "*is no value of Gst*: it has *");
        Complaints complaints;
        g_object_set_property(G_OBJECT(element), row.property, &text);
        g_test_assert_expected_messages();
        g_assert_cmpuint(complaints.told().size(), ==, 1);
        g_assert_true(complaints.told().front().find("out of range for property") !=
                      std::string::npos);
        int value = -1;
        g_object_get(element, row.property, &value, nullptr);
        g_assert_cmpint(value, ==, values->values[values->n_values - 1].value);
    }
    g_value_unset(&text);
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
    for (const EnumRow &row : kEnums)
        add_row_test(std::string("/element/enum/text/") + row.property, row,
                     enum_takes_its_nicks_as_text);
    return g_test_run();
}
