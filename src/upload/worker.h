// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The upload thread: hands the machine events, has its actions done one after the other, and ends
// as it says. It decides nothing about the protocol: see tus/upload_machine.h.
#pragma once

#include "upload/announcer.h"
#include "upload/endings.h"
#include "upload/process.h"
#include "upload/session.h"
#include "upload/shared_state.h"
#include "upload/spiller.h"

#include <optional>
#include <vector>

namespace gsttus {

class Worker {
public:
    explicit Worker(LiveUpload::Core &core);
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    void run(); // until the upload has ended

private:
    using Outcome = std::optional<Event>; // nullopt: a stop came before

    void wait_for_hints();
    void loop(Session &session);
    bool told_to_end();
    Endings &end();
    std::optional<Error> disk_is_missing(const UploadMachine &machine);
    void after_step(Session &session, const Input &input, const Event &event);
    void release(const UploadMachine &machine) REQUIRES(core_.mutex);
    Outcome perform(Session &session, const Action &action);
    Outcome wait(const Wait &wait);
    enum class Pause {
        kOver,
        kStopped,
        kDrained
    };                                         // stopped, drain-timeout: it was not over before
    Pause await_leave(const Session &session); // to make a request
    Pause sit_out_pause();
    Pause await_turn(const Session &session);
    bool needs_turn(const UploadMachine &machine);
    void tell_others(const Event &event, const std::vector<Report> &reports, bool moved);
    void watch_size(const UploadMachine &machine, const Input &input, const Event &event);
    bool is_paused();
    bool is_over(const Wait &wait, TimePoint now) const REQUIRES(core_.mutex);
    TimePoint next_look(const Wait &wait, TimePoint now) const REQUIRES(core_.mutex);

    LiveUpload::Core &core_;
    Process::Member member_;
    Announcer announcer_;
    Spiller spiller_;
    Endings endings_;
    std::uint64_t acked_ = 0;           // when others were told last
    std::optional<std::uint64_t> most_; // bytes of an upload: Tus-Max-Size, as far as it is known
    bool nearly_full_ = false;          // and told
    bool disk_seen_ = false;            // or not needed: see disk_is_missing()
};

} // namespace gsttus
