// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "token.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>

#include <glib.h>
#include <json-glib/json-glib.h>

namespace gsttus::standin {

namespace {

using HmacOwn = std::unique_ptr<GHmac, GDelete<&g_hmac_unref>>;

std::string base64url(const unsigned char *data, std::size_t size)
{
    const GCharOwn encoded(g_base64_encode(data, size));
    std::string text = encoded.get();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    std::erase(text, '=');
    return text;
}

std::string base64url(std::string_view text)
{
    return base64url(reinterpret_cast<const unsigned char *>(text.data()), text.size());
}

std::string from_base64url(std::string_view text)
{
    std::string standard(text);
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    standard.append((4 - standard.size() % 4) % 4, '=');
    gsize size = 0;
    const std::unique_ptr<guchar, GDelete<&g_free>> data(g_base64_decode(standard.c_str(), &size));
    return {reinterpret_cast<const char *>(data.get()), size};
}

std::int64_t now_ms()
{
    return g_get_real_time() / 1000;
}

} // namespace

TokenSigner::TokenSigner()
{
    const GCharOwn random(g_uuid_string_random());
    key_ = random.get();
}

std::string TokenSigner::sign(std::string_view text) const
{
    const HmacOwn hmac(
        g_hmac_new(G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(key_.data()), key_.size()));
    g_hmac_update(hmac.get(), reinterpret_cast<const guchar *>(text.data()),
                  static_cast<gssize>(text.size()));
    unsigned char digest[32];
    gsize size = sizeof digest;
    g_hmac_get_digest(hmac.get(), digest, &size);
    return base64url(digest, size);
}

std::string TokenSigner::issue(const TokenClaims &claims, Duration lifetime) const
{
    const std::int64_t expires =
        now_ms() + std::chrono::duration_cast<milliseconds>(lifetime).count();
    const std::string text =
        cat(base64url(R"({"alg":"HS256","typ":"JWT"})"), ".",
            base64url(cat(R"({"iss":"gcore-standin","video_id":)", claims.video_id,
                          R"(,"client_id":)", claims.client_id, R"(,"exp_ms":)", expires, "}")));
    return cat(text, ".", sign(text));
}

std::optional<TokenClaims> TokenSigner::check(std::string_view token) const
{
    const std::size_t signature = token.rfind('.');
    const std::size_t payload = token.find('.');
    if (signature == std::string_view::npos || payload == signature ||
        sign(token.substr(0, signature)) != token.substr(signature + 1))
        return std::nullopt;
    const std::string text = from_base64url(token.substr(payload + 1, signature - payload - 1));
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_data(parser, text.data(), static_cast<gssize>(text.size()), nullptr))
        return std::nullopt;
    JsonObject *object = json_node_get_object(json_parser_get_root(parser));
    if (json_object_get_int_member(object, "exp_ms") <= now_ms())
        return std::nullopt;
    return TokenClaims{static_cast<std::uint64_t>(json_object_get_int_member(object, "video_id")),
                       static_cast<std::uint64_t>(json_object_get_int_member(object, "client_id"))};
}

} // namespace gsttus::standin
