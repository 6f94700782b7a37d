// What is common to all transports: finding a header in an answer.
#include "http/transport.h"

namespace gsttus {

const std::string *HttpResponse::header(std::string_view name) const
{
    for (const Header &header : headers) {
        if (header.first.size() == name.size() &&
            g_ascii_strncasecmp(header.first.data(), name.data(), name.size()) == 0)
            return &header.second;
    }
    return nullptr;
}

} // namespace gsttus
