// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an upload notes in its journal, so that another process can go on with it (src/recover).
// Upload thread, except note_destination(). No secrets: Target::describe() promises that, the
// credentials of the tus host are not written, and addresses as noted_url() has them.
#pragma once

#include "upload/shared_state.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

// Where the upload is to go; before there is a machine.
void note_destination(ReplayStore &store, const Target &target, const UploadConfig &config);

// Where in the store the head of a recording is, or comes next: before any of it is in a file
// there.
std::string head_note(std::uint64_t at, std::span<const std::byte> head);

class JournalNotes {
public:
    explicit JournalNotes(LiveUpload::Core &core) : core_(core) {}

    using Facts = std::map<std::string, std::string>;

    // What there is to note and has changed since the last time, found out without the mutex;
    // nothing where there is no journal.
    Facts facts(const UploadMachine &machine, const std::vector<std::string> &homes) const;
    // Notes that. With the mutex.
    void write(const Facts &facts, const UploadMachine &machine);

    // The last of them: nothing is left to do, or all of it has to be sent to a new upload.
    void finished();
    void to_be_sent_again(const UploadMachine &machine);
    void refused(const std::string &text); // before there was an upload; without secrets

private:
    LiveUpload::Core &core_;
    Facts written_;
};

} // namespace gsttus
