// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// docs/tussink.md and docs/gcoresink.md say what the elements are: each property, signal, message,
// field and code, with its type and default. After a change of one,
//
//   build/tests/element/element-docs --write docs
//
// puts what is made of the element itself into the pages; the rest is for whoever made the change.
#include "bus.h"
#include "element_page.h"
#include "element_support.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- the pages -----------------------------------------------------------------------------------

const char *const kSinks[] = {"tussink", "gcoresink"};

std::string path_of(const char *folder, const std::string &sink)
{
    const GCharOwn path(g_build_filename(folder, (sink + ".md").c_str(), nullptr));
    return path.get();
}

std::string read_page(const std::string &path)
{
    char *content = nullptr;
    GError *error = nullptr;
    g_file_get_contents(path.c_str(), &content, nullptr, &error);
    g_assert_no_error(error);
    const GCharOwn owned(content);
    return content;
}

std::string page_of(const std::string &sink)
{
    return read_page(path_of(g_getenv("GSTTUS_DOCS"), sink));
}

// The cells of each row of the first table behind this heading, without their backticks.
std::vector<std::vector<std::string>> table_behind(const std::string &sink, const char *heading)
{
    g_test_message("docs/%s.md, %s", sink.c_str(), heading);
    const std::string page = page_of(sink);
    const std::size_t begin = page.find(std::string("\n") + heading + "\n");
    g_assert_cmpuint(begin, !=, std::string::npos);
    std::vector<std::vector<std::string>> rows;
    char **lines = g_strsplit(page.c_str() + begin, "\n", -1);
    for (char **line = lines; *line && (rows.empty() || **line == '|'); ++line) {
        if (**line != '|')
            continue;
        char **cells = g_strsplit(*line, "|", -1);
        std::vector<std::string> row;
        for (char **cell = cells + 1; *cell && cell[1]; ++cell) {
            row.emplace_back(g_strstrip(*cell));
            std::erase(row.back(), '`');
        }
        g_strfreev(cells);
        rows.push_back(std::move(row));
    }
    g_strfreev(lines);
    g_assert_cmpuint(rows.size(), >, 2);
    rows.erase(rows.begin(), rows.begin() + 2); // what the columns are, and the line below
    return rows;
}

// "name type" of each row
std::vector<std::string> fields_behind(const std::string &sink, const char *heading)
{
    std::vector<std::string> fields;
    for (const auto &row : table_behind(sink, heading)) {
        g_assert_cmpuint(row.size(), ==, 3);
        g_assert_cmpstr(row[2].c_str(), !=, ""); // what it means
        fields.push_back(row[0] + ' ' + row[1]);
    }
    return fields;
}

std::vector<std::string> fields_of(const GstStructure *structure)
{
    std::vector<std::string> fields;
    for (int i = 0; i < gst_structure_n_fields(structure); ++i) {
        const char *name = gst_structure_nth_field_name(structure, static_cast<unsigned>(i));
        fields.push_back(std::string(name) + ' ' +
                         g_type_name(gst_structure_get_field_type(structure, name)));
    }
    return fields;
}

void assert_same(std::vector<std::string> said, std::vector<std::string> known)
{
    const auto joined = [](std::vector<std::string> &lines) {
        std::sort(lines.begin(), lines.end());
        std::string all;
        for (const std::string &line : lines)
            all += line + '\n';
        return all;
    };
    ASSERT_STR(joined(said), joined(known));
}

// --- what is made of the element -----------------------------------------------------------------

struct PartRow {
    const char *sink;
    PagePart part;
};

void part_is_as_the_element_has_it(const PartRow &row)
{
    const std::string made = generated(row.sink, row.part.what);
    g_assert_cmpstr(made.c_str(), !=, ""); // nothing that the element has
    char **said = g_strsplit(row.part.text.c_str(), "\n", -1);
    char **lines = g_strsplit(made.c_str(), "\n", -1);
    for (unsigned i = 0; lines[i]; ++i)
        g_assert_cmpstr(said[i], ==, lines[i]); // the first that is not: see the head of this file
    g_assert_cmpuint(g_strv_length(said), ==, g_strv_length(lines));
    g_strfreev(said);
    g_strfreev(lines);
}

struct SpecRow {
    const char *sink;
    GParamSpec *spec;
};

// Under its own heading, for the anchor.
void property_has_its_section(const SpecRow &row)
{
    const std::string page = page_of(row.sink), name = row.spec->name;
    const std::string section = "\n### " + name + "\n\n<!-- begin: property " + name + " -->\n";
    const std::size_t at = page.find(section);
    g_assert_cmpuint(at, !=, std::string::npos);
    g_assert_cmpuint(page.find(section, at + 1), ==, std::string::npos);
}

// gst-inspect-1.0 is a manual, too: a sentence without its full stop, which fits on three lines.
void blurb_reads_well(const SpecRow &row)
{
    static const std::set<std::string> kWithoutUnit = {"max-parallel-uploads", "qos-dscp",
                                                       "video-id"};
    const std::string blurb = g_param_spec_get_blurb(row.spec);
    g_test_message("%s", blurb.c_str());
    g_assert_true(g_ascii_isupper(blurb.front()));
    g_assert_cmpint(blurb.back(), !=, '.');
    g_assert_cmpuint(blurb.size(), <=, 240);
    // what a terminal of whatever locale can show
    g_assert_true(
        std::all_of(blurb.begin(), blurb.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    if (is_number(row.spec) && !kWithoutUnit.contains(row.spec->name))
        g_assert_cmpstr(unit_of(row.spec).c_str(), !=, "");
}

// --- messages ------------------------------------------------------------------------------------

// What it puts on the bus, of a recording of which all is known.
class Speaker {
public:
    Speaker() : element_(make_element("gcoresink")), bus_(gst_bus_new())
    {
        gst_element_set_bus(element_, bus_);
    }

    ~Speaker()
    {
        gst_element_set_bus(element_, nullptr);
        gst_object_unref(bus_);
        gst_object_unref(element_);
    }

    Speaker(const Speaker &) = delete;
    Speaker &operator=(const Speaker &) = delete;

    GstElement *element() const { return element_; }

    Message next(GstMessageType type) { return Message{gst_bus_pop_filtered(bus_, type)}; }

private:
    GstElement *element_;
    GstBus *bus_;
};

const About kAbout{"a.mp4", 77};

template <std::size_t... Kinds>
void post_each(GstElement *element, std::index_sequence<Kinds...> /*kinds*/)
{
    (post(element, std::variant_alternative_t<Kinds, Notice>{}, kAbout), ...);
}

std::vector<Message> posted_messages()
{
    Speaker speaker;
    post_each(speaker.element(), std::make_index_sequence<std::variant_size_v<Notice>>());
    std::vector<Message> all;
    while (Message message = speaker.next(GST_MESSAGE_ELEMENT))
        all.push_back(std::move(message));
    return all;
}

const char *page_for(const std::string &message)
{
    return message.starts_with("gcore-") ? "gcoresink" : "tussink";
}

void messages_have_their_fields()
{
    const auto posted = posted_messages();
    g_assert_cmpuint(posted.size(), ==, std::variant_size_v<Notice>);
    for (const Message &message : posted) {
        const std::string name = message_name(message);
        assert_same(fields_behind(page_for(name), ("### " + name).c_str()),
                    fields_of(gst_message_get_structure(message.get())));
    }
}

// What looks like the name of a message in a page.
std::set<std::string> names_in(const std::string &page)
{
    std::set<std::string> names;
    GRegex *name = g_regex_new("`((?:tus-upload|gcore-video)-[a-z]+)`", {}, {}, nullptr);
    GMatchInfo *match = nullptr;
    for (g_regex_match(name, page.c_str(), {}, &match); g_match_info_matches(match);
         g_match_info_next(match, nullptr)) {
        const GCharOwn found(g_match_info_fetch(match, 1));
        names.insert(found.get());
    }
    g_match_info_free(match);
    g_regex_unref(name);
    return names;
}

// No other name is said anywhere.
void messages_are_those_posted()
{
    std::set<std::string> posted;
    for (const Message &message : posted_messages())
        posted.insert(message_name(message));
    const char *folder = g_getenv("GSTTUS_DOCS");
    std::set<std::string> pages = {"../README.md"};
    GDir *files = g_dir_open(folder, 0, nullptr);
    while (const char *file = g_dir_read_name(files)) {
        if (g_str_has_suffix(file, ".md"))
            pages.insert(file);
    }
    g_dir_close(files);
    g_assert_cmpuint(pages.size(), >, 3);
    for (const std::string &file : pages) {
        for (const std::string &name : names_in(read_page(std::string(folder) + '/' + file))) {
            g_test_message("%s: %s", file.c_str(), name.c_str());
            g_assert_true(posted.contains(name));
        }
    }
}

void progress_has_its_fields()
{
    Speaker speaker;
    post_drain(speaker.element(), GST_PROGRESS_TYPE_CONTINUE, "62 %, 8.1 Mbit/s", 62, kAbout);
    const Message message = speaker.next(GST_MESSAGE_PROGRESS);
    assert_same(fields_behind("tussink", "### Fields of progress"),
                fields_of(gst_message_get_structure(message.get())));
}

void details_have_their_fields()
{
    GstStructure *details = error_details({.http_status = 403, .offset = 1},
                                          {"https://h/1", "/spool/upload-1", kAbout});
    assert_same(fields_behind("tussink", "### Details"), fields_of(details));
    gst_structure_free(details);
}

void stats_have_their_fields()
{
    for (const char *sink : kSinks) {
        GstElement *element = make_element(sink);
        GstStructure *stats = nullptr;
        g_object_get(element, "stats", &stats, nullptr);
        assert_same(fields_behind("tussink", "### Fields of stats"), fields_of(stats));
        gst_structure_free(stats);
        gst_object_unref(element);
    }
}

std::string name_of(const GstCode &code)
{
    auto *values = static_cast<GEnumClass *>(g_type_class_ref(
        code.domain == GST_LIBRARY_ERROR ? GST_TYPE_LIBRARY_ERROR : GST_TYPE_RESOURCE_ERROR));
    const std::string name = g_enum_get_value(values, code.code)->value_name;
    g_type_class_unref(values);
    return name;
}

void kinds_have_their_codes()
{
    std::vector<std::string> known;
    for (int i = 0; i <= static_cast<int>(ErrorKind::kInternal); ++i) {
        const auto kind = static_cast<ErrorKind>(i);
        known.push_back(std::string(to_string(kind)) + ' ' + name_of(gst_code(kind)));
    }
    assert_same(fields_behind("tussink", "### Codes"), known);
}

// --- writing -------------------------------------------------------------------------------------

int write_pages(const char *folder)
{
    for (const char *sink : kSinks) {
        const std::string path = path_of(folder, sink);
        const std::string page = regenerated(sink, read_page(path));
        g_assert_true(g_file_set_contents(path.c_str(), page.c_str(), -1, nullptr));
    }
    return 0;
}

void add_rows(const char *sink)
{
    static std::list<PartRow> parts;
    static std::list<SpecRow> specs;
    const std::string root = std::string("/docs/") + sink;
    for (const PagePart &part : parts_of(page_of(sink)))
        add_row_test(root + '/' + part.what, parts.emplace_back(PartRow{sink, part}),
                     part_is_as_the_element_has_it);
    for (GParamSpec *spec : own_properties(sink)) {
        const SpecRow &row = specs.emplace_back(SpecRow{sink, spec});
        add_row_test(root + "/section/" + spec->name, row, property_has_its_section);
        add_row_test(root + "/blurb/" + spec->name, row, blurb_reads_well);
    }
}

} // namespace

int main(int argc, char **argv)
{
    const bool is_to_write = argc == 3 && std::strcmp(argv[1], "--write") == 0;
    const std::string folder = is_to_write ? argv[2] : "";
    init_elements(is_to_write ? 1 : argc, argv);
    if (is_to_write)
        return write_pages(folder.c_str());
    for (const char *sink : kSinks)
        add_rows(sink);
    add_test("/docs/messages", messages_are_those_posted);
    add_test("/docs/messages/fields", messages_have_their_fields);
    add_test("/docs/progress/fields", progress_has_its_fields);
    add_test("/docs/details/fields", details_have_their_fields);
    add_test("/docs/stats/fields", stats_have_their_fields);
    add_test("/docs/codes", kinds_have_their_codes);
    return g_test_run();
}
