// The disk thread of an upload: does what the spool needs, so that neither the streaming nor the
// upload thread waits for a disk. (With spool-mode=always the streaming thread does all the same.)
// The upload thread starts and ends it. Knows no server.
#pragma once

#include "upload/shared_state.h"

namespace gsttus {

class Spiller {
public:
    explicit Spiller(LiveUpload::Core &core) : core_(core) {}

    ~Spiller() { stop(TimePoint{}); }

    Spiller(const Spiller &) = delete;
    Spiller &operator=(const Spiller &) = delete;

    static bool is_wanted(const UploadConfig &config); // there will be something to do for it
    void start(); // if it is wanted; where there is no thread, others do some of its work

    bool active() const { return thread_ != nullptr; }

    // Nothing new is begun. The last act is done as soon as the disk allows; without a thread,
    // here. Not after a stop() in vain: what is left is that thread's.
    void end(LastAct act);
    // Waits for the thread, until then. After that it is on its own, and keeps the core alive.
    void stop(TimePoint deadline);

private:
    LiveUpload::Core &core_;
    GThread *thread_ = nullptr; // owned; nullptr: there is none, or it is on its own
};

} // namespace gsttus
