// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a simulator is told on its command line when it is not run as a test.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <glib.h>

namespace gsttus::sim {

struct ByHand {
    std::uint64_t schedules = 0;
    std::uint64_t seed = 1; // the first
    std::uint64_t show = 0; // only this one, with all that happens
    std::string mutant;     // a name of to_string(Mutation)
};

// nullopt: nothing of this is on the command line, which is that of a test. Ends the program where
// it is wrong.
inline std::optional<ByHand> by_hand(int argc, char **argv)
{
    const auto is_ours = [](const char *word) {
        for (const char *name : {"--schedules", "--start", "--show", "--mutant", "--help"})
            if (g_str_has_prefix(word, name))
                return true;
        return false;
    };
    if (argc < 2 || !is_ours(argv[1]))
        return std::nullopt;
    gint64 schedules = 0, start = 1, show = 0;
    g_autofree gchar *mutant = nullptr;
    const std::array entries = {
        GOptionEntry{"schedules", 0, 0, G_OPTION_ARG_INT64, &schedules, "Run so many", "N"},
        GOptionEntry{"start", 0, 0, G_OPTION_ARG_INT64, &start, "Begin with this seed (1)", "SEED"},
        GOptionEntry{"show", 0, 0, G_OPTION_ARG_INT64, &show, "Run one seed and print what happens",
                     "SEED"},
        GOptionEntry{"mutant", 0, 0, G_OPTION_ARG_STRING, &mutant, "With this mistake in it",
                     "NAME"},
        GOptionEntry{nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(nullptr);
    g_option_context_add_main_entries(context, entries.data(), nullptr);
    g_autoptr(GError) error = nullptr;
    if (!g_option_context_parse(context, &argc, &argv, &error) || schedules < 0 || start < 0 ||
        show < 0) {
        g_printerr("%s\n", error ? error->message : "A number is negative.");
        std::exit(2);
    }
    return ByHand{static_cast<std::uint64_t>(schedules), static_cast<std::uint64_t>(start),
                  static_cast<std::uint64_t>(show), mutant ? mutant : ""};
}

// No name: no mistake. Ends the program where nobody has that name.
template <typename Mutation>
Mutation mutation_of(const std::string &name)
{
    if (name.empty())
        return Mutation{};
    for (std::size_t n = 0; n < static_cast<std::size_t>(Mutation::kCount); ++n)
        if (to_string(static_cast<Mutation>(n)) == name)
            return static_cast<Mutation>(n);
    g_printerr("There is no mutant %s.\n", name.c_str());
    std::exit(2);
}

} // namespace gsttus::sim
