// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the upload thread has from the moment when there is a transport. Upload thread only.
#pragma once

#include "upload/journal_notes.h"
#include "upload/proofs.h"
#include "upload/request_runner.h"

#include <memory>

namespace gsttus {

struct Session {
    Session(LiveUpload::Core &core, Announcer &announcer, std::unique_ptr<Transport> transport);
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    JournalNotes::Facts facts() const { return notes.facts(machine, requests.homes()); }

    void note();

    // What the server has shown in this recording is remembered, or that it does not hold.
    void remember();
    void prove(bool proved); // remembers that

    const std::unique_ptr<Transport> http; // never nullptr
    const Proofs proofs;
    const bool was_proved; // before this recording
    UploadMachine machine;
    RequestRunner requests; // uses both
    JournalNotes notes;

private:
    LiveUpload::Core &core_;
};

} // namespace gsttus
