// A recording that is to be killed: writes the same noise as recover_test.cpp to URL with
// spool-mode always in DIR, and says after each write, in eight bytes, how much was accepted.
#include "http/soup_transport.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"

#include <random>
#include <vector>

#include <unistd.h>

using namespace gsttus;

namespace {

class Deaf final : public UploadObserver {
public:
    void on_created(const UploadCreated &) override {}

    void on_progress(const UploadProgress &) override {}

    void on_stalled(const UploadStalled &) override {}

    void on_resumed(const UploadResumed &) override {}

    void on_warning(const Error &) override {}

    void on_target_notice(const TargetNotice &) override {}

    void on_complete(const UploadComplete &) override {}

    void on_failed(const Error &, const std::string &, const std::string &) override {}

    std::optional<std::string> on_refresh_authorization(int) override { return std::nullopt; }
};

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.replay.spool_mode = SpoolMode::kAlways;
    config.replay.spool_dir = argv[2];
    config.runtime.flush_interval = milliseconds(1);
    Deaf observer;
    LiveUpload upload(
        std::move(config),
        std::make_unique<TusTarget>(argv[1], Metadata{{"filename", "killed.bin"}}),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.set_hints({});
    upload.start();
    std::mt19937 random(7);
    std::vector<std::byte> piece(10000);
    for (std::uint64_t accepted = 0; accepted < 2000000;) {
        for (std::byte &byte : piece)
            byte = static_cast<std::byte>(random());
        if (upload.write(piece).status != WriteStatus::kOk)
            return 1;
        accepted += piece.size();
        if (write(STDOUT_FILENO, &accepted, sizeof accepted) != sizeof accepted)
            return 1;
    }
    pause(); // all is written: the kill comes anyway
    return 0;
}
