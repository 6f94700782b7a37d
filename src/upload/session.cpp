// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an upload's settings become the machine's.
#include "upload/session.h"

#include <array>
#include <random>
#include <utility>

namespace gsttus {

namespace {

Proofs proofs_of(const LiveUpload::Core &core)
{
    const UploadConfig &config = core.config;
    const bool kept = config.keep_until_proved && config.replay.spool_mode != SpoolMode::kNever;
    return Proofs(kept ? config.replay.spool_dir : std::string(), core.target->service());
}

bool has_proof(LiveUpload::Core &core, const Proofs &proofs)
{
    const InDisk scope(core);
    return proofs.has();
}

MachineConfig machine_config(const UploadConfig &config, bool proved)
{
    constexpr std::array<const char *, 5> kChecksums = {"", "md5", "sha1", "sha256", "sha512"};
    MachineConfig out;
    out.chunk_size = config.chunk_size;
    out.max_chunk_size = config.max_chunk_size;
    out.min_chunk_size = config.min_chunk_size;
    out.chunk_align = config.chunk_align;
    out.length_mode = config.length_mode;
    out.open_requests = config.request_mode == RequestMode::kStream;
    out.seekable_header = config.seekable_header > 0;
    out.can_spool = config.replay.spool_mode != SpoolMode::kNever;
    out.upload_url = config.upload_url;
    out.recovery = config.recovery;
    out.proved = proved;
    out.keep_until_proved = config.keep_until_proved;
    out.keep_to_the_end = config.left.keep_to_the_end;
    out.checksum = kChecksums[static_cast<std::size_t>(config.checksum)];
    out.seed = config.seed != 0 ? config.seed : std::random_device{}();
    return out;
}

} // namespace

Session::Session(LiveUpload::Core &core, Announcer &announcer, std::unique_ptr<Transport> transport)
    : http(std::move(transport)), proofs(proofs_of(core)), was_proved(has_proof(core, proofs)),
      machine(machine_config(core.config, was_proved)), requests(core, announcer, *http, machine),
      notes(core), core_(core)
{
}

void Session::note()
{
    const JournalNotes::Facts now = facts();
    MutexLock lock(core_.mutex);
    notes.write(now, machine);
}

void Session::prove(bool proved)
{
    const InDisk scope(core_);
    proofs.set(proved);
}

void Session::remember()
{
    if (machine.proved() != was_proved)
        prove(machine.proved());
}

} // namespace gsttus
