// README.md and the registry say the same: each property of ours has its row, with its default, in
// the table of the sink that adds it; each row is a property; each message that is named is posted.
#include "bus.h"
#include "element_support.h"
#include "gsttus_version.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

using namespace gsttus;
using namespace gsttus::test;

namespace {

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// --- the README ----------------------------------------------------------------------------------

struct Readme {
    Readme();

    std::string text;
    std::vector<std::string> lines;
};

Readme::Readme()
{
    char *content = nullptr;
    GError *error = nullptr;
    g_file_get_contents(g_getenv("GSTTUS_README"), &content, nullptr, &error);
    g_assert_no_error(error);
    text = content;
    char **split = g_strsplit(content, "\n", -1);
    for (char **line = split; *line; ++line)
        lines.emplace_back(*line);
    g_strfreev(split);
    g_free(content);
}

const Readme &readme()
{
    static const auto *one = new Readme;
    return *one;
}

// What stands in `backticks`.
std::vector<std::string> code_spans(std::string_view text)
{
    std::vector<std::string> spans;
    for (;;) {
        const std::size_t begin = text.find('`');
        const std::size_t end = begin == std::string_view::npos ? begin : text.find('`', begin + 1);
        if (end == std::string_view::npos)
            return spans;
        spans.emplace_back(text.substr(begin + 1, end - begin - 1));
        text.remove_prefix(end + 1);
    }
}

struct Row {
    std::vector<std::string> names;
    std::string initial; // the cell "default"
};

Row row_of(const std::string &line)
{
    char **cells = g_strsplit(line.c_str(), "|", -1); // "| `a`, `b` | default | meaning |"
    g_assert_cmpuint(g_strv_length(cells), ==, 5);
    Row row{code_spans(cells[1]), g_strstrip(cells[2])};
    g_strfreev(cells);
    return row;
}

// The rows of the first table behind the line that begins so.
std::vector<Row> table_behind(const char *words)
{
    const auto &lines = readme().lines;
    const auto starts = [](const char *with) {
        return [=](const std::string &line) { return line.starts_with(with); };
    };
    auto line = std::find_if(lines.begin(), lines.end(), starts(words));
    line = std::find_if(line, lines.end(), starts("| property | default |"));
    g_assert_true(line != lines.end());
    std::vector<Row> rows;
    for (line += 2; line != lines.end() && line->starts_with("|"); ++line)
        rows.push_back(row_of(*line));
    g_assert_cmpuint(rows.size(), >, 5);
    return rows;
}

struct Sink {
    const char *factory, *type, *heading;
};

const Sink kSinks[] = {
    {"tussink", "GstTusSink", "## Properties of both sinks"},
    {"gcoresink", "GstGcoreSink", "`gcoresink` has besides:"},
};

// --- the registry --------------------------------------------------------------------------------

// The properties that this class itself adds.
std::vector<GParamSpec *> properties_of(const Sink &sink)
{
    GstElement *element = gst_element_factory_make(sink.factory, nullptr);
    gst_object_ref_sink(element);
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    std::vector<GParamSpec *> own;
    std::copy_if(specs, specs + count, std::back_inserter(own), [&](const GParamSpec *spec) {
        return spec->owner_type == g_type_from_name(sink.type);
    });
    g_free(specs);
    gst_object_unref(element); // the class, which owns the specs, stays
    return own;
}

// --- defaults ------------------------------------------------------------------------------------

// "8 MiB" and "0: never" as the number that a property takes, "`auto`" as the nick.
std::string plain_value(const std::string &cell)
{
    std::string value = cell.substr(0, cell.find(':'));
    std::erase(value, '`');
    char *unit = nullptr;
    const std::uint64_t number = g_ascii_strtoull(value.c_str(), &unit, 10);
    if (std::strcmp(unit, " MiB") == 0)
        return std::to_string(number << 20);
    if (std::strcmp(unit, " KiB") == 0)
        return std::to_string(number << 10);
    if (std::strcmp(unit, " ms") == 0 || std::strcmp(unit, " s") == 0)
        return std::to_string(number);
    return value;
}

// A time has the unit in which the property takes it, unless it is 0.
bool unit_agrees(std::string_view blurb, std::string_view cell)
{
    if (cell.starts_with("0"))
        return true;
    return contains(blurb, "in ms ") == cell.ends_with(" ms") &&
           contains(blurb, "seconds") == cell.ends_with(" s");
}

// A text without a default of its own may say in its blurb where one comes from: "default: …".
bool text_agrees(const GParamSpecString *spec, std::string_view blurb, std::string cell)
{
    std::erase(cell, '`');
    if (spec->default_value) {
        const std::size_t version = cell.find("VERSION");
        if (version != std::string::npos)
            cell.replace(version, std::strlen("VERSION"), GSTTUS_VERSION);
        return cell == spec->default_value;
    }
    const std::size_t said = blurb.find("efault: ");
    if (said == std::string_view::npos)
        return cell.empty();
    return !cell.empty() &&
           blurb.substr(said + std::strlen("efault: ")).starts_with(cell.substr(0, cell.find(',')));
}

bool default_agrees(GParamSpec *spec, const std::string &cell)
{
    const char *blurb = g_param_spec_get_blurb(spec);
    if (G_IS_PARAM_SPEC_BOXED(spec) || G_IS_PARAM_SPEC_OBJECT(spec))
        return cell.empty();
    if (G_IS_PARAM_SPEC_STRING(spec))
        return text_agrees(G_PARAM_SPEC_STRING(spec), blurb, cell);
    const GCharOwn initial(gst_value_serialize(g_param_spec_get_default_value(spec)));
    return plain_value(cell) == initial.get() && unit_agrees(blurb, cell);
}

// --- the tests -----------------------------------------------------------------------------------

struct OneProperty {
    const Sink *sink;
    GParamSpec *spec;
};

void property_has_its_row(const OneProperty &property)
{
    int found = 0;
    for (const Row &row : table_behind(property.sink->heading)) {
        if (std::count(row.names.begin(), row.names.end(), property.spec->name) == 0)
            continue;
        ++found;
        g_test_message("README.md says \"%s\"", row.initial.c_str());
        g_assert_true(default_agrees(property.spec, row.initial));
    }
    g_assert_cmpint(found, ==, 1);
}

void rows_are_properties(const Sink &sink)
{
    const std::vector<GParamSpec *> own = properties_of(sink);
    for (const Row &row : table_behind(sink.heading)) {
        g_assert_false(row.names.empty());
        for (const std::string &name : row.names) {
            g_test_message("%s", name.c_str());
            g_assert_true(std::any_of(own.begin(), own.end(),
                                      [&](GParamSpec *spec) { return name == spec->name; }));
        }
    }
}

template <std::size_t... Kinds>
void post_each(GstElement *element, std::index_sequence<Kinds...> /*kinds*/)
{
    (post(element, std::variant_alternative_t<Kinds, Notice>{}, {}), ...);
}

std::set<std::string> posted_messages()
{
    GstElement *element = gst_element_factory_make("gcoresink", nullptr);
    gst_object_ref_sink(element);
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    post_each(element, std::make_index_sequence<std::variant_size_v<Notice>>());
    std::set<std::string> names;
    while (const Message message{gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT)})
        names.insert(message_name(message));
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
    return names;
}

void messages_are_those_posted()
{
    const std::set<std::string> posted = posted_messages();
    g_assert_cmpuint(posted.size(), ==, 10);
    std::set<std::string> named;
    for (const std::string &span : code_spans(readme().text)) {
        if (span.starts_with("tus-upload-") || span.starts_with("gcore-video-"))
            named.insert(span);
    }
    for (const std::string &name : named) {
        g_test_message("named: %s", name.c_str());
        g_assert_true(posted.contains(name));
    }
    for (const std::string &name : posted) {
        g_test_message("posted: %s", name.c_str());
        g_assert_true(named.contains(name));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    static std::vector<OneProperty> properties;
    for (const Sink &sink : kSinks) {
        for (GParamSpec *spec : properties_of(sink))
            properties.push_back({&sink, spec});
    }
    for (const OneProperty &property : properties)
        add_row_test(std::string("/readme/") + property.sink->factory + "/" + property.spec->name,
                     property, property_has_its_row);
    for (const Sink &sink : kSinks)
        add_row_test(std::string("/readme/rows/") + sink.factory, sink, rows_are_properties);
    add_test("/readme/messages", messages_are_those_posted);
    return g_test_run();
}
