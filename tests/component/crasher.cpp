// A recording that is to be killed: writes the same noise as its tests to URL with spool-mode
// always in DIR, or with MODE overflow; says after each write, in eight bytes, how much was
// accepted. MODE ended: overflow, and the recording ends.
#include "http/soup_transport.h"
#include "noise.h"
#include "upload/tus_target.h"

#include <string_view>

#include <unistd.h>

using namespace gsttus;

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const std::string_view mode = argc > 3 ? argv[3] : "always";
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.replay.spool_mode = mode == "always" ? SpoolMode::kAlways : SpoolMode::kOverflow;
    config.keep_until_proved = mode == "always";
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
    constexpr std::size_t kPiece = 10000;
    const std::vector<std::byte> bytes = test::noise(2000000);
    for (std::uint64_t accepted = 0; accepted < bytes.size();) {
        if (upload.write(std::span(bytes).subspan(accepted, kPiece)).status != WriteStatus::kOk)
            return 1;
        accepted += kPiece;
        if (write(STDOUT_FILENO, &accepted, sizeof accepted) != sizeof accepted)
            return 1;
    }
    if (mode == "ended")
        upload.finish();
    pause(); // all is written: the kill comes anyway
    return 0;
}
