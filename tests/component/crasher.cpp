// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording that is to be killed: writes the same noise as its tests to URL with spool-mode
// always in DIR, or with MODE overflow; says after each write, in eight bytes, how much was
// accepted. MODE ended: overflow, and the recording ends. MODE units: always, and each 100000 bytes
// are held back until their beginning is rewritten. MODE header-…: the first 100000 bytes may be
// rewritten, and after each write what was accepted is put at their beginning and their end; with
// spool-mode always, overflow, always and length-mode spool, or until it has ended.
#include "http/soup_transport.h"
#include "noise.h"
#include "upload/tus_target.h"

#include <string_view>

#include <unistd.h>

using namespace gsttus;

namespace {
constexpr std::uint64_t kHeader = 100000;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const std::string_view mode = argc > 3 ? argv[3] : "always";
    const bool units = mode == "units", has_header = mode.starts_with("header-");
    const bool overflow = mode == "overflow" || mode == "ended" || mode == "header-overflow";
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.max_chunk_size = 0;
    config.replay.spool_mode = overflow ? SpoolMode::kOverflow : SpoolMode::kAlways;
    config.keep_until_proved = mode == "always" || units;
    config.seekable_header = has_header ? kHeader : 0;
    if (mode == "header-spool")
        config.length_mode = LengthMode::kSpool;
    config.replay.spool_dir = argv[2];
    config.replay.rollback_margin = 0; // what the server has goes at once
    config.runtime.flush_interval = milliseconds(1);
    test::DeafObserver observer;
    LiveUpload upload(
        std::move(config),
        std::make_unique<TusTarget>(argv[1], Metadata{{"filename", "killed.bin"}}),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.set_hints({});
    upload.start();
    constexpr std::size_t kPiece = 10000, kUnit = 100000;
    const std::vector<std::byte> size(8, std::byte{0x5a});
    const std::vector<std::byte> bytes = test::noise(2000000);
    for (std::uint64_t accepted = 0; accepted < bytes.size();) {
        if (units && accepted % kUnit == 0)
            upload.hold_from(accepted);
        if (upload.write(std::span(bytes).subspan(accepted, kPiece)).status != WriteStatus::kOk)
            return 1;
        accepted += kPiece;
        const auto number = std::as_bytes(std::span(&accepted, 1));
        for (const std::uint64_t at : {std::uint64_t{0}, kHeader - number.size()}) {
            if (has_header && at + number.size() <= accepted &&
                upload.rewrite_head(at, number) != WriteStatus::kOk)
                return 1;
        }
        if (units && accepted % kUnit == 0 && !upload.rewrite(accepted - kUnit, size))
            return 1;
        if (write(STDOUT_FILENO, &accepted, sizeof accepted) != sizeof accepted)
            return 1;
    }
    if (mode == "ended" || mode == "header-ended")
        upload.finish();
    pause(); // all is written: the kill comes anyway
    return 0;
}
