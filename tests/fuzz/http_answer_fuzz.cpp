// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Header lines and a body as any server might send them: whatever the bytes, reading them does not
// crash, addresses stay http(s) with a host, waits are bounded, and texts are printable. The first
// input line is the status, header lines follow, the rest behind an empty line is the body.
#include "demand.h"
#include "http/early_answer.h"
#include "tus/answer_rules.h"
#include "tus/protocol.h"
#include "upload/requests.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

std::string_view take_line(std::string_view &text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

bool is_printable(std::string_view text)
{
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace gsttus;
    std::string_view text(reinterpret_cast<const char *>(data), size);
    (void)begins_final_answer(text);
    HttpResponse response;
    response.status = static_cast<int>(tus::parse_size(take_line(text)).value_or(200) % 1000);
    for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
        const std::size_t colon = std::min(line.find(':'), line.size());
        response.headers.emplace_back(line.substr(0, colon),
                                      line.substr(std::min(colon + 1, line.size())));
    }
    response.body = text;

    Redactor redact;
    redact.add("a-secret-that-servers-echo");
    const TimePoint now{};
    const Answer answer =
        parse_answer(response, "https://host:8443/files/?q=1", now, 1'700'000'000, redact);
    demand(answer.retry_after >= Duration::zero());
    demand(is_printable(answer.text));
    demand(answer.text.find("a-secret-that-servers-echo") == std::string::npos);
    demand(answer.location.empty() || answer.refused_location.empty());
    demand(!answer.location.starts_with("http:")); // the request went over https
    if (!answer.location.empty()) {
        demand(answer.location.starts_with("https://") || answer.location.starts_with("http://") ||
               answer.location.find("://") != std::string::npos);
        // what was resolved once is resolved
        const Location again = resolve_location("https://host:8443/files/?q=1", answer.location);
        demand(!again.url.empty());
        demand(again.other_host == answer.location_other_host);
        demand(redact_url(answer.location).find('#') == std::string::npos);
    }
    for (const RequestKind kind :
         {RequestKind::kOptions, RequestKind::kCreate, RequestKind::kPatch, RequestKind::kHead}) {
        (void)classify(kind, answer);
        demand(!describe(kind, answer, redact_url(answer.location)).message.empty());
    }
    const std::string metadata = encode_metadata({{"filename", response.body}, {"empty", ""}});
    demand(is_printable(metadata));
    return 0;
}
