// The disk thread of an upload with spool-mode=overflow: writes to the spool what memory should not
// hold, so that the streaming thread need not. Ends before the upload thread does.
#pragma once

#include "upload/worker.h"

#include <thread>

namespace gsttus {

class Spiller {
public:
    explicit Spiller(LiveUpload::Core &core) : core_(core) {}

    ~Spiller() { stop(); }

    Spiller(const Spiller &) = delete;
    Spiller &operator=(const Spiller &) = delete;

    void start(); // where there is something to do for it
    // Waits for a write that is under way. After it the store may be kept or discarded.
    void stop();

private:
    void run();

    LiveUpload::Core &core_;
    std::thread thread_;
};

} // namespace gsttus
