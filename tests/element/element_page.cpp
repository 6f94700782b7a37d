// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From GParamSpec, GSignalQuery and factory to Markdown.
#include "element_page.h"

#include "base/text.h"
#include "glib/ptr.h"
#include "gsttus_version.h"

#include <algorithm>
#include <string_view>

namespace gsttus::test {

namespace {

constexpr std::string_view kBegin = "<!-- begin: ", kName = " -->\n", kEnd = "<!-- end -->";

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

GType type_of(const char *factory)
{
    GstElementFactory *found = gst_element_factory_find(factory);
    g_assert_nonnull(found);
    gst_object_unref(gst_plugin_feature_load(GST_PLUGIN_FEATURE(found)));
    const GType type = gst_element_factory_get_element_type(found);
    gst_object_unref(found);
    return type;
}

// --- properties ----------------------------------------------------------------------------------

// What the blurb says behind these words, up to the end of the sentence.
std::string said_behind(std::string_view blurb, std::string_view words)
{
    const std::size_t at = blurb.find(words);
    if (at == std::string_view::npos)
        return {};
    blurb.remove_prefix(at + words.size());
    return std::string(blurb.substr(0, blurb.find(". ")));
}

std::string binary(const std::string &number)
{
    const guint64 bytes = g_ascii_strtoull(number.c_str(), nullptr, 10);
    if (bytes == 0 || bytes % 1024 != 0)
        return {};
    return bytes % (1 << 20) == 0 ? cat(" (", bytes >> 20, " MiB)")
                                  : cat(" (", bytes >> 10, " KiB)");
}

std::string default_text(GParamSpec *spec)
{
    const char *blurb = g_param_spec_get_blurb(spec);
    std::string said = said_behind(blurb, "efault: ");
    if (!said.empty())
        return said;
    const GValue *value = g_param_spec_get_default_value(spec);
    if (G_IS_PARAM_SPEC_BOXED(spec) || G_IS_PARAM_SPEC_OBJECT(spec) ||
        (G_IS_PARAM_SPEC_STRING(spec) && !g_value_get_string(value)))
        return "none";
    if (G_IS_PARAM_SPEC_STRING(spec)) {
        std::string text = g_value_get_string(value);
        if (const std::size_t at = text.find(GSTTUS_VERSION); at != std::string::npos)
            text.replace(at, std::char_traits<char>::length(GSTTUS_VERSION), "VERSION");
        return cat('`', text, '`');
    }
    const GCharOwn number(gst_value_serialize(value));
    const std::string shown = cat('`', number.get(), '`');
    const std::string meaning = said_behind(blurb, cat(' ', number.get(), ": "));
    if (!meaning.empty())
        return cat(shown, ": ", meaning);
    const std::string unit = is_number(spec) ? unit_of(spec) : "";
    if (unit.empty() || shown == "`1`")
        return shown;
    return cat(shown, ' ', unit, unit == "bytes" ? binary(number.get()) : "");
}

template <typename T>
std::string range(T least, T most)
{
    return cat(", ", least, " to ", most);
}

// ", 1 to 100 bytes" of numbers
std::string range_text(GParamSpec *spec)
{
    std::string text;
    if (G_IS_PARAM_SPEC_UINT64(spec))
        text = range(G_PARAM_SPEC_UINT64(spec)->minimum, G_PARAM_SPEC_UINT64(spec)->maximum);
    else if (G_IS_PARAM_SPEC_UINT(spec))
        text = range(G_PARAM_SPEC_UINT(spec)->minimum, G_PARAM_SPEC_UINT(spec)->maximum);
    else if (G_IS_PARAM_SPEC_INT(spec))
        text = range(G_PARAM_SPEC_INT(spec)->minimum, G_PARAM_SPEC_INT(spec)->maximum);
    const std::string unit = text.empty() ? "" : unit_of(spec);
    return unit.empty() ? text : cat(text, ' ', unit);
}

const char *access_text(GParamSpec *spec)
{
    if (!(spec->flags & G_PARAM_WRITABLE))
        return "Read only";
    return spec->flags & G_PARAM_READABLE ? "Read and write" : "Write only";
}

const char *change_text(GParamSpec *spec)
{
    if (!(spec->flags & G_PARAM_WRITABLE))
        return "never, read only";
    return spec->flags & GST_PARAM_MUTABLE_PLAYING ? "in any state" : "in NULL and READY";
}

std::string property_part(GParamSpec *spec)
{
    std::string text = cat("> `", g_type_name(spec->value_type), '`', range_text(spec),
                           "; default: ", default_text(spec), ". ", access_text(spec));
    if (spec->flags & G_PARAM_WRITABLE)
        text += cat(", changeable ", change_text(spec));
    text += cat(".\n>\n> ", g_param_spec_get_blurb(spec), ".\n");
    if (!G_IS_PARAM_SPEC_ENUM(spec))
        return text;
    text += ">\n";
    const GEnumClass *values = G_PARAM_SPEC_ENUM(spec)->enum_class;
    for (unsigned i = 0; i < values->n_values; ++i)
        text +=
            cat("> * `", values->values[i].value_nick, "`: ", values->values[i].value_name, '\n');
    return text;
}

std::string property_table(const char *factory)
{
    std::string text = "| property | type | default | changeable |\n|---|---|---|---|\n";
    for (GParamSpec *spec : own_properties(factory)) {
        text += cat("| [`", spec->name, "`](#", spec->name, ") | `", g_type_name(spec->value_type),
                    "` | ", default_text(spec), " | ", change_text(spec), " |\n");
    }
    return text;
}

// --- the rest ------------------------------------------------------------------------------------

std::string signal_part(GType type, const char *name)
{
    const guint id = g_signal_lookup(name, type);
    if (id == 0)
        return {};
    GSignalQuery query;
    g_signal_query(id, &query);
    const bool is_action = (query.signal_flags & G_SIGNAL_ACTION) != 0;
    std::string parameters = cat(g_type_name(query.itype), " *sink");
    for (unsigned i = 0; i < query.n_params; ++i)
        parameters += cat(", ", g_type_name(query.param_types[i]));
    return cat("> `", g_type_name(query.return_type), ' ', name, " (", parameters,
               ")`: ", is_action ? "action, to be emitted by the application" : "signal", ".\n");
}

std::string hierarchy_part(GType type)
{
    std::vector<const char *> names;
    for (GType each = type; each != 0; each = g_type_parent(each))
        names.push_back(g_type_name(each));
    std::string text = "```\n", indent;
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
        text += cat(indent, indent.empty() ? "" : "╰── ", *name, '\n');
        indent += "    ";
    }
    text += "```\n\nImplemented interfaces:";
    unsigned count = 0;
    GType *interfaces = g_type_interfaces(type, &count);
    for (unsigned i = 0; i < count; ++i)
        text += cat(i == 0 ? " `" : ", `", g_type_name(interfaces[i]), '`');
    g_free(interfaces);
    return text + '\n';
}

std::string factory_part(const char *name)
{
    GstElementFactory *factory = gst_element_factory_find(name);
    std::string text = "| | |\n|---|---|\n";
    for (const auto &[label, key] : {std::pair{"Long name", GST_ELEMENT_METADATA_LONGNAME},
                                     std::pair{"Klass", GST_ELEMENT_METADATA_KLASS},
                                     std::pair{"Description", GST_ELEMENT_METADATA_DESCRIPTION},
                                     std::pair{"Authors", GST_ELEMENT_METADATA_AUTHOR}})
        text += cat("| ", label, " | ", gst_element_factory_get_metadata(factory, key), " |\n");
    text +=
        cat("| Rank | ", gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory)), " |\n| URIs |");
    const char *const *protocols = gst_element_factory_get_uri_protocols(factory);
    for (const char *const *each = protocols; *each; ++each)
        text += cat(each == protocols ? " `" : ", `", *each, "://`");
    gst_object_unref(factory);
    return text + " |\n";
}

std::string pads_part(const char *name)
{
    GstElementFactory *factory = gst_element_factory_find(name);
    std::string text;
    for (const GList *each = gst_element_factory_get_static_pad_templates(factory); each;
         each = each->next) {
        auto *pad = static_cast<GstStaticPadTemplate *>(each->data);
        text +=
            cat("> `", pad->name_template, "`: ", pad->direction == GST_PAD_SINK ? "sink" : "src",
                ", ", pad->presence == GST_PAD_ALWAYS ? "always" : "not always", ", caps `",
                pad->static_caps.string, "`\n");
    }
    gst_object_unref(factory);
    return text;
}

} // namespace

bool is_number(GParamSpec *spec)
{
    return G_IS_PARAM_SPEC_UINT64(spec) || G_IS_PARAM_SPEC_UINT(spec) || G_IS_PARAM_SPEC_INT(spec);
}

std::vector<GParamSpec *> own_properties(const char *factory)
{
    const GType type = type_of(factory);
    auto *klass = static_cast<GObjectClass *>(g_type_class_ref(type)); // which owns the specs
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(klass, &count);
    std::vector<GParamSpec *> own;
    std::copy_if(specs, specs + count, std::back_inserter(own),
                 [&](const GParamSpec *spec) { return spec->owner_type == type; });
    g_free(specs);
    std::stable_sort(own.begin(), own.end(), [](const GParamSpec *a, const GParamSpec *b) {
        return a->param_id < b->param_id;
    });
    return own;
}

std::string unit_of(GParamSpec *spec)
{
    const std::string_view blurb = g_param_spec_get_blurb(spec);
    if (contains(blurb, "bits per second"))
        return "bits/s";
    if (contains(blurb, "in ms"))
        return "ms";
    if (contains(blurb, "in seconds"))
        return "s";
    return contains(blurb, "ytes") ? "bytes" : "";
}

std::string generated(const char *factory, const std::string &what)
{
    if (what == "hierarchy")
        return hierarchy_part(type_of(factory));
    if (what == "factory")
        return factory_part(factory);
    if (what == "pads")
        return pads_part(factory);
    if (what == "properties")
        return property_table(factory);
    const std::string name = what.substr(std::min(what.find(' '), what.size() - 1) + 1);
    if (what.starts_with("signal "))
        return signal_part(type_of(factory), name.c_str());
    for (GParamSpec *spec : own_properties(factory)) {
        if (what == cat("property ", spec->name))
            return property_part(spec);
    }
    return {};
}

std::vector<PagePart> parts_of(const std::string &page)
{
    std::vector<PagePart> parts;
    for (std::size_t at = 0; (at = page.find(kBegin, at)) != std::string::npos;) {
        at += kBegin.size();
        const std::size_t name_end = page.find(kName, at);
        g_assert_cmpuint(name_end, !=, std::string::npos);
        const std::size_t begin = name_end + kName.size();
        const std::size_t end = page.find(kEnd, begin);
        g_assert_cmpuint(end, !=, std::string::npos);
        parts.push_back(
            {page.substr(at, name_end - at), page.substr(begin, end - begin), begin, end});
    }
    return parts;
}

std::string regenerated(const char *factory, const std::string &page)
{
    std::string text;
    std::size_t done = 0;
    for (const PagePart &part : parts_of(page)) {
        text += page.substr(done, part.begin - done) + generated(factory, part.what);
        done = part.end;
    }
    return text + page.substr(done);
}

} // namespace gsttus::test
