// Finding secrets in texts: by what is known of them, and by their shape. Values in, values out.
#include "base/redact.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace gsttus {

namespace {

constexpr std::size_t kShortestSecret = 4;
constexpr std::size_t kShortestPrefix = 8;

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

std::size_t common_prefix(std::string_view a, std::string_view b)
{
    const std::size_t length = std::min(a.size(), b.size());
    std::size_t n = 0;
    while (n < length && a[n] == b[n])
        ++n;
    return n;
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
    std::string_view end = out.size() != url.size() ? "?…" : "";
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
    if (secret.size() >= kShortestSecret &&
        std::find(secrets_.begin(), secrets_.end(), secret) == secrets_.end())
        secrets_.emplace_back(secret);
}

std::string Redactor::operator()(std::string_view text, std::size_t max_length) const
{
    std::string out;
    std::size_t at = 0;
    while (at < text.size() && out.size() < max_length) {
        const std::string_view rest = text.substr(at);
        std::size_t hidden = shaped_secret(rest);
        for (const std::string &secret : secrets_) {
            const std::size_t same = common_prefix(rest, secret);
            if (same == secret.size() || same >= kShortestPrefix)
                hidden = std::max(hidden, same);
        }
        if (hidden > 0) {
            out += "***";
            at += hidden;
            continue;
        }
        at += append_printable(out, rest);
    }
    if (at < text.size())
        out += "…";
    return out;
}

} // namespace gsttus
