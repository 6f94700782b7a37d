// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The rooms that a LengthPlan looks at, and the plan: tests say what is there and which step they
// expect next.
#pragma once

#include "test.h"
#include "tus/length_plan.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace gsttus::test {

inline constexpr const char *kUpload = "https://host/files/1";

struct Rooms {
    MachineConfig config;
    Server server;
    Input input;
    Positions positions;
    Route route;
    ChunkGrowth growth;
    OpenRequests open{false};
    std::unique_ptr<LengthPlan> plan;
    Step step;

    explicit Rooms(LengthMode mode) : plan(make_length_plan(mode))
    {
        config.chunk_size = 100;
        input.now = TimePoint{} + seconds(1000);
        input.flush_interval = seconds(1);
        input.network_changes = 5;
        input.credential_changes = 6;
        route.resolved({{"https://host/files/"}, true});
    }

    PlanView view() { return {config, server, input, positions, route, growth, open}; }

    Rooms &next()
    {
        step = plan->next(view());
        return *this;
    }

    template <typename Step_>
    const Step_ &expect() const
    {
        const Step_ *found = std::get_if<Step_>(&step);
        if (!found)
            g_error("another step (index %zu)", step.index());
        return *found;
    }

    void expect_send(std::uint64_t to, std::optional<std::uint64_t> declare = std::nullopt) const
    {
        g_assert_cmpuint(expect<SendBytes>().to, ==, to);
        g_assert_true(expect<SendBytes>().declare == declare);
    }

    const Error &expect_error(ErrorKind kind) const
    {
        const Error &error = expect<CannotGoOn>().error;
        g_assert_cmpstr(to_string(error.kind), ==, to_string(kind));
        return error;
    }

    // Nothing but network, credentials and, where told so, the end and a blocked writer.
    void expect_wait(const Wait &wait, std::optional<std::uint64_t> produced, bool ended,
                     bool writer_blocked, std::optional<TimePoint> until = std::nullopt) const
    {
        g_assert_true(wait.until_produced == produced);
        g_assert_cmpint(wait.until_ended, ==, ended);
        g_assert_cmpint(wait.until_writer_blocked, ==, writer_blocked);
        g_assert_true(wait.until == until);
        g_assert_cmpuint(wait.network_seen, ==, 5);
        g_assert_cmpuint(wait.credentials_seen, ==, 6);
    }

    // The newest bytes came just now: they may wait.
    Rooms &produces(std::uint64_t total)
    {
        input.produced = total;
        input.pending_since = input.now;
        return *this;
    }

    Rooms &ends()
    {
        input.ended = true;
        return *this;
    }

    // The creation that is due, answered.
    Rooms &creates(const char *url = kUpload)
    {
        expect<CreateUpload>();
        positions.creates_with(plan->created_length(view()));
        route.created(url);
        positions.created();
        return *this;
    }

    // The bytes that are due, up to there, with success.
    Rooms &sends()
    {
        const SendBytes bytes = expect<SendBytes>();
        positions.send(bytes.to, bytes.declare.has_value(), false);
        if (bytes.declare)
            positions.length_acknowledged(*bytes.declare);
        positions.confirm(bytes.to, true);
        return *this;
    }

    Rooms &may_have(std::uint64_t most)
    {
        server.found_max_size(most);
        return *this;
    }
};

} // namespace gsttus::test
