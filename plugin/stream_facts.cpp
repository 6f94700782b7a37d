// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads caps for a MIME type, and the first boxes of an MP4 for the place of its index.
#include "stream_facts.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace gsttus {

namespace {

struct MimeRule {
    const char *caps;  // caps name
    const char *field; // nullptr: any
    const char *value;
    const char *mime;
};

// The first rule that fits. Names that are MIME types already need no rule.
constexpr MimeRule kMimeRules[] = {
    {"video/quicktime", "variant", "apple", "video/quicktime"},
    {"video/quicktime", "variant", "3gpp", "video/3gpp"},
    {"video/quicktime", "variant", "3g2", "video/3gpp2"},
    {"video/quicktime", "variant", nullptr, "video/mp4"},
    {"video/mpegts", nullptr, nullptr, "video/mp2t"},
    {"audio/x-wav", nullptr, nullptr, "audio/wav"},
    {"audio/x-flac", nullptr, nullptr, "audio/flac"},
    {"audio/x-m4a", nullptr, nullptr, "audio/mp4"},
    {"application/x-3gp", nullptr, nullptr, "video/3gpp"},
};

// Caps names without a meaning outside GStreamer, or too vague to tell a server.
constexpr std::string_view kNotMime[] = {
    "application/octet-stream",
    "video/x-raw",
    "audio/x-raw",
    "text/x-raw",
};

bool fits(const MimeRule &rule, const GstStructure *structure, std::string_view name)
{
    if (name != rule.caps)
        return false;
    if (!rule.field)
        return true;
    const char *value = gst_structure_get_string(structure, rule.field);
    return value && (!rule.value || std::string_view(value) == rule.value);
}

std::uint64_t big_endian(const unsigned char *bytes, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value << 8 | bytes[i];
    return value;
}

} // namespace

std::string mime_from_caps(const GstCaps *caps)
{
    if (!caps || gst_caps_is_any(caps) || gst_caps_is_empty(caps))
        return {};
    const GstStructure *structure = gst_caps_get_structure(caps, 0);
    const std::string_view name(gst_structure_get_name(structure));
    for (const MimeRule &rule : kMimeRules) {
        if (fits(rule, structure, name))
            return rule.mime;
    }
    if (name == "audio/mpeg") {
        int version = 1;
        gst_structure_get_int(structure, "mpegversion", &version);
        return version == 1 ? "audio/mpeg" : "audio/aac";
    }
    if (std::find(std::begin(kNotMime), std::end(kNotMime), name) != std::end(kNotMime) ||
        name.find('/') == std::string_view::npos)
        return {};
    return std::string(name);
}

namespace {

// What services want to be the same for a whole file.
constexpr const char *kParameters[] = {
    "width",         "height",      "format",         "framerate",      "profile",
    "chroma-format", "colorimetry", "bit-depth-luma", "interlace-mode", "pixel-aspect-ratio",
    "rate",          "channels",    "layout",         "mpegversion",
};

bool is_known(const GValue *value)
{
    if (!value || !gst_value_is_fixed(value))
        return false;
    return !GST_VALUE_HOLDS_FRACTION(value) || gst_value_get_fraction_numerator(value) != 0;
}

} // namespace

std::string changed_parameter(const GstCaps *before, const GstCaps *now)
{
    if (before == now || !before || !now || gst_caps_get_size(before) == 0 ||
        gst_caps_get_size(now) == 0)
        return {};
    const GstStructure *old_one = gst_caps_get_structure(before, 0);
    const GstStructure *new_one = gst_caps_get_structure(now, 0);
    if (gst_structure_get_name_id(old_one) != gst_structure_get_name_id(new_one))
        return cat(gst_structure_get_name(old_one), ", then ", gst_structure_get_name(new_one));
    for (const char *field : kParameters) {
        const GValue *was = gst_structure_get_value(old_one, field);
        const GValue *is = gst_structure_get_value(new_one, field);
        if (!is_known(was) || !is_known(is) || gst_value_compare(was, is) == GST_VALUE_EQUAL)
            continue;
        const GCharOwn first(gst_value_serialize(was));
        const GCharOwn second(gst_value_serialize(is));
        return cat(field, ' ', first.get(), ", then ", second.get());
    }
    return {};
}

bool needs_a_container(const GstCaps *caps)
{
    if (!caps || gst_caps_get_size(caps) == 0)
        return false;
    const GstStructure *structure = gst_caps_get_structure(caps, 0);
    const std::string_view name(gst_structure_get_name(structure));
    for (const char *packets :
         {"audio/x-opus", "audio/x-vorbis", "audio/x-speex", "audio/x-alac", "video/x-vp8",
          "video/x-vp9", "video/x-theora", "video/x-raw", "audio/x-raw"}) {
        if (name == packets)
            return true;
    }
    const char *format = gst_structure_get_string(structure, "stream-format");
    if (!format)
        return false;
    if (name == "video/x-h264" || name == "video/x-h265")
        return std::string_view(format) != "byte-stream";
    return name == "audio/mpeg" && std::string_view(format) == "raw";
}

bool Mp4Check::index_is_missing(std::span<const std::byte> data)
{
    while (!done_ && !data.empty()) {
        if (skip_ > 0) {
            const std::size_t step = std::min<std::uint64_t>(skip_, data.size());
            skip_ -= step;
            data = data.subspan(step);
            continue;
        }
        header_[header_size_++] = static_cast<unsigned char>(data.front());
        data = data.subspan(1);
        done_ = !take_header();
    }
    return std::exchange(missing_, false);
}

bool Mp4Check::take_header()
{
    if (header_size_ < 8)
        return true;
    std::uint64_t size = big_endian(header_.data(), 4);
    const bool large = size == 1; // the size follows, 64 bits
    if (large && header_size_ < 16)
        return true;
    if (large)
        size = big_endian(header_.data() + 8, 8);
    const std::string_view type(reinterpret_cast<const char *>(header_.data()) + 4, 4);
    if (!started_ && type != "ftyp")
        return false; // not an MP4
    started_ = true;
    missing_ = type == "mdat";
    if (type == "mdat" || type == "moov" || size < header_size_)
        return false;
    skip_ = size - header_size_;
    header_size_ = 0;
    return true;
}

} // namespace gsttus
