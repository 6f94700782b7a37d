// The upload thread: hands the machine events, has its actions done one after the other, and ends
// as it says. It decides nothing about the protocol: see tus/upload_machine.h.
#pragma once

#include "upload/announcer.h"
#include "upload/endings.h"
#include "upload/session.h"
#include "upload/shared_state.h"
#include "upload/spiller.h"

#include <optional>

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
    void after_step(Session &session, const Input &input);
    void release(const UploadMachine &machine) REQUIRES(core_.mutex);
    Outcome perform(Session &session, const Action &action);
    Outcome wait(const Wait &wait);
    enum class Pause {
        kOver,
        kStopped,
        kDrained
    }; // stopped, drain-timeout: it was not over before
    Pause sit_out_pause();
    bool is_paused();
    bool is_over(const Wait &wait, TimePoint now) const REQUIRES(core_.mutex);
    TimePoint next_look(const Wait &wait, TimePoint now) const REQUIRES(core_.mutex);

    LiveUpload::Core &core_;
    Announcer announcer_;
    Spiller spiller_;
    Endings endings_;
};

} // namespace gsttus
