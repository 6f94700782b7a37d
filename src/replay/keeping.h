// Brings everything that the server does not have onto the disk, whatever the disk says: what is of
// least use makes room. One object a keep(); slow, may write all of memory. Knows no upload and no
// settings.
#pragma once

#include "replay/segments.h"
#include "replay/spool.h"

#include <cstdint>
#include <string>

namespace gsttus {

class Keeping {
public:
    // Bytes before `acked` are at the server. The spool journals.
    Keeping(Segments &segments, Spool &spool, std::uint64_t acked)
        : segments_(segments), spool_(spool), acked_(acked)
    {
    }

    // As ReplayStore::keep().
    Result<std::string> run();

    // As ReplayStore::keep_whole(); what it does not take all of is left as it is.
    Result<std::string> run_whole();

    // A journal was written: the files are worth keeping.
    bool is_described() const { return described_; }

private:
    bool write_out(Spool::Bound bound);
    void write_out_margin();
    bool make_room();
    bool give_up_newest();
    void cut_back();
    std::uint64_t kept_until() const;
    Error kept_in_part(std::uint64_t whole) const;

    Segments &segments_; // the store's, as the spool
    Spool &spool_;
    const std::uint64_t acked_;
    bool described_ = false;
};

} // namespace gsttus
