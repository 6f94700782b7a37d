// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Every note is a record on the disk: only what has changed is written.
#include "upload/journal_notes.h"

#include "base/redact.h"
#include "base/text.h"
#include "upload/note_names.h"

namespace gsttus {

namespace {

std::string lines_of(const std::vector<std::string> &urls)
{
    std::string lines;
    for (const std::string &url : urls)
        lines += cat(noted_url(url), '\n');
    return lines;
}

} // namespace

void note_destination(ReplayStore &store, const Target &target, const UploadConfig &config)
{
    for (const auto &[name, value] : target.describe())
        store.note(cat(note_name::kTarget, name), value);
    store.note(note_name::kUploadUrl, noted_url(config.upload_url));
    if (config.seekable_header > 0)
        store.note(note_name::kHeader, std::to_string(config.seekable_header));
}

std::string head_note(std::uint64_t at, std::span<const std::byte> head)
{
    return cat(at, ' ', head.size(), ' ', crc_of(0, head));
}

JournalNotes::Facts JournalNotes::facts(const UploadMachine &machine,
                                        const std::vector<std::string> &homes) const
{
    Facts facts;
    if (core_.config.replay.spool_mode == SpoolMode::kNever)
        return facts;
    for (const auto &[name, value] : core_.target->describe())
        facts[cat(note_name::kTarget, name)] = value;
    facts[note_name::kUploadUrl] = noted_url(machine.upload_url());
    if (machine.origin_known())
        facts[note_name::kOrigin] = std::to_string(machine.origin());
    facts[note_name::kLengthMode] = to_string(machine.mode());
    // Of a single upload the server tells that; each of these is a record on the disk.
    const std::uint64_t released =
        machine.mode() == LengthMode::kConcatenation ? machine.releasable() : 0;
    facts[note_name::kReleased] = std::to_string(released);
    facts[note_name::kParts] = cat(released, '\n', lines_of(machine.parts()));
    facts[note_name::kJoined] = machine.is_joined() ? noted_url(machine.upload_url()) : "";
    facts[note_name::kHomes] = lines_of(homes); // the upload-url may be anywhere
    if (const std::string sha256 = core_.sha256(); !sha256.empty())
        facts[note_name::kSha256] = sha256;
    std::erase_if(facts, [this](const auto &fact) {
        const auto known = written_.find(fact.first);
        return known != written_.end() && known->second == fact.second;
    });
    return facts;
}

// The analysis does not see that it is the caller's mutex.
void JournalNotes::write(const Facts &facts, const UploadMachine &machine) NO_THREAD_SAFETY_ANALYSIS
{
    if (core_.config.replay.spool_mode == SpoolMode::kNever)
        return;
    ReplayStore &store = *core_.store;
    const auto put = [this, &store](const std::string &name, const std::string &value) {
        std::string &known = written_[name];
        if (known != value)
            store.note(name, value);
        known = value;
    };
    for (const auto &[name, value] : facts)
        put(name, value);
    if (core_.ended() && !core_.config.recovery) // which may not have all of it
        put(note_name::kLength, std::to_string(store.end()));
    if (!machine.upload_url().empty() || !machine.parts().empty())
        store.begin_journal();
}

void JournalNotes::finished()
{
    if (core_.config.replay.spool_mode == SpoolMode::kNever)
        return;
    MutexLock lock(core_.mutex);
    core_.store->note(note_name::kFinished, "1");
}

void JournalNotes::refused(const std::string &text)
{
    MutexLock lock(core_.mutex);
    if (!core_.changes.resumed_at) // a pause may have been as long as an outage
        core_.store->note(note_name::kRefused, text);
}

void JournalNotes::to_be_sent_again(const UploadMachine &machine)
{
    MutexLock lock(core_.mutex);
    ReplayStore &store = *core_.store;
    store.note(note_name::kSent, redact_url(machine.upload_url()));
    for (const char *name : {note_name::kUploadUrl, note_name::kOrigin, note_name::kLengthMode,
                             note_name::kReleased, note_name::kParts, note_name::kJoined})
        store.note(name, "");
    store.release(0, ReplayStore::Deletion::kLater);
}

} // namespace gsttus
