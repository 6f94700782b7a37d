// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where libsoup 3.2 is unsure of an answer's end, this is not.
#include "http/soup_answer.h"

#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <optional>

namespace gsttus {

namespace {

bool has_no_body(const HttpRequest &request, guint status)
{
    return request.method == "HEAD" || status == SOUP_STATUS_NO_CONTENT ||
           status == SOUP_STATUS_NOT_MODIFIED;
}

std::optional<GZlibCompressorFormat> format_of(const std::string &encoding)
{
    const auto is = [&](const char *name) {
        return g_ascii_strcasecmp(encoding.c_str(), name) == 0;
    };
    if (is("gzip") || is("x-gzip"))
        return G_ZLIB_COMPRESSOR_FORMAT_GZIP;
    if (is("deflate"))
        return G_ZLIB_COMPRESSOR_FORMAT_ZLIB;
    return std::nullopt;
}

std::string decompressed(const std::string &body, GZlibCompressorFormat format, std::size_t most)
{
    const auto converter = GRef<GConverter>::adopt(G_CONVERTER(g_zlib_decompressor_new(format)));
    const auto raw = GRef<GInputStream>::adopt(g_memory_input_stream_new_from_data(
        body.data(), static_cast<gssize>(body.size()), nullptr));
    const auto plain =
        GRef<GInputStream>::adopt(g_converter_input_stream_new(raw.get(), converter.get()));
    std::string text;
    std::array<char, 16384> piece{};
    while (text.size() < most) {
        // damaged or cut: what came before is good
        const gssize got =
            g_input_stream_read(plain.get(), piece.data(), piece.size(), nullptr, nullptr);
        if (got <= 0)
            break;
        text.append(piece.data(), std::min(static_cast<std::size_t>(got), most - text.size()));
    }
    return text;
}

} // namespace

void mend_framing(SoupMessage *message, const HttpRequest &request)
{
    // libsoup 3.2 takes the missing length of a 204 for "until the connection ends", and would
    // open a connection for every PATCH.
    SoupMessageHeaders *headers = soup_message_get_response_headers(message);
    if (has_no_body(request, soup_message_get_status(message)) &&
        soup_message_headers_get_encoding(headers) == SOUP_ENCODING_EOF)
        soup_message_headers_set_encoding(headers, SOUP_ENCODING_NONE);
}

HttpResponse answer_head(SoupMessage *message)
{
    HttpResponse response;
    response.status = static_cast<int>(soup_message_get_status(message));
    SoupMessageHeadersIter iterator;
    soup_message_headers_iter_init(&iterator, soup_message_get_response_headers(message));
    const char *name = nullptr;
    const char *value = nullptr;
    while (soup_message_headers_iter_next(&iterator, &name, &value))
        response.headers.emplace_back(name, value);
    return response;
}

bool read_answer(GInputStream *answer, const HttpRequest &request, GCancellable *cancel,
                 std::string &body, GError **error)
{
    std::array<char, 16384> piece{};
    while (true) {
        const gssize got = g_input_stream_read(answer, piece.data(), piece.size(), cancel, error);
        if (got <= 0)
            return got == 0;
        const std::size_t room = request.max_answer - body.size();
        body.append(piece.data(), std::min(static_cast<std::size_t>(got), room));
        if (static_cast<std::size_t>(got) > room)
            return false;
    }
}

void decode_body(HttpResponse &response, std::size_t most)
{
    const std::string *encoding = response.header("Content-Encoding");
    if (response.body.empty() || !encoding || encoding->empty() ||
        g_ascii_strcasecmp(encoding->c_str(), "identity") == 0)
        return;
    const std::optional<GZlibCompressorFormat> format = format_of(*encoding);
    response.body = format ? decompressed(response.body, *format, most) : std::string();
}

bool answer_is_whole(SoupMessage *message, const HttpRequest &request, const HttpResponse &response)
{
    // libsoup takes the end of the connection for the end of the body when it is not kept alive
    SoupMessageHeaders *headers = soup_message_get_response_headers(message);
    if (has_no_body(request, static_cast<guint>(response.status)) ||
        soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH)
        return true;
    return static_cast<goffset>(response.body.size()) >=
           soup_message_headers_get_content_length(headers);
}

} // namespace gsttus
