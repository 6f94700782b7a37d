// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// libsoup's jar, asked by hand: as a feature of the session it would also send to the API and to
// proxies.
#include "http/cookies.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr std::size_t kMostBytes = 4096; // of one header; servers refuse requests from 8 KiB on

GUriOwn parse(const std::string &url)
{
    return GUriOwn(g_uri_parse(url.c_str(), GUriFlags(SOUP_HTTP_URI_FLAGS), nullptr));
}

bool is_name(const Header &header, const char *name)
{
    return g_ascii_strcasecmp(header.first.c_str(), name) == 0;
}

// "a=1; b=2" has "b".
bool has_pair(std::string_view pairs, std::string_view name)
{
    while (!pairs.empty()) {
        const std::size_t end = std::min(pairs.find(';'), pairs.size());
        std::string_view pair = pairs.substr(0, end);
        pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
        if (pair.substr(0, pair.find('=')) == name)
            return true;
        pairs.remove_prefix(std::min(end + 1, pairs.size()));
    }
    return false;
}

} // namespace

Cookies::Cookies() : jar_(GRef<SoupCookieJar>::adopt(soup_cookie_jar_new())) {}

std::string Cookies::pairs_for(GUri *uri, const std::string &own) const
{
    std::string pairs = own;
    GSList *cookies = soup_cookie_jar_get_cookie_list(jar_.get(), uri, TRUE);
    for (GSList *item = cookies; item; item = item->next) {
        auto *cookie = static_cast<SoupCookie *>(item->data);
        const char *name = soup_cookie_get_name(cookie);
        if (!has_pair(own, name))
            pairs += cat(pairs.empty() ? "" : "; ", name, '=', soup_cookie_get_value(cookie));
    }
    g_slist_free_full(cookies,
                      [](gpointer cookie) { soup_cookie_free(static_cast<SoupCookie *>(cookie)); });
    return pairs;
}

std::string Cookies::add_to(HttpRequest &request) const
{
    const GUriOwn uri = parse(request.url);
    std::string own;
    for (const Header &header : request.headers)
        if (is_name(header, "Cookie"))
            own += cat(own.empty() ? "" : "; ", header.second);
    if (!uri)
        return own;
    std::string pairs = pairs_for(uri.get(), own);
    if (pairs == own)
        return own;
    std::erase_if(request.headers, [](const Header &header) { return is_name(header, "Cookie"); });
    request.headers.emplace_back("Cookie", pairs);
    return pairs;
}

void Cookies::take(const std::string &url, const HttpResponse &response)
{
    const GUriOwn uri = parse(url);
    for (const Header &header : response.headers) {
        if (!uri || !is_name(header, "Set-Cookie"))
            continue;
        SoupCookie *cookie = soup_cookie_parse(header.second.c_str(), uri.get());
        if (!cookie)
            continue;
        SoupCookie *copy = soup_cookie_copy(cookie);
        soup_cookie_jar_add_cookie_full(jar_.get(), cookie, uri.get(), uri.get());
        if (pairs_for(uri.get(), {}).size() > kMostBytes)
            soup_cookie_jar_delete_cookie(jar_.get(), copy);
        soup_cookie_free(copy);
    }
}

} // namespace gsttus
