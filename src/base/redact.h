// Keeps secrets out of every text that people or logs may see.
// Two tools: redact_url() for addresses, Redactor for foreign text that may echo a secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// "https://user:pw@host/path?key=1#f" -> "https://host/path?…": no userinfo, query or fragment.
std::string redact_url(std::string_view url);

// Replaces each known secret by "***": the secret itself, any part of it of eight bytes or more
// that begins where the secret begins (servers like to echo "eyJhbGci..."), and, whether known
// or not, anything shaped like a JSON Web Token or an Authorization header's value.
// Control characters become spaces, what is not UTF-8 becomes "?". Not thread-safe; copy it.
class Redactor {
public:
    void add(std::string_view secret); // shorter than four bytes: ignored
    std::string operator()(std::string_view text, std::size_t max_length = 300) const;

private:
    std::vector<std::string> secrets_;
};

} // namespace gsttus
