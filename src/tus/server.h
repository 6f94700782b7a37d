// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of the server: what it announced, and what its answers taught. A value.
// How it is told from somebody who answers in its place is not its matter.
#pragma once

#include "tus/events.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gsttus {

class Server {
public:
    // --- OPTIONS ---------------------------------------------------------------------------------

    // Core Protocol, OPTIONS: only an answer with tus headers tells anything, whatever its status
    // (django-tus tells everything inside a 405). `checksum`: the algorithm wished for, or empty.
    // FALSE: it speaks another version of the protocol.
    bool learn(const Answer &options, const std::string &checksum);

    bool asked() const { return asked_; } // OPTIONS was answered, in whatever way

    bool offers(std::string_view extension) const;

    // A server that announces nothing may be able to all the same.
    bool may_defer_length() const { return !announced_ || offers("creation-defer-length"); }

    bool may_terminate() const { return !announced_ || offers("termination"); }

    bool may_join() const { return !announced_ || offers("concatenation"); }

    const std::string &checksum() const { return checksum_; } // in use; empty: none

    // An upload of length 0: complete when it is created.
    bool may_create_empty() const { return !refuses_empty_; }

    void refused_empty() { refuses_empty_ = true; }

    // --- sizes -----------------------------------------------------------------------------------

    std::optional<std::uint64_t> max_size() const { return max_size_; } // of an upload

    void found_max_size(std::uint64_t size) { max_size_ = size; }

    // Most bytes in one request: `chunk_size`, or less after 413; a multiple of `align`.
    std::uint64_t request_limit(std::uint64_t chunk_size, std::uint64_t align) const;

    bool shrunk() const { return shrunk_to_ > 0; }

    void shrink_to(std::uint64_t size) { shrunk_to_ = size; }

    // From `limit` on, but not below `floor`.
    void halve(std::uint64_t limit, std::uint64_t floor)
    {
        shrunk_to_ = std::max(limit / 2, std::min(floor, limit));
    }

    // --- the method ------------------------------------------------------------------------------

    // POST with X-HTTP-Method-Override instead of PATCH.
    bool overrides_method() const { return overrides_method_; }

    // FALSE: that is known not to help.
    bool override_method() { return overrides_method_ = !override_is_useless_; }

    void override_is_useless() { override_is_useless_ = true; }

    void override_sent() { override_tried_ = true; }

    void try_patch_again() { overrides_method_ = false; }

    bool method_works() const { return method_works_; } // the one in use was acknowledged

    void method_worked()
    {
        method_works_ = true;
        tries_override_ = false;
    }

    // HEAD told of bytes that nobody acknowledged: that way they came, if there was only one.
    void bytes_came()
    {
        if (override_tried_)
            return;
        overrides_method_ = false;
        method_worked();
    }

    // A refusal may be about the method, or not: the override on trial, once.
    bool may_try_override() const
    {
        return !overrides_method_ && !method_works_ && !override_tried_;
    }

    void try_override() { overrides_method_ = tries_override_ = true; }

    bool tries_override() const { return tries_override_; }

    void end_trial() { overrides_method_ = tries_override_ = false; }

    // --- HEAD ------------------------------------------------------------------------------------

    bool head_works() const { return head_ == Asking::kWorks; } // it has told an offset

    // Something in between does not let it through: what is confirmed is what is known.
    bool refuses_head() const { return head_ == Asking::kRefused; }

    // Who refused it is perhaps gone, or PATCH alone does not tell enough: it is tried once more.
    bool skips_head() const { return refuses_head() && !tries_head_; }

    void head_worked() { head_ = Asking::kWorks; }

    void refuse_head()
    {
        head_ = Asking::kRefused;
        tries_head_ = false;
    }

    void try_head_again() { tries_head_ = true; }

    // --- Expect: 100-continue --------------------------------------------------------------------

    // Whether the next PATCH asks before its body, which is so once after a connection that broke:
    // perhaps the server wants to refuse and closes early.
    bool take_expect(bool has_body);
    void patch_unanswered(const NoAnswer &failure);

    // 417: it is never sent again. FALSE: it was not sent any more.
    bool accept_no_expect() { return !std::exchange(refuses_expect_, true); }

private:
    enum class Asking { kUntried, kWorks, kRefused };

    bool asked_ = false, announced_ = false; // announced: its extensions
    std::vector<std::string> extensions_;
    std::optional<std::uint64_t> max_size_;
    std::string checksum_;
    std::uint64_t shrunk_to_ = 0; // 0: not shrunk
    bool overrides_method_ = false, override_is_useless_ = false, method_works_ = false;
    bool tries_override_ = false, override_tried_ = false; // tried: a request was sent with it
    bool refuses_empty_ = false;
    Asking head_ = Asking::kUntried;
    bool tries_head_ = false;
    bool expect_next_ = false, expecting_ = false, refuses_expect_ = false;
};

} // namespace gsttus
