// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an upload stands: positions in the stream, how they map to offsets at the server, and what
// the server knows of the length. A value: it is told what was sent and what a server said, and
// says what that means; what to do about it is the machine's.
//
//    0 ... base ... acked ... taken ... produced      (stream positions; produced is Input's)
//
// * The server offset of `base` is `origin`: 0 and 0, unless an upload was continued (origin) or
//   partial uploads are joined (base: where the one under way begins).
// * base <= acked <= sent: nobody confirms what was never sent. Only a recovery may meet a server
//   that has more than the disk, see surplus_is_certain().
// * acked goes back only where HEAD says so (relocate()), or to base with a new upload (restart()).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace gsttus {

// What an offset that a server gave means.
enum class Offset {
    kForward,    // PATCH: all that it carried. HEAD: more than was confirmed
    kShort,      // PATCH: a part of what it carried
    kSame,       // as before
    kBack,       // less than was confirmed; what is missing is still held
    kTooFarBack, // less, and what is missing is not held any more
    kBeyond,     // more than was sent, or not an offset of this upload at all
};

class Positions {
public:
    std::uint64_t base() const { return base_; }

    std::uint64_t acked() const { return acked_; } // confirmed by the server

    std::uint64_t taken() const { return taken_; } // requests have carried, or are about to

    std::uint64_t sent() const { return sent_; } // highest that any request has carried

    std::uint64_t origin() const { return origin_.value_or(0); }

    bool origin_known() const { return origin_.has_value(); }

    // Server offset of a stream position from base on.
    std::uint64_t offset_of(std::uint64_t position) const { return origin() + (position - base_); }

    std::uint64_t acked_offset() const { return offset_of(acked_); }

    std::uint64_t sent_offset() const { return offset_of(std::max(sent_, base_)); }

    // Stream position of a server offset; of one before the origin: base.
    std::uint64_t position_of(std::uint64_t offset) const
    {
        return base_ + (offset - std::min(offset, origin()));
    }

    std::uint64_t bytes_resent() const { return bytes_resent_; }

    // --- beginnings ------------------------------------------------------------------------------

    void continue_unknown() { origin_.reset(); } // an upload of which HEAD has to tell the origin

    void found_origin(std::uint64_t offset) { origin_ = offset; }

    // An upload of another process: confirmed up to `acked` at least, sent up to `reach` at most.
    void resume(std::optional<std::uint64_t> origin, std::uint64_t acked, std::uint64_t reach);
    // Joined at the end: the next partial upload begins behind what is confirmed.
    void begin_part();
    // The server lost the upload: all of it from base on again.
    void restart();

    // --- requests --------------------------------------------------------------------------------

    void take(std::uint64_t to) { taken_ = std::max(taken_, to); }

    // A PATCH from acked to `to`; `finishes`: the server has all of it afterwards.
    void send(std::uint64_t to, bool declares, bool finishes);

    // The body of the last one was open, and `size` bytes of it went.
    void carried(std::uint64_t size);

    // Of the last one sent. 0: none was.
    std::uint64_t patch_to() const { return patch_to_; }

    bool patch_declares() const { return patch_declares_; }

    bool patch_finishes() const { return patch_finishes_; }

    // The upload that it went to (a partial one too) is whole with it.
    bool patch_completes() const { return patch_completes_; }

    bool patch_was_empty() const { return patch_empty_; }

    // --- what a server says ----------------------------------------------------------------------

    Offset patch_says(std::uint64_t offset) const;
    // Up to `position` it is so little of what the last PATCH carried that the upload does not get
    // anywhere that way.
    bool is_crumb(std::uint64_t position) const;
    Offset head_says(std::uint64_t offset, std::uint64_t held_from) const;

    struct Progress {
        bool news = false;   // the upload has moved: whatever was wrong is over
        bool record = false; // further than any upload of this recording ever was
    };

    // Confirmed up to `position`: by a PATCH, or by a HEAD, which counts as news only beyond what
    // was ever confirmed: the servers of a cluster may disagree, and go to and fro.
    Progress confirm(std::uint64_t position, bool by_patch);
    // HEAD: not more than `position` is there. What was sent before is sent again without pacing.
    void relocate(std::uint64_t position);

    // A recovery: the server has more than was sent, as far as the disk knows. Once may be somebody
    // else who goes on with the upload; FALSE: look again.
    bool surplus_is_certain(std::uint64_t offset, bool length_known);

    bool surplus_was_seen() const { return surplus_seen_.has_value(); }

    void accept_surplus(std::uint64_t offset) { sent_ = position_of(offset); }

    // --- the length ------------------------------------------------------------------------------

    // As the creation says it, and as the server knows it then; nullopt: deferred.
    void creates_with(std::optional<std::uint64_t> length) { created_length_ = length; }

    std::optional<std::uint64_t> created_length() const { return created_length_; }

    void created();

    // HEAD's word. A length that is known stays known, also when HEAD is silent about it.
    void length_told(std::optional<std::uint64_t> length, bool deferred);

    // It acknowledged the request that declared this. That it noted it, only HEAD can tell.
    void length_acknowledged(std::uint64_t length);

    std::optional<std::uint64_t> server_length() const { return server_length_; }

    // The server never said it itself: it acknowledged a request that did.
    bool length_is_claimed() const { return server_length_ && !length_told_; }

    bool declared() const { return declared_; } // to this upload, with or without success

    // A length was sent, and HEAD said neither a length nor that there is none.
    bool length_unclear() const { return length_unclear_; }

    // --- pacing ----------------------------------------------------------------------------------

    // Bytes that were sent before wait again: they wait for nothing else.
    bool hurry() const { return hurry_; }

    void hurry_on() { hurry_ = true; }

private:
    std::optional<std::uint64_t> origin_ = 0;
    std::uint64_t base_ = 0, acked_ = 0, taken_ = 0, sent_ = 0;
    std::uint64_t most_acked_ = 0, most_here_ = 0; // ever; of the upload that there is now
    std::optional<std::uint64_t> surplus_seen_;
    std::uint64_t bytes_resent_ = 0;
    bool hurry_ = false;

    std::uint64_t patch_to_ = 0;
    bool patch_declares_ = false, patch_finishes_ = false;
    bool patch_completes_ = false, patch_empty_ = false;

    std::optional<std::uint64_t> created_length_, server_length_;
    bool length_told_ = false; // server_length_: by HEAD, or it was created with it
    bool declared_ = false;    // Upload-Length was sent, with or without success
    bool length_unclear_ = false;
};

} // namespace gsttus
