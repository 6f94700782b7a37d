// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// When a disk in trouble is asked again, and the warning about it.
#include "replay/disk_trouble.h"

namespace gsttus {

namespace {

constexpr Duration kRetryAfter = seconds(1);

} // namespace

bool DiskTrouble::may_try()
{
    if (refuses_ && clock_.now() >= retry_at_)
        refuses_ = false;
    return !refuses_;
}

void DiskTrouble::report(Error error, std::uint64_t used)
{
    const bool full = error.kind == ErrorKind::kNoSpace;
    refuses_ = true;
    retry_at_ = clock_.now() + kRetryAfter;
    last_error_ = error;
    if (warned_)
        return;
    warned_ = true;
    may_be_over_ = full && used > 0;
    used_at_warning_ = used;
    error.message += " Until it can, only memory holds what the server does not have yet; when "
                     "that is full, the pipeline waits.";
    if (full)
        error.message += " Free space on the disk or raise max-spool-size.";
    warning_ = std::move(error);
}

void DiskTrouble::take_back()
{
    refuses_ = false;
    keep_quiet();
}

void DiskTrouble::keep_quiet()
{
    if (!warning_)
        return;
    warning_.reset();
    warned_ = false;
}

void DiskTrouble::freed(std::uint64_t used)
{
    if (warned_ && may_be_over_ && used <= used_at_warning_ / 2)
        warned_ = false;
}

} // namespace gsttus
