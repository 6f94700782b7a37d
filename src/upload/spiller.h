// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an upload has to do on the disk, and the disk thread that does it, so that neither the
// streaming nor the upload thread waits for a disk. The upload thread starts and ends it. When the
// recording has ended and all of it is in files, the thread ends by itself; what comes after that,
// and all where there is no thread, the upload thread does. Knows no server.
#pragma once

#include "upload/shared_state.h"

#include <memory>

namespace gsttus {

class Spiller {
public:
    explicit Spiller(LiveUpload::Core &core);
    ~Spiller();
    Spiller(const Spiller &) = delete;
    Spiller &operator=(const Spiller &) = delete;

    void start(); // not for a recovery, nor without a disk

    // What there is to do, if no thread does it. May take as long as a disk does.
    void work_off();

    // Nothing new is begun. The last act is done as soon as the disk allows; without a thread,
    // here. Not after a stop() in vain: what is left is that thread's.
    void end(LastAct act);
    // Waits for the thread, until then. After that it is on its own, and keeps the core alive.
    void stop(TimePoint deadline);

private:
    class Chores;

    static void run(LiveUpload::Core &core); // the thread

    LiveUpload::Core &core_;
    const std::unique_ptr<Chores> chores_; // the upload thread's
    std::unique_ptr<Thread> thread_;       // nullptr: there is none, or it is on its own
};

} // namespace gsttus
