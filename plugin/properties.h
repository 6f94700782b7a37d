// Properties as a table: each row is a GParamSpec and how it reads and writes a settings struct.
// The elements install the rows in order; the id of a row is its index plus one.
#pragma once

#include "settings.h"

#include <cstdint>
#include <vector>

#include <gst/gst.h>

namespace gsttus {

inline constexpr GParamFlags param_flags(int flags)
{
    return static_cast<GParamFlags>(flags | G_PARAM_STATIC_STRINGS);
}

inline constexpr GParamFlags kReady = param_flags(G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY);
inline constexpr GParamFlags kPlaying = param_flags(G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING);
// A secret can be given, never read back.
inline constexpr GParamFlags kSecretReady = param_flags(G_PARAM_WRITABLE | GST_PARAM_MUTABLE_READY);
inline constexpr GParamFlags kSecretPlaying =
    param_flags(G_PARAM_WRITABLE | GST_PARAM_MUTABLE_PLAYING);

inline constexpr std::uint64_t kMaxBytes = G_MAXINT64;

template <typename S>
struct Property {
    GParamSpec *spec;                 // floating: the class takes it
    void (*get)(const S &, GValue *); // nullptr: can not be read
    void (*set)(S &, const GValue *);
};

template <typename S>
void install(GObjectClass *klass, const std::vector<Property<S>> &table)
{
    unsigned id = 0;
    for (const Property<S> &row : table)
        g_object_class_install_property(klass, ++id, row.spec);
}

inline std::string string_of(const GValue *value)
{
    const char *text = g_value_get_string(value);
    return text ? text : "";
}

inline void set_string(GValue *value, const std::string &text)
{
    g_value_set_string(value, text.empty() ? nullptr : text.c_str());
}

// Getters and setters for the common kinds. `Field` is a captureless function from a settings
// struct to one of its members, by reference.
template <typename S, auto Field>
Property<S> string_property(GParamSpec *spec)
{
    return {spec, [](const S &s, GValue *v) { set_string(v, Field(s)); },
            [](S &s, const GValue *v) { Field(s) = string_of(v); }};
}

template <typename S, auto Field>
Property<S> secret_property(GParamSpec *spec)
{
    return {spec, nullptr, [](S &s, const GValue *v) { Field(s) = string_of(v); }};
}

template <typename S, auto Field>
Property<S> uint64_property(GParamSpec *spec)
{
    return {spec, [](const S &s, GValue *v) { g_value_set_uint64(v, Field(s)); },
            [](S &s, const GValue *v) { Field(s) = g_value_get_uint64(v); }};
}

template <typename S, auto Field>
Property<S> boolean_property(GParamSpec *spec)
{
    return {spec, [](const S &s, GValue *v) { g_value_set_boolean(v, Field(s)); },
            [](S &s, const GValue *v) { Field(s) = g_value_get_boolean(v) != FALSE; }};
}

template <typename S, auto Field>
Property<S> structure_property(GParamSpec *spec)
{
    return {spec, [](const S &s, GValue *v) { g_value_set_boxed(v, Field(s).get()); },
            [](S &s, const GValue *v) {
                Field(s) = copy_structure(static_cast<const GstStructure *>(g_value_get_boxed(v)));
            }};
}

template <typename S, typename Enum, auto Field>
Property<S> enum_property(GParamSpec *spec)
{
    return {spec, [](const S &s, GValue *v) { g_value_set_enum(v, static_cast<int>(Field(s))); },
            [](S &s, const GValue *v) { Field(s) = static_cast<Enum>(g_value_get_enum(v)); }};
}

// A span of time that users give as a whole number of `Unit`.
template <typename S, typename Unit, auto Field>
Property<S> time_property(GParamSpec *spec)
{
    return {spec,
            [](const S &s, GValue *v) {
                g_value_set_uint(
                    v, static_cast<unsigned>(std::chrono::duration_cast<Unit>(Field(s)).count()));
            },
            [](S &s, const GValue *v) { Field(s) = Unit(g_value_get_uint(v)); }};
}

// The properties of both elements, in the order of gst-inspect-1.0. Call it once: each call makes
// new specs.
std::vector<Property<Settings>> make_tus_properties();

} // namespace gsttus
