// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Texts and files are as large as a debug log at level 9: each is read a few times at most.
#include "exposure.h"

#include "base/secret_forms.h"
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace gsttus::test {

namespace {

// What a token of the stand-in begins with, and what is in it.
constexpr const char *kTokenStart = "eyJhbGciOiJIUzI1NiIs";
constexpr const char *kTokenIssuer = "gcore-standin";
constexpr std::size_t kEnough = 6; // of the marker, as it is

std::string small(std::string_view text)
{
    const GCharOwn out(g_ascii_strdown(text.data(), static_cast<gssize>(text.size())));
    return {out.get(), text.size()};
}

std::vector<std::string> needles()
{
    std::vector<std::string> all = {std::string(kMarker).substr(0, kEnough), to_hex(kMarker),
                                    small(kTokenStart)};
    for (const char *secret : {kMarker, kTokenStart, kTokenIssuer})
        for (const std::string &form : base64_forms(secret))
            all.push_back(small(form));
    return all;
}

void assert_no_needle_in(const std::string &where, const std::string &text)
{
    static const std::vector<std::string> kNeedles = needles();
    for (const std::string &needle : kNeedles) {
        const void *at = memmem(text.data(), text.size(), needle.data(), needle.size());
        if (!at)
            continue;
        const auto from = static_cast<std::size_t>(static_cast<const char *>(at) - text.data());
        g_error("%s is in %s: %s", needle.c_str(), where.c_str(),
                text.substr(from < 400 ? 0 : from - 400, 500).c_str());
    }
}

std::string contents(const std::filesystem::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void assert_no_secret_in(const std::string &where, const std::string &text)
{
    std::string plain = small(text);
    assert_no_needle_in(where, plain);
    for (int times = 0; times < 2 && plain.find('%') != std::string::npos; ++times) {
        plain = percent_decoded(plain);
        assert_no_needle_in(where, plain);
    }
}

void assert_no_secret_below(const std::filesystem::path &folder)
{
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file())
            continue;
        std::string text = contents(entry.path());
        const bool is_journal = entry.path().stem() == "journal"; // and .old
        for (const std::string_view kept : {kProject, kAddress}) {
            for (std::size_t at = 0; is_journal && (at = text.find(kept)) != std::string::npos;)
                text.erase(at, kept.size());
        }
        assert_no_secret_in(entry.path().string(), text);
    }
}

void show_properties(GstElement *element)
{
    unsigned count = 0;
    GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element), &count);
    for (unsigned i = 0; i < count; ++i) {
        if (!(specs[i]->flags & G_PARAM_READABLE))
            continue;
        GValue value = G_VALUE_INIT;
        g_value_init(&value, specs[i]->value_type);
        g_object_get_property(G_OBJECT(element), specs[i]->name, &value);
        const bool none = G_VALUE_HOLDS_BOXED(&value) && !g_value_get_boxed(&value);
        const GCharOwn text(none ? nullptr : gst_value_serialize(&value));
        g_printerr("property %s = %s\n", specs[i]->name, text ? text.get() : "(none)");
        g_value_unset(&value);
    }
    g_free(specs);
}

} // namespace

std::string base64(std::string_view text)
{
    const GCharOwn encoded(
        g_base64_encode(reinterpret_cast<const guchar *>(text.data()), text.size()));
    return encoded.get();
}

void show_pipeline(Pipeline &pipeline)
{
    show_properties(pipeline.sink()); // stats are one of them
    const GCharOwn dot(
        gst_debug_bin_to_dot_data(GST_BIN(pipeline.get()), GST_DEBUG_GRAPH_SHOW_VERBOSE));
    g_printerr("dot %s\n", dot.get());
}

void show_messages(Pipeline &pipeline)
{
    for (Message &message : pipeline.drain_bus())
        pipeline.seen.push_back(std::move(message));
    for (const Message &message : pipeline.seen) {
        if (const GstStructure *structure = gst_message_get_structure(message.get())) {
            const GCharOwn text(gst_structure_to_string(structure));
            g_printerr("message %s\n", text.get());
        }
        GError *error = nullptr;
        char *debug = nullptr;
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
            gst_message_parse_error(message.get(), &error, &debug);
        else if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING)
            gst_message_parse_warning(message.get(), &error, &debug);
        if (error)
            g_printerr("text %s (%s)\n", error->message, debug);
        g_clear_error(&error);
        g_free(debug);
    }
}

void show_recovery(const std::vector<std::string> &arguments)
{
    const std::string longest = std::to_string(patience(seconds(8)).count());
    std::vector<std::string> words = {"timeout", longest, g_getenv("GST_TUS_RECOVER")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    char *out = nullptr;
    char *err = nullptr;
    g_assert_true(g_spawn_sync(nullptr, argv.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr,
                               &out, &err, nullptr, nullptr));
    g_printerr("recover %s%s\n", out, err);
    g_free(out);
    g_free(err);
}

void assert_shows_no_secret(void (*run)(const std::string &folder),
                            const std::vector<const char *> &shown)
{
    if (g_test_subprocess()) {
        const std::string folder = g_getenv("GST_TUS_TEST_FOLDER");
        g_assert_nonnull(std::freopen(cat(folder, "/out").c_str(), "w", stdout));
        g_assert_nonnull(std::freopen(cat(folder, "/err").c_str(), "w", stderr));
        run(folder);
        return;
    }
    const GCharOwn folder(g_dir_make_tmp("exposure-XXXXXX", nullptr));
    const std::string log = cat(folder.get(), "/log");
    const std::array<std::pair<const char *, const char *>, 5> environment = {
        {{"GST_TUS_TEST_FOLDER", folder.get()},
         {"GST_DEBUG", "*:9"},
         {"GST_DEBUG_NO_COLOR", "1"},
         {"GST_DEBUG_FILE", log.c_str()},
         {"G_MESSAGES_DEBUG", "all"}}};
    for (const auto &[name, value] : environment)
        g_setenv(name, value, TRUE);
    g_test_trap_subprocess(nullptr, clock_time(patience(seconds(200))) / 1000,
                           G_TEST_SUBPROCESS_DEFAULT);
    for (const auto &[name, value] : environment)
        g_unsetenv(name);
    const std::string err = contents(cat(folder.get(), "/err"));
    if (!g_test_trap_has_passed())
        g_error("the recordings failed: %s",
                err.substr(err.size() - std::min(err.size(), std::size_t{2000})).c_str());
    assert_no_secret_below(folder.get());
    for (const char *text : shown) {
        if (err.find(text) == std::string::npos)
            g_error("nothing shows \"%s\"", text);
    }
    std::filesystem::remove_all(folder.get());
}

} // namespace gsttus::test
