// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A request and a reply as plain values, so that the rules of the stand-in can be written and
// read without libsoup. Nothing here knows sockets, files or GLib.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gsttus::standin {

struct Request {
    std::string method; // what is meant: X-HTTP-Method-Override has been taken into account
    std::string path;
    std::string query;
    std::string host;                                        // as the client wrote it
    bool https = false;                                      // the connection is a TLS connection
    std::map<std::string, std::string, std::less<>> headers; // names in lower case

    const std::string *header(std::string_view name) const
    {
        const auto found = headers.find(name);
        return found == headers.end() ? nullptr : &found->second;
    }

    std::string origin() const { return (https ? "https://" : "http://") + host; }
};

struct Reply {
    int status = 200;
    std::string body{};
    std::string content_type = "text/plain; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers{};

    void set(std::string name, std::string value)
    {
        remove(name);
        headers.emplace_back(std::move(name), std::move(value));
    }

    void remove(std::string_view name)
    {
        std::erase_if(headers, [&](const auto &header) { return header.first == name; });
    }

    const std::string *header(std::string_view name) const
    {
        for (const auto &[key, value] : headers)
            if (key == name)
                return &value;
        return nullptr;
    }
};

} // namespace gsttus::standin
