// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// By what a server is known again, and what is said of those who are not it.
#include "tus/speaker.h"

#include "base/page_text.h"
#include "base/text.h"

#include <cctype>
#include <string_view>

namespace gsttus {

namespace {

constexpr std::size_t kMostHint = 80;

bool is_success(const Answer &answer)
{
    return answer.status >= 200 && answer.status < 300;
}

// One line of it, without what would tear a message apart.
std::string one_line(std::string_view text)
{
    std::string line;
    for (const char c : text.substr(0, kMostHint)) {
        const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
        if (space && (line.empty() || line.back() == ' '))
            continue;
        line += space || std::iscntrl(static_cast<unsigned char>(c)) ? ' ' : c;
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line;
}

// How a text begins. Cut, it may end within a character: left out.
std::string hint_of(const std::string &body)
{
    const std::string said = looks_like_page(body) ? page_text(body) : body;
    std::string line = one_line(said);
    while (!line.empty() && said.size() > kMostHint && (line.back() & 0x80) != 0)
        line.pop_back();
    return line.empty() ? line : cat('"', line, '"');
}

} // namespace

bool Speaker::sounds_right(RequestKind request, const Answer &answer)
{
    if (!is_success(answer))
        return false;
    return request == RequestKind::kCreate ? !answer.location.empty()
                                           : answer.upload_offset.has_value();
}

void Speaker::heard(RequestKind request, const Answer &answer)
{
    if (!is_success(answer))
        return;
    const bool right = sounds_right(request, answer);
    worked_ = worked_ || right;
    if (answer.resumable)
        habit(request) = Habit::kWith;
    else if (right && habit(request) == Habit::kUnknown)
        habit(request) = Habit::kWithout;
}

bool Speaker::is_stranger(RequestKind request, const Answer &answer) const
{
    if (answer.resumable || habit(request) == Habit::kWithout || !worked_ || !marks_answers())
        return false;
    return habit(request) == Habit::kWith || !sounds_right(request, answer);
}

Error describe_stranger(RequestKind request, const Answer &answer, const std::string &where)
{
    Error error = describe(request, answer, where);
    error.kind = ErrorKind::kServer;
    error.retryable = true;
    std::string who;
    if (const std::string hint = hint_of(answer.text); !hint.empty())
        who = cat(", ", hint);
    if (!answer.server.empty())
        who += cat(", Server: ", one_line(answer.server));
    error.message = cat("Something else answers in the server's place: HTTP ", answer.status, who,
                        ", without Tus-Resumable (", where, "). It is waited for to pass.");
    return error;
}

} // namespace gsttus
