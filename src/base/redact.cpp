// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding secrets in texts: by what is known of them, and by their shape. Values in, values out.
#include "base/redact.h"

#include "base/secret_forms.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace gsttus {

namespace {

constexpr std::size_t kShortestSecret = 4; // as a word
constexpr std::size_t kShortestPrefix = 8; // of a secret, or all of it
constexpr std::size_t kShortestPart = 12;
constexpr std::string_view kMask = "***";

bool is_token_char(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' ||
           c == '=' || c == '+' || c == '/';
}

std::size_t token_end(std::string_view text, std::size_t from)
{
    while (from < text.size() && is_token_char(text[from]))
        ++from;
    return from;
}

bool starts_with_no_case(std::string_view text, std::string_view start)
{
    return text.size() >= start.size() &&
           std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) ==
                      std::tolower(static_cast<unsigned char>(b));
           });
}

// How many bytes at the start of `text` are a secret whose shape alone gives it away.
std::size_t shaped_secret(std::string_view text)
{
    if (text.starts_with("eyJ"))
        return token_end(text, 0);
    for (std::string_view scheme :
         std::array<std::string_view, 3>{"apikey ", "bearer ", "basic "}) {
        if (!starts_with_no_case(text, scheme))
            continue;
        std::size_t end = scheme.size();
        while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end])) &&
               text[end] != '"' && text[end] != '\'')
            ++end;
        if (end - scheme.size() >= kShortestPrefix)
            return end;
    }
    return 0;
}

char small(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string small(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return small(c); });
    return out;
}

bool is_word_char(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

struct Match {
    std::size_t secret = 0; // bytes of the secret
    std::size_t text = 0;   // bytes of the text that say them
};

// How `text` writes what the secret goes on with, if that is escaped.
Escaped escape_of(std::string_view text, std::string_view wanted)
{
    if (text[0] != '%' && text[0] != '\\' && text[0] != '&')
        return {};
    for (const Escaped &escaped : {read_escape(text), read_nested_escape(text)}) {
        if (escaped.size > 0 && wanted.starts_with(small(escaped.meaning())))
            return escaped;
    }
    return {};
}

// A new line, and the blanks that the next one begins with.
std::size_t line_break(std::string_view text)
{
    const std::size_t end = std::min(text.find_first_not_of("\r\n\t "), text.size());
    return text[0] == ' ' ? 0 : end;
}

// How much of `secret` (in small letters) the text begins with, escaped or not, in lines or not.
Match match(std::string_view text, std::string_view secret)
{
    Match found;
    std::size_t at = 0;
    while (found.secret < secret.size() && at < text.size()) {
        const char wanted = secret[found.secret];
        const char c = text[at];
        if (const Escaped escaped = escape_of(text.substr(at), secret.substr(found.secret));
            escaped.size > 0) {
            found.secret += escaped.size;
            at += escaped.length;
        } else if (small(c) == wanted || (c == '+' && wanted == ' ')) {
            ++found.secret;
            ++at;
        } else if (const std::size_t skip = line_break(text.substr(at));
                   skip > 0 && found.text == at && at > 0) {
            at += skip;
            continue;
        } else {
            break;
        }
        found.text = at;
    }
    return found;
}

// How many bytes of `text` from `at` on are `form`, or a part of it that is worth hiding.
std::size_t hidden_form(std::string_view text, std::size_t at, std::string_view form)
{
    const std::string_view rest = text.substr(at);
    if (const Match all = match(rest, form); all.secret >= kShortestPrefix) {
        return all.text;
    } else if (all.secret == form.size()) {
        const bool begins = at == 0 || !is_word_char(text[at - 1]);
        const bool ends = all.text == rest.size() || !is_word_char(rest[all.text]);
        return begins && ends ? all.text : 0;
    }
    const Escaped escaped = read_escape(rest);
    const char first = small(escaped.size > 0 ? escaped.bytes[0] : rest[0]);
    std::size_t longest = 0;
    if (first == ' ')
        return longest;
    for (std::size_t from = form.find(first, 1);
         from != std::string_view::npos && form.size() - from >= kShortestPart;
         from = form.find(first, from + 1)) {
        const Match part = match(rest, form.substr(from));
        if (part.secret >= kShortestPart)
            longest = std::max(longest, part.text);
    }
    return longest;
}

bool is_continuation(std::string_view text, std::size_t at)
{
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Length of the character that `text` begins with; 0: not UTF-8 (RFC 3629).
std::size_t utf8_length(std::string_view text)
{
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return 1;
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || first > 0xf4)
        return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text, i))
            return 0;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool no_character = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || no_character ? 0 : length;
}

// Appends the character that `rest` begins with; returns how many bytes it took. Messages must be
// valid UTF-8, whatever a server says.
std::size_t append_printable(std::string &out, std::string_view rest)
{
    const std::size_t length = utf8_length(rest);
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (length == 0)
        out += '?';
    else if (byte < 0x20 || byte == 0x7f)
        out += ' ';
    else
        out += rest.substr(0, length);
    return std::max<std::size_t>(length, 1);
}

// "user:se/cret@host": the slash of a password that was not escaped ends the authority too early.
bool is_host(std::string_view authority)
{
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    return colon == std::string_view::npos ||
           authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

} // namespace

std::string redact_url(std::string_view url)
{
    std::string out(url.substr(0, url.find_first_of("?#")));
    std::string_view end = out.size() != url.size() ? kHiddenQuery : "";
    if (const std::size_t scheme = out.find("://"); scheme != std::string::npos) {
        const std::size_t host = scheme + 3;
        const std::size_t host_end = std::min(out.find('/', host), out.size());
        const std::size_t at = out.rfind('@', host_end);
        if (at != std::string::npos && at >= host && at < host_end)
            out.erase(host, at + 1 - host);
        else if (!is_host(std::string_view(out).substr(host, host_end - host))) {
            out.erase(host);
            end = "…";
        }
    }
    std::string printable;
    for (std::size_t i = 0; i < out.size();)
        i += append_printable(printable, std::string_view(out).substr(i));
    return printable.append(end);
}

void Redactor::add(std::string_view secret)
{
    keep(secret, false);
}

void Redactor::add_private(std::string_view value)
{
    keep(value, true);
}

void Redactor::keep(std::string_view text, bool is_private)
{
    if (text.size() < kShortestSecret)
        return;
    const auto known = std::find_if(secrets_.begin(), secrets_.end(),
                                    [text](const Secret &secret) { return secret.text == text; });
    if (known != secrets_.end()) {
        known->is_private = known->is_private && is_private;
        std::rotate(known, known + 1, secrets_.end());
        return;
    }
    Secret secret{std::string(text), is_private, {small(text)}};
    if (const std::string plain = percent_decoded(text);
        plain.size() >= kShortestSecret && plain != text) {
        secret.forms.push_back(small(plain));
        for (const std::string &form : base64_forms(plain))
            secret.forms.push_back(small(form));
    }
    for (const std::string &form : base64_forms(text))
        secret.forms.push_back(small(form));
    if (text.size() >= kShortestPrefix)
        secret.forms.push_back(to_hex(text));
    secrets_.push_back(std::move(secret));
    if (secrets_.size() > kMostSecrets)
        secrets_.erase(secrets_.begin());
}

// "Token abc", "sid=abc; b=def", "Digest username=\"u\"": the words, and what stands behind "=".
// The first of several may be the name of a scheme, which is no secret.
void Redactor::add_words(std::string_view value)
{
    constexpr std::string_view kBetween = " \t,;\"'";
    for (std::size_t from = 0; (from = value.find_first_not_of(kBetween, from)) != value.npos;) {
        const std::size_t end = std::min(value.find_first_of(kBetween, from), value.size());
        const std::string_view word = value.substr(from, end - from);
        const bool is_scheme = from == 0 && end != value.size() &&
                               std::all_of(word.begin(), word.end(), [](unsigned char c) {
                                   return std::isalpha(c) != 0 || c == '-';
                               });
        from = end;
        if (is_scheme)
            continue;
        add(word);
        const std::size_t equals = word.find('=');
        if (equals != word.npos && word.find_first_not_of('=', equals) != word.npos)
            add(word.substr(equals + 1));
    }
}

void Redactor::add_header(std::string_view value)
{
    add(value);
    add_words(value);
    constexpr std::string_view kBasic = "basic ";
    if (!starts_with_no_case(value, kBasic))
        return;
    const auto login = from_base64(
        value.substr(std::min(value.find_first_not_of(' ', kBasic.size()), value.size())));
    if (!login)
        return;
    add(*login);
    if (const std::size_t colon = login->find(':'); colon != std::string::npos)
        add(std::string_view(*login).substr(colon + 1));
}

void Redactor::add_cookie(std::string_view header)
{
    const std::string_view pair = header.substr(0, header.find(';'));
    std::string_view value = pair.substr(pair.find('=') + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t\""), value.size()));
    value = value.substr(0, value.find_last_not_of(" \t\"") + 1);
    add(value);
}

void Redactor::add_url(std::string_view url)
{
    url = url.substr(0, url.find('#'));
    const std::size_t question = std::min(url.find('?'), url.size());
    const std::size_t scheme = url.substr(0, question).find("://");
    if (scheme != url.npos) {
        const std::string_view host =
            url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
        if (const std::size_t at = host.rfind('@'); at != host.npos) {
            const std::string_view login = host.substr(0, at);
            add(login);
            add(login.substr(std::min(login.find(':') + 1, login.size())));
        }
    }
    std::string_view query = url.substr(std::min(question + 1, url.size()));
    add(query);
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find_first_of("&;"));
        const std::size_t equals = pair.find('=');
        add(equals == pair.npos ? pair : pair.substr(equals + 1));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
}

std::size_t Redactor::hidden(std::string_view text, std::size_t at, bool own) const
{
    std::size_t most = own ? 0 : shaped_secret(text.substr(at));
    for (const Secret &secret : secrets_) {
        if (own && (secret.is_private || secret.text.size() < kShortestPrefix))
            continue;
        for (const std::string &form : secret.forms)
            most = std::max(most, hidden_form(text, at, form));
    }
    return most;
}

std::string Redactor::operator()(std::string_view text, std::size_t max_length) const
{
    std::string out;
    std::size_t at = 0;
    while (at < text.size() && out.size() < max_length) {
        if (const std::size_t length = hidden(text, at, false)) {
            out += kMask;
            at += length;
        } else {
            at += append_printable(out, text.substr(at));
        }
    }
    if (at < text.size())
        out += "…";
    return out;
}

std::string Redactor::own(std::string_view text) const
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t length = hidden(text, at, true)) {
            out += kMask;
            at += length;
        } else {
            at += append_printable(out, text.substr(at));
        }
    }
    return out;
}

} // namespace gsttus
