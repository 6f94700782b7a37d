// Brings everything that the server does not have onto the disk, whatever the disk says: what is of
// least use makes room. One object a keep(); slow, may write all of memory. Knows no upload and no
// settings.
#pragma once

#include "replay/segments.h"
#include "replay/spool.h"

#include <cstdint>
#include <functional>
#include <string>

namespace gsttus {

class Keeping {
public:
    // What has to be in the folder before any byte, where there is a journal by then: without it,
    // they are of no use. It has precedence where the disk is full. An Error: may be tried again.
    using First = std::function<Result<void>()>;

    // Bytes before `acked` are at the server. The spool journals. `first` may be empty.
    Keeping(Segments &segments, Spool &spool, std::uint64_t acked, const First &first)
        : segments_(segments), spool_(spool), acked_(acked), first_(first)
    {
    }

    // As ReplayStore::keep().
    Result<std::string> run();

    // As ReplayStore::keep_whole(); what it does not take all of is left as it is.
    Result<std::string> run_whole();

    // A journal was written: the files are worth keeping.
    bool is_described() const { return described_; }

private:
    void write_first();
    bool begin();
    bool write_out(Spool::Bound bound);
    void write_out_margin();
    bool make_room();
    bool free_acked();
    bool give_up_newest();
    bool give_up_for_first();
    void cut_back();
    std::uint64_t kept_until() const;
    Error kept_in_part(std::uint64_t whole) const;

    Segments &segments_; // the store's, as the spool
    Spool &spool_;
    const std::uint64_t acked_;
    const First &first_; // the caller's
    Error error_;        // of the last attempt
    bool described_ = false;
};

} // namespace gsttus
