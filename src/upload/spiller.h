// The disk thread of an upload with spool-mode=overflow: writes to the spool what memory should not
// hold, so that the streaming thread need not.
#pragma once

#include "upload/worker.h"

namespace gsttus {

class Spiller {
public:
    explicit Spiller(LiveUpload::Core &core) : core_(core) {}

    ~Spiller() { stop(TimePoint{}); }

    Spiller(const Spiller &) = delete;
    Spiller &operator=(const Spiller &) = delete;

    void start(); // where there is something to do for it; without a thread the writer does it
    void end();   // nothing new is begun
    // Waits for a write that is under way, until then. After that the thread is on its own: it
    // keeps the core alive, and ReplayStore::spilling() stays TRUE for as long as the disk hangs.
    void stop(TimePoint deadline);

private:
    static void run(LiveUpload::Core &core);

    LiveUpload::Core &core_;
    GThread *thread_ = nullptr;
};

} // namespace gsttus
