// Reads caps for a MIME type, and the first boxes of an MP4 for the place of its index.
#include "stream_facts.h"

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
