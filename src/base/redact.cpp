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

} // namespace

std::string redact_url(std::string_view url)
{
    std::string out(url.substr(0, url.find_first_of("?#")));
    const bool cut = out.size() != url.size();
    if (const std::size_t scheme = out.find("://"); scheme != std::string::npos) {
        const std::size_t host = scheme + 3;
        const std::size_t host_end = std::min(out.find('/', host), out.size());
        const std::size_t at = out.rfind('@', host_end);
        if (at != std::string::npos && at >= host && at < host_end)
            out.erase(host, at + 1 - host);
    }
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    if (cut)
        out += "?…";
    return out;
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
        const char c = text[at++];
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
    }
    if (at < text.size())
        out += "…";
    return out;
}

} // namespace gsttus
