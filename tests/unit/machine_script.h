// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A conversation with UploadMachine, line by line: tests say what happened and which action they
// expect next. Holds no knowledge of the machine's inside.
#pragma once

#include "base/text.h"
#include "test.h"
#include "tus/upload_machine.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gsttus::test {

inline constexpr const char *kEndpoint = "https://host/files/";
inline constexpr const char *kUpload = "https://host/files/1";
inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

inline Answer status(int number, std::string text = {})
{
    Answer answer;
    answer.status = number;
    answer.text = std::move(text);
    return answer;
}

inline Answer created(std::string location = kUpload)
{
    Answer answer = status(201);
    answer.location = std::move(location);
    return answer;
}

inline Answer acknowledged(std::uint64_t offset)
{
    Answer answer = status(204);
    answer.upload_offset = offset;
    return answer;
}

inline Answer offset_is(std::uint64_t offset, std::optional<std::uint64_t> length = std::nullopt)
{
    Answer answer = status(200);
    answer.upload_offset = offset;
    answer.upload_length = length;
    answer.length_deferred = !length;
    return answer;
}

inline Answer capabilities(std::vector<std::string> extensions)
{
    Answer answer = status(204);
    answer.extensions = std::move(extensions);
    answer.versions = {"1.0.0"};
    answer.speaks_tus = true;
    return answer;
}

inline Answer redirect(std::string location, bool other_host = false)
{
    Answer answer = status(307);
    answer.location = std::move(location);
    answer.location_other_host = other_host;
    return answer;
}

inline NoAnswer broken(ErrorKind kind = ErrorKind::kNetwork)
{
    NoAnswer failure;
    failure.error.kind = kind;
    failure.error.message = "The connection broke.";
    return failure;
}

inline NoAnswer unreachable()
{
    NoAnswer failure = broken();
    failure.reached_server = false;
    return failure;
}

inline NoAnswer stale()
{
    NoAnswer failure = broken();
    failure.reused_connection = true;
    return failure;
}

class Script {
public:
    MachineConfig config;
    Input in;
    std::vector<std::string> endpoints = {kEndpoint};
    bool follow_other_hosts = true;
    Action action;
    std::unique_ptr<UploadMachine> machine;
    std::vector<Report> reports;

    Script()
    {
        config.chunk_size = 100;
        config.max_chunk_size = 0; // see chunk_growth_test.cpp
        config.proved = true;      // no look at the fresh upload: see upload_machine_proof_test.cpp
        in.now = TimePoint{} + seconds(1000);
        in.flush_interval = Duration::zero();
    }

    template <typename Event_>
    Script &gets(Event_ event)
    {
        if (!machine)
            machine = std::make_unique<UploadMachine>(config);
        action = machine->step(Event{std::move(event)}, in);
        for (Report &report : machine->take_reports())
            reports.push_back(std::move(report));
        in.held_from = std::max(in.held_from, held_from_of ? machine->releasable() : 0);
        return *this;
    }

    template <typename Action_>
    const Action_ &expect() const
    {
        const Action_ *found = std::get_if<Action_>(&action);
        if (!found)
            g_error("another action (index %zu, state %s): %s", action.index(),
                    to_string(machine->state()), error_text().c_str());
        return *found;
    }

    void expect_patch(std::uint64_t from, std::uint64_t to,
                      std::optional<std::uint64_t> declare = std::nullopt) const
    {
        const Patch &patch = expect<Patch>();
        g_assert_cmpuint(patch.from, ==, from);
        g_assert_cmpuint(patch.to, ==, to);
        g_assert_true(patch.declare_length == declare);
    }

    const Error &expect_failed(ErrorKind kind) const
    {
        const Error &error = expect<Failed>().error;
        g_assert_cmpstr(to_string(error.kind), ==, to_string(kind));
        return error;
    }

    // The wait is over when its time has come.
    Script &time_passes()
    {
        const Wait &wait = expect<Wait>();
        g_assert_true(wait.until.has_value());
        in.now = std::max(in.now, *wait.until);
        return gets(Tick{});
    }

    Duration pause() const
    {
        const Wait &wait = expect<Wait>();
        g_assert_true(wait.until.has_value());
        return *wait.until - in.now;
    }

    // The server says so again and again, until it is believed. What PATCH is refused with is
    // asked about in between: `where` is what HEAD says then.
    Script &insists(const Answer &answer, std::optional<Answer> where = std::nullopt)
    {
        gets(answer);
        for (int n = 0;
             n < 80 && !std::holds_alternative<Failed>(action) &&
             !std::holds_alternative<Finished>(action) && !std::holds_alternative<Resolve>(action);
             ++n) {
            if (machine->state() == State::kWaiting)
                time_passes();
            else
                gets(where && std::holds_alternative<Head>(action) ? *where : answer);
        }
        return *this;
    }

    Script &produces(std::uint64_t total)
    {
        in.produced = total;
        return *this;
    }

    Script &ends()
    {
        in.ended = true;
        in.ended_at = in.now;
        return *this;
    }

    // Up to the answer of OPTIONS.
    Script &starts(std::vector<std::string> extensions = {"creation", "creation-defer-length"})
    {
        gets(Started{});
        expect<Resolve>();
        gets(Resolved{endpoints, follow_other_hosts});
        expect<Options>();
        return gets(capabilities(std::move(extensions)));
    }

    Script &starts_and_creates()
    {
        starts();
        expect<Create>();
        return gets(created());
    }

    // The last request is acknowledged, and HEAD confirms the length.
    void finishes(std::uint64_t length)
    {
        gets(acknowledged(length)).expect<Head>();
        gets(offset_is(length, length)).expect<Finished>();
    }

    template <typename Report_>
    std::size_t count() const
    {
        std::size_t number = 0;
        for (const Report &report : reports)
            number += std::holds_alternative<Report_>(report) ? 1 : 0;
        return number;
    }

    bool held_from_of = false; // TRUE: the store lets go of what the machine releases

private:
    std::string error_text() const
    {
        const Failed *failed = std::get_if<Failed>(&action);
        return failed ? failed->error.message : std::string();
    }
};

} // namespace gsttus::test
