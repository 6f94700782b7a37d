// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Brings everything that the server does not have onto the disk, whatever the disk says: what is of
// least use makes room. One object a keep(); slow, may write all of memory. Knows no upload and no
// settings.
#pragma once

#include "replay/segments.h"
#include "replay/spool.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gsttus {

class Keeping {
public:
    // Bytes before `acked` are at the server. The spool journals. `first`: see KeepFirst; may be
    // empty.
    Keeping(Segments &segments, Spool &spool, std::uint64_t acked,
            const std::function<Result<void>()> &first)
        : segments_(segments), spool_(spool), acked_(acked), first_(first)
    {
    }

    // As ReplayStore::keep().
    Result<std::string> run();

    // As ReplayStore::keep_whole(); what it does not take all of is left as it is.
    Result<std::string> run_whole();

    // There is a journal: the files are worth keeping.
    bool is_described() const { return spool_.has_journal(); }

private:
    std::size_t end_of(bool safe, std::size_t i) const;
    bool write_first();
    Result<std::string> write_bytes(std::uint64_t whole);
    bool write_out(Spool::Bound bound);
    void write_out_margin();
    bool make_room();
    bool free_acked();
    bool give_up_newest();
    bool take_back_last(std::size_t first);
    bool must_stay(std::size_t index) const;
    void cut_end(const std::shared_ptr<SpillFile> &file);
    void give_up_from(std::size_t index);
    std::uint64_t kept_until() const;
    Error kept_in_part(std::uint64_t whole) const;

    Segments &segments_; // the store's, as the spool
    Spool &spool_;
    const std::uint64_t acked_;
    const std::function<Result<void>()> &first_; // the caller's
    Error error_;                                // of the last attempt
    std::uint32_t left_behind_ = 0; // the journal says that what was taken back is in that file
};

} // namespace gsttus
