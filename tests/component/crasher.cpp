// A recording that is to be killed: writes the same noise as recover_test.cpp to URL with
// spool-mode always in DIR, and says after each write, in eight bytes, how much was accepted.
#include "http/soup_transport.h"
#include "noise.h"
#include "upload/tus_target.h"

#include <unistd.h>

using namespace gsttus;

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.replay.spool_mode = SpoolMode::kAlways;
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
    pause(); // all is written: the kill comes anyway
    return 0;
}
