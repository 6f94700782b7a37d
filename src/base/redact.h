// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps secrets out of every text that people or logs may see.
// Two tools: redact_url() for addresses, Redactor for texts that may carry a secret.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// "https://user:pw@host/path?key=1#f" -> "https://host/path?…": no userinfo, query or fragment.
std::string redact_url(std::string_view url);

// What an address ends with whose query redact_url() has hidden.
inline constexpr std::string_view kHiddenQuery = "?…";

// Replaces each known secret by "***", however a server writes it when it says it back: as it is,
// in base64 or hexadecimal digits, with percent signs (also more than once), as JSON or HTML, in
// capitals, broken into lines; and each part of it that is at its
// beginning and has eight bytes (servers like to echo "eyJhbGci..."), or has twelve. A secret of
// four to seven bytes is hidden where it is a word, a shorter one never: a text of stars would help
// nobody. Whether known or not, what is shaped like a JSON Web Token or the value of an
// Authorization header is hidden, too.
// Control characters become spaces, what is not UTF-8 becomes "?". Not thread-safe; copy it.
// Keeps the newest kMostSecrets: add again what is used again.
class Redactor {
public:
    static constexpr std::size_t kMostSecrets = 256;

    void add(std::string_view secret); // a key, a token, a password
    // The value of a header: all of it, its words, and what Basic hides.
    void add_header(std::string_view value);
    // What Set-Cookie sets, without where it holds and until when.
    void add_cookie(std::string_view header);
    // The login and the query: all of it and each value.
    void add_url(std::string_view url);
    // What may be a secret or may be no more than a word: hidden in what others say only.
    void add_private(std::string_view value);

    // A text that somebody else wrote. `max_length` is about what is left of it.
    std::string operator()(std::string_view text, std::size_t max_length = 300) const;

    // A sentence of our own, which names addresses that a server gave: loses only what was added as
    // a secret and has eight bytes.
    std::string own(std::string_view text) const;

    // redact_url(), and the path without secrets.
    std::string shown_url(std::string_view url) const { return own(redact_url(url)); }

private:
    struct Secret {
        std::string text;
        bool is_private = false;
        std::vector<std::string> forms; // in small letters
    };

    void keep(std::string_view text, bool is_private);
    void add_words(std::string_view value);
    // How many bytes of `text` from `at` on are to be hidden.
    std::size_t hidden(std::string_view text, std::size_t at, bool own) const;

    std::vector<Secret> secrets_; // used last: at the end
};

} // namespace gsttus
