// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How a row of a property table is written:
//
//   row::number("chunk-size", "Chunk size", {1, kMaxBytes, 8 * kMiB}, kReady,
//               in_upload<&UploadConfig::chunk_size>, "Most bytes in one PATCH request")
//
// that is: name, nick, default (or {least, most, default}), when it may change, where the value
// lives, blurb. The element refuses what may not change yet, so that rows only store. A new kind of
// value is a new function here, a new property is one row.
#pragma once

#include "base/clock.h"
#include "base/redact.h"
#include "glib/ptr.h"
#include "properties.h"
#include "structures.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace gsttus {

// --- when a property may change ------------------------------------------------------------------

inline constexpr GParamFlags param_flags(int flags)
{
    return static_cast<GParamFlags>(flags | G_PARAM_STATIC_STRINGS);
}

inline constexpr GParamFlags kReady = param_flags(G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY);
inline constexpr GParamFlags kPlaying = param_flags(G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING);
// The default comes from the environment: gst-inspect-1.0 shows what it is here and now.
inline constexpr GParamFlags kReadyFromEnv = param_flags(kReady | GST_PARAM_DOC_SHOW_DEFAULT);

// --- where its value lives -----------------------------------------------------------------------

template <typename Struct, typename Member>
auto &follow(Struct &from, Member member)
{
    return from.*member;
}

template <typename Struct, typename Member, typename... Rest>
auto &follow(Struct &from, Member member, Rest... rest)
{
    return follow(from.*member, rest...);
}

template <typename Struct, typename Member>
Struct struct_of(Member Struct::*);

// From a settings struct to one of its values: path<&Settings::http, &HttpConfig::proxy>.
template <auto First, auto... Rest>
struct Path {
    using Root = decltype(struct_of(First));

    template <typename S>
    static auto &in(S &settings)
    {
        return follow(settings, First, Rest...);
    }
};

template <auto... Members>
inline constexpr Path<Members...> path{};

template <typename P>
using PathValue = std::remove_reference_t<decltype(P::in(std::declval<typename P::Root &>()))>;

// --- the kinds of rows ---------------------------------------------------------------------------

inline constexpr std::uint64_t kMaxBytes = G_MAXINT64;
inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr unsigned kMaxTime = G_MAXINT32; // of any unit: far from the end of Duration

template <typename T>
struct Range {
    T least, most, initial;
};

// What GObject calls the functions of a type of numbers.
template <typename T>
struct NumberCalls;

template <>
struct NumberCalls<std::uint64_t> {
    static constexpr auto kSpec = g_param_spec_uint64;
    static constexpr auto kSet = g_value_set_uint64;
    static constexpr auto kGet = g_value_get_uint64;
};

template <>
struct NumberCalls<unsigned> {
    static constexpr auto kSpec = g_param_spec_uint;
    static constexpr auto kSet = g_value_set_uint;
    static constexpr auto kGet = g_value_get_uint;
};

template <>
struct NumberCalls<int> {
    static constexpr auto kSpec = g_param_spec_int;
    static constexpr auto kSet = g_value_set_int;
    static constexpr auto kGet = g_value_get_int;
};

template <typename P>
using RowOf = Property<typename P::Root>;

inline void set_string(GValue *value, const std::string &text)
{
    g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

namespace row {

template <typename P>
RowOf<P> text(const char *name, const char *nick, const char *initial, GParamFlags when, P,
              const char *blurb)
{
    using S = typename P::Root;
    return {g_param_spec_string(name, nick, blurb, initial, when),
            [](const S &s, GValue *v) { set_string(v, P::in(s)); },
            [](S &s, const GValue *v) {
                const char *given = g_value_get_string(v);
                P::in(s) = given ? given : "";
            }};
}

// The same row, but read by `get`.
template <typename S>
Property<S> shown_by(typename Property<S>::Getter get, Property<S> row)
{
    row.get = get;
    return row;
}

// Can be given, never read back.
template <typename P>
RowOf<P> secret(const char *name, const char *nick, GParamFlags when, P at, const char *blurb)
{
    const auto flags = static_cast<GParamFlags>(when & ~G_PARAM_READABLE);
    return shown_by(nullptr, text(name, nick, nullptr, flags, at, blurb));
}

// An address is shown without what may be secret in it.
template <typename P>
RowOf<P> address(const char *name, const char *nick, GParamFlags when, P at, const char *blurb)
{
    return shown_by(
        [](const typename P::Root &s, GValue *v) { set_string(v, redact_url(P::in(s))); },
        text(name, nick, nullptr, when, at, blurb));
}

template <typename P>
RowOf<P> number(const char *name, const char *nick, Range<PathValue<P>> range, GParamFlags when, P,
                const char *blurb)
{
    using S = typename P::Root;
    using Calls = NumberCalls<PathValue<P>>;
    return {Calls::kSpec(name, nick, blurb, range.least, range.most, range.initial, when),
            [](const S &s, GValue *v) { Calls::kSet(v, P::in(s)); },
            [](S &s, const GValue *v) { P::in(s) = Calls::kGet(v); }};
}

template <typename P>
RowOf<P> flag(const char *name, const char *nick, bool initial, GParamFlags when, P,
              const char *blurb)
{
    using S = typename P::Root;
    return {g_param_spec_boolean(name, nick, blurb, initial, when),
            [](const S &s, GValue *v) { g_value_set_boolean(v, P::in(s)); },
            [](S &s, const GValue *v) { P::in(s) = g_value_get_boolean(v) != FALSE; }};
}

// A span of time, which users give as a whole number of `Unit`.
template <typename Unit, typename P>
RowOf<P> time(const char *name, const char *nick, Range<unsigned> range, GParamFlags when, P,
              const char *blurb)
{
    using S = typename P::Root;
    return {g_param_spec_uint(name, nick, blurb, range.least, range.most, range.initial, when),
            [](const S &s, GValue *v) {
                const auto count = std::chrono::duration_cast<Unit>(P::in(s)).count();
                g_value_set_uint(v, static_cast<unsigned>(count));
            },
            [](S &s, const GValue *v) { P::in(s) = Unit(g_value_get_uint(v)); }};
}

template <typename P>
RowOf<P> time_ms(const char *name, const char *nick, Range<unsigned> range, GParamFlags when, P at,
                 const char *blurb)
{
    return time<milliseconds>(name, nick, range, when, at, blurb);
}

template <typename P>
RowOf<P> time_s(const char *name, const char *nick, Range<unsigned> range, GParamFlags when, P at,
                const char *blurb)
{
    return time<seconds>(name, nick, range, when, at, blurb);
}

// `type`: the GType of the enum, see enums.h.
template <typename P>
RowOf<P> choice(const char *name, const char *nick, GType type, PathValue<P> initial,
                GParamFlags when, P, const char *blurb)
{
    using S = typename P::Root;
    return {
        g_param_spec_enum(name, nick, blurb, type, static_cast<int>(initial), when),
        [](const S &s, GValue *v) { g_value_set_enum(v, static_cast<int>(P::in(s))); },
        [](S &s, const GValue *v) { P::in(s) = static_cast<PathValue<P>>(g_value_get_enum(v)); }};
}

template <typename P>
RowOf<P> structure(const char *name, const char *nick, GParamFlags when, P, const char *blurb)
{
    using S = typename P::Root;
    return {g_param_spec_boxed(name, nick, blurb, GST_TYPE_STRUCTURE, when),
            [](const S &s, GValue *v) { g_value_set_boxed(v, P::in(s).get()); },
            [](S &s, const GValue *v) {
                P::in(s) = copy_structure(static_cast<const GstStructure *>(g_value_get_boxed(v)));
            }};
}

// The settings hold a reference of their own.
template <typename P>
RowOf<P> object(const char *name, const char *nick, GType type, GParamFlags when, P,
                const char *blurb)
{
    using S = typename P::Root;
    using Object = std::remove_pointer_t<decltype(std::declval<PathValue<P>>().get())>;
    return {g_param_spec_object(name, nick, blurb, type, when),
            [](const S &s, GValue *v) { g_value_set_object(v, P::in(s).get()); },
            [](S &s, const GValue *v) {
                P::in(s) = GRef<Object>::adopt(static_cast<Object *>(g_value_dup_object(v)));
            }};
}

} // namespace row

} // namespace gsttus
