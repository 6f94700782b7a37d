// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is speaking: the server, or something that answers in its place (a redeployed ingress, a
// login page, a firewall). tus 1.0.0 wants Tus-Resumable in every answer but that to OPTIONS, so
// once an upload has worked with it, an answer without it is a stranger's. A value; what follows
// from that is the machine's.
//
// Servers that never send it are known from their first answers. Each kind of request is judged by
// itself: some send it with a creation only.
#pragma once

#include "tus/answer_rules.h"

#include <algorithm>
#include <array>
#include <string>

namespace gsttus {

class Speaker {
public:
    // An answer of the server: what it teaches.
    void heard(RequestKind request, const Answer &answer);

    // FALSE as long as no answer with the header was heard: nobody can tell then.
    bool is_stranger(RequestKind request, const Answer &answer) const;

    // The server was heard: there is an upload, and requests reach it.
    bool worked() const { return worked_; }

    // It says what only a tus server says: where the upload is, or how far it got.
    static bool sounds_right(RequestKind request, const Answer &answer);

    // It has stopped to send the header with these.
    void accept_without(RequestKind request) { habit(request) = Habit::kWithout; }

private:
    enum class Habit { kUnknown, kWith, kWithout };

    Habit &habit(RequestKind request) { return habits_[static_cast<std::size_t>(request)]; }

    Habit habit(RequestKind request) const { return habits_[static_cast<std::size_t>(request)]; }

    bool marks_answers() const
    {
        return std::find(habits_.begin(), habits_.end(), Habit::kWith) != habits_.end();
    }

    std::array<Habit, 4> habits_{}; // by RequestKind
    bool worked_ = false;
};

// What was answered to `request`, as far as it shows who did. `where` is a redacted URL.
Error describe_stranger(RequestKind request, const Answer &answer, const std::string &where);

} // namespace gsttus
