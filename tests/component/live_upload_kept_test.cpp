// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left on disk at the end: kept as long as the service has not shown that it has the
// recording, told of, and sent once more by gst-tus-recover when that is asked for.
#include "live_upload_fixture.h"
#include "replay/recovery.h"
#include "upload/proofs.h"

#include <array>
#include <cstring>
#include <functional>
#include <thread>

#include <sys/wait.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// The server takes the recording, the service can not use it.
class PickyTarget final : public Target {
public:
    enum class Says { kNo, kNothing, kNothingForLong };

    explicit PickyTarget(std::string endpoint, Says says = Says::kNo)
        : endpoint_(std::move(endpoint)), says_(says)
    {
    }

    TargetResult<Destination> resolve(TargetContext &, bool) override
    {
        return Destination{{endpoint_}, {{"filename", "noise.bin"}}, false};
    }

    Result<Proof> finished(TargetContext &context, std::uint64_t) override
    {
        if (says_ == Says::kNothing)
            return Proof::kNotProved;
        if (says_ == Says::kNothingForLong && !context.sleep(seconds(600)))
            return Error{.kind = ErrorKind::kCancelled, .message = "Stopped."};
        return Error{.kind = ErrorKind::kServer, .message = "File Invalid"};
    }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::string service() const override { return endpoint_; }

    std::vector<std::pair<std::string, std::string>> describe() const override
    {
        return {{"kind", "tus"}, {"endpoint", endpoint_}, {"metadata.filename", "noise.bin"}};
    }

private:
    std::string endpoint_;
    Says says_;
};

struct Kept {
    explicit Kept(SpoolMode mode, std::uint64_t margin = std::uint64_t{8} << 20,
                  StandinOptions options = {})
        : recording(std::move(options))
    {
        config.replay.spool_mode = mode;
        config.replay.spool_dir = folder.get();
        config.replay.max_memory = 1 << 20;
        config.replay.rollback_margin = margin;
    }

    ~Kept() { g_assert_cmpint(remove_spool(folder.get()), ==, 0); }

    Kept(const Kept &) = delete;
    Kept &operator=(const Kept &) = delete;

    // A burst that does not fit would need a disk that keeps up with it: see may_wait_for_disk().
    void give_memory_for_all() { config.replay.max_memory = 64 << 20; }

    // To its end, which the service does not like.
    void refuse(std::span<const std::byte> bytes)
    {
        recording.upload = std::make_unique<LiveUpload>(
            config, std::make_unique<PickyTarget>(recording.server->files_url()),
            recording.transport, recording.listener);
        recording.upload->set_hints({});
        recording.upload->start();
        recording.write(bytes);
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
        ASSERT_STR(recording.upload->stats().sha256, sha256(bytes));
        recording.upload.reset();
        recording.check_stored(bytes);
        ASSERT_STR(recording.listener.complete_->sha256, sha256(bytes));
    }

    // One more, with a listener of its own, that ends as complete.
    void record(std::span<const std::byte> bytes)
    {
        recording.listener.forget();
        recording.begin(config, recording.server->files_url());
        recording.upload->start();
        recording.write(bytes);
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload.reset();
        ASSERT_STR(recording.listener.complete_->sha256, sha256(bytes));
        g_assert_false(recording.listener.failure_.has_value());
    }

    // The same address, without what was odd about it.
    void heal()
    {
        StandinOptions options;
        options.listen = recording.server->url().substr(std::strlen("http://"));
        recording.server->stop();
        auto healthy = Standin::start(std::move(options));
        g_assert_true(healthy.ok());
        recording.server = std::move(*healthy);
    }

    bool warned(const std::string &words) const
    {
        const auto &warnings = recording.listener.warnings_;
        return std::any_of(warnings.begin(), warnings.end(), [&](const Error &warning) {
            return warning.message.find(words) != std::string::npos;
        });
    }

    std::string send_again(const SpooledUpload &upload) const
    {
        return "gst-tus-recover --send-again " + upload.id + " '" + folder.get() + "'";
    }

    std::vector<SpooledUpload> left() const
    {
        auto listed = list_uploads(folder.get());
        g_assert_true(listed.ok());
        return std::move(*listed);
    }

    // Its exit status; its output in `said`.
    int recover(std::vector<const char *> arguments)
    {
        arguments.insert(arguments.begin(), g_getenv("GST_TUS_RECOVER"));
        arguments.push_back(folder.get());
        arguments.push_back(nullptr);
        char *out = nullptr;
        int status = 0;
        g_assert_true(g_spawn_sync(nullptr, const_cast<char **>(arguments.data()), nullptr,
                                   G_SPAWN_DEFAULT, nullptr, nullptr, &out, nullptr, &status,
                                   nullptr));
        const GCharOwn own(out);
        g_test_message("%s", out);
        said = out;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    bool says(const std::string &words) const { return said.find(words) != std::string::npos; }

    GCharOwn folder{g_dir_make_tmp("live-upload-XXXXXX", nullptr)};
    UploadConfig config = quick_config();
    Recording recording;
    std::string said;
};

void what_the_service_refuses_is_kept_and_sent_again(SpoolMode mode)
{
    Kept kept(mode);
    const std::vector<std::byte> bytes = noise(900000);
    kept.refuse(bytes);
    const Listener &listener = kept.recording.listener;
    g_assert_cmpuint(listener.kept_.size(), ==, 1);
    const std::vector<SpooledUpload> left = kept.left();
    g_assert_cmpuint(left.size(), ==, 1);
    ASSERT_STR(listener.kept_.front().path, left.front().folder);
    ASSERT_STR(listener.spool_path_, left.front().folder);
    g_assert_cmpuint(listener.kept_.front().bytes_missing, ==, bytes.size());
    g_assert_true(listener.kept_.front().command == kept.send_again(left.front()));
    g_assert_nonnull(std::strstr(listener.failure_->message.c_str(), "File Invalid"));
    g_assert_cmpuint(left.front().begin, ==, 0);
    g_assert_cmpuint(left.front().end, ==, bytes.size());

    // Nobody asked for it.
    g_assert_cmpint(kept.recover({"--list"}), ==, 0);
    g_assert_true(kept.says("sent, not proved"));
    g_assert_cmpint(kept.recover({}), ==, 1);
    g_assert_true(kept.says("sent, not proved"));
    g_assert_cmpuint(kept.left().size(), ==, 1);
    g_assert_cmpuint(kept.recording.server->snapshot().uploads.size(), ==, 1);

    g_assert_cmpint(kept.recover({"--send-again", "upload-0"}), ==, 1);
    g_assert_cmpint(kept.recover({"--send-again", left.front().id.c_str()}), ==, 0);
    g_assert_true(kept.says("sha256: " + sha256(bytes)));
    const Snapshot snapshot = kept.recording.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 2);
    for (const auto &[id, record] : snapshot.uploads)
        ASSERT_STR(record.sha256, sha256(bytes));
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

void refused_overflow()
{
    what_the_service_refuses_is_kept_and_sent_again(SpoolMode::kOverflow);
}

void refused_always()
{
    what_the_service_refuses_is_kept_and_sent_again(SpoolMode::kAlways);
}

void what_is_not_proved_is_kept_with_a_warning()
{
    Kept kept(SpoolMode::kOverflow);
    Recording &recording = kept.recording;
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload = std::make_unique<LiveUpload>(
        kept.config,
        std::make_unique<PickyTarget>(recording.server->files_url(), PickyTarget::Says::kNothing),
        recording.transport, recording.listener);
    recording.upload->set_hints({});
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload.reset();
    g_assert_false(recording.listener.failure_.has_value());
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, 1);
    g_assert_cmpuint(recording.listener.kept_.size(), ==, 1);
    g_assert_cmpuint(kept.left().size(), ==, 1);
    g_assert_cmpint(kept.recover({"--send-again", kept.left().front().id.c_str()}), ==, 0);
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

// Stopped while it was waited for: nothing is known of the recording, nor of the service.
void what_was_not_waited_for_is_kept_with_a_warning()
{
    for (const bool whole : {true, false}) {
        Kept kept(SpoolMode::kOverflow, whole ? std::uint64_t{8} << 20 : 0);
        kept.config.keep_until_proved = whole;
        Recording &recording = kept.recording;
        kept.give_memory_for_all();
        const std::vector<std::byte> bytes = noise(3 << 20);
        recording.upload = std::make_unique<LiveUpload>(
            kept.config,
            std::make_unique<PickyTarget>(recording.server->files_url(),
                                          PickyTarget::Says::kNothingForLong),
            recording.transport, recording.listener);
        recording.upload->set_hints({});
        recording.upload->start();
        recording.write(bytes);
        recording.upload->finish();
        g_assert_true(recording.listener.wait_for(
            [](const Listener &told) { return told.complete_.has_value(); }));
        recording.upload->stop(OnStop::kFinish);
        recording.upload.reset();
        g_assert_false(recording.listener.failure_.has_value());
        g_assert_cmpuint(recording.listener.warnings_.size(), ==, whole ? 1 : 0);
        g_assert_cmpuint(recording.listener.kept_.size(), ==, whole ? 1 : 0);
        g_assert_cmpuint(kept.left().size(), ==, whole ? 1 : 0);
        g_assert_false(Proofs(kept.folder.get(), recording.server->files_url()).has());
        if (whole)
            g_assert_cmpint(kept.recover({"--send-again", kept.left().front().id.c_str()}), ==, 0);
        g_assert_cmpuint(kept.left().size(), ==, 0);
    }
}

StandinOptions without_head()
{
    StandinOptions options;
    options.habits = {"no-head"};
    return options;
}

// Every recording is, as long as the server has shown nothing.
void what_no_head_has_confirmed_is_kept_and_sent_again()
{
    for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
        Kept kept(mode, 64 << 10, without_head());
        kept.config.keep_until_proved = true;
        kept.give_memory_for_all();
        const std::vector<std::byte> bytes = noise(3000000);
        for (const std::size_t count : {1U, 2U}) {
            kept.record(bytes);
            const std::vector<SpooledUpload> left = kept.left();
            g_assert_cmpuint(left.size(), ==, count);
            g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 1);
            const UploadKept &told = kept.recording.listener.kept_.front();
            g_assert_cmpuint(told.bytes_missing, ==, bytes.size());
            const auto same = std::find_if(left.begin(), left.end(), [&](const auto &upload) {
                return upload.folder == told.path;
            });
            g_assert_true(same != left.end());
            g_assert_cmpuint(same->begin, ==, 0);
            g_assert_cmpuint(same->end, ==, bytes.size());
            g_assert_true(told.command == kept.send_again(*same));
            g_assert_true(kept.warned(told.path) && kept.warned(told.command));
            g_assert_true(kept.warned("keep-until-proved=false"));
        }
        g_assert_cmpint(kept.recover({}), ==, 1);
        g_assert_true(kept.says("sent, not proved"));
        // with its length from the beginning, that server can take it
        g_assert_cmpint(kept.recover({"--send-again", kept.left().front().id.c_str()}), ==, 0);
        kept.heal();
        g_assert_cmpint(kept.recover({"--send-again", kept.left().front().id.c_str()}), ==, 0);
        g_assert_true(kept.says("sha256: " + sha256(bytes)));
        kept.recording.check_stored(bytes);
        g_assert_cmpuint(kept.left().size(), ==, 0);
    }
}

// A server that loses what it has acknowledged must not cost the only copy.
void sending_again_in_vain_leaves_the_copy_whole()
{
    Kept kept(SpoolMode::kOverflow, 64 << 10, without_head());
    kept.config.keep_until_proved = true;
    kept.give_memory_for_all();
    const std::vector<std::byte> bytes = noise(28 << 20); // more than a margin
    kept.record(bytes);
    const std::string id = kept.left().front().id;
    g_assert_true(kept.recording.server->add_fault("on PATCH from 3: answer 503").ok());
    g_assert_cmpint(kept.recover({"--outage-timeout=2", "--send-again", id.c_str()}), ==, 1);
    g_assert_cmpuint(kept.left().size(), ==, 1);
    g_assert_cmpuint(kept.left().front().begin, ==, 0);
    g_assert_cmpuint(kept.left().front().end, ==, bytes.size());
    kept.heal(); // it has forgotten everything
    g_assert_cmpint(kept.recover({}), ==, 1);
    g_assert_cmpint(kept.recover({"--send-again", id.c_str()}), ==, 0);
    kept.recording.check_stored(bytes);
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

void a_proved_server_without_head_costs_nothing()
{
    Kept kept(SpoolMode::kOverflow, 64 << 10);
    kept.config.keep_until_proved = true;
    const std::vector<std::byte> bytes = noise(3000000);
    kept.record(bytes);
    g_assert_true(kept.recording.server->add_fault("on HEAD any: answer 405").ok());
    kept.record(bytes);
    g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 0);
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

void without_head_nothing_is_kept_where_that_is_not_wanted()
{
    for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
        Kept kept(mode, 64 << 10, without_head());
        kept.record(noise(3000000));
        g_assert_true(kept.warned("HEAD"));
        g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 0);
        g_assert_cmpuint(kept.left().size(), ==, 0);
    }
}

void a_joined_upload_that_no_head_has_confirmed_is_kept()
{
    StandinOptions options = without_head();
    options.extensions = {"creation", "concatenation", "termination"};
    Kept kept(SpoolMode::kOverflow, std::uint64_t{8} << 20, std::move(options));
    kept.config.keep_until_proved = true;
    kept.give_memory_for_all();
    const std::vector<std::byte> bytes = noise(3000000);
    kept.record(bytes);
    g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 1);
    g_assert_true(kept.warned(kept.recording.listener.kept_.front().command));
    kept.heal();
    g_assert_cmpint(kept.recover({"--send-again", kept.left().front().id.c_str()}), ==, 0);
    kept.recording.check_stored(bytes);
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

// --- while it is recorded ------------------------------------------------------------------------

// As a source does that is slower than the network: nothing has to go to the disk for want of room.
// The last byte waits for what follows it.
void write_slowly(Recording &recording, std::span<const std::byte> bytes)
{
    constexpr std::size_t kStep = 128 << 10;
    for (std::size_t at = 0; at < bytes.size(); at += kStep) {
        const auto part = bytes.subspan(at, std::min(kStep, bytes.size() - at));
        recording.write(part);
        g_assert_true(comes_true(
            [&] { return recording.upload->stats().bytes_acked + 1 >= at + part.size(); }));
    }
}

void the_first_recording_of_a_server_pays_and_no_other()
{
    Kept kept(SpoolMode::kOverflow, 64 << 10);
    kept.config.keep_until_proved = true;
    const std::vector<std::byte> bytes = noise(4 << 20);
    for (const bool first : {true, false}) {
        Recording &recording = kept.recording;
        recording.begin(kept.config, recording.server->files_url());
        recording.upload->start();
        write_slowly(recording, bytes);
        const std::uint64_t memory = kept.config.replay.max_memory;
        if (first) // all but the margin, and what makes up the last block
            g_assert_true(comes_true([&] {
                return recording.upload->stats().bytes_on_disk >= bytes.size() - memory / 2;
            }));
        const UploadStats stats = recording.upload->stats();
        if (first)
            g_assert_cmpuint(stats.bytes_on_disk + stats.bytes_in_memory, >=, bytes.size());
        else
            g_assert_cmpuint(stats.bytes_on_disk, ==, 0); // the journal is no recording
        g_assert_cmpuint(stats.bytes_in_memory, <=, memory);
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload.reset();
        g_assert_cmpuint(recording.listener.warnings_.size(), ==, 0);
        g_assert_cmpuint(recording.listener.kept_.size(), ==, 0);
        g_assert_cmpuint(kept.left().size(), ==, 0);
    }
}

void eight_first_recordings_at_once_agree()
{
    Kept kept(SpoolMode::kOverflow, 64 << 10);
    kept.config.keep_until_proved = true;
    kept.give_memory_for_all();
    const std::string endpoint = kept.recording.server->files_url();
    const std::vector<std::byte> bytes = noise(2 << 20);

    struct One {
        Listener listener;
        std::unique_ptr<LiveUpload> upload;
        std::unique_ptr<std::thread> source;
    };

    std::array<One, 8> all;
    for (One &one : all) {
        one.upload = std::make_unique<LiveUpload>(kept.config,
                                                  std::make_unique<TusTarget>(endpoint, Metadata{}),
                                                  kept.recording.transport, one.listener);
        one.upload->set_hints({});
        one.upload->start();
        one.source = std::make_unique<std::thread>([&one, &bytes] {
            for (std::size_t at = 0; at < bytes.size(); at += 16384)
                g_assert_true(one.upload->write(std::span(bytes).subspan(at, 16384)).taken ==
                              16384);
            one.upload->finish();
            g_assert_true(one.upload->wait_drained() == DrainStatus::kComplete);
        });
    }
    for (One &one : all) {
        one.source->join();
        one.upload.reset();
        g_assert_cmpuint(one.listener.kept_.size(), ==, 0);
        g_assert_cmpuint(one.listener.warnings_.size(), ==, 0);
    }
    const Snapshot snapshot = kept.recording.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, all.size());
    for (const auto &[id, record] : snapshot.uploads)
        ASSERT_STR(record.sha256, sha256(bytes));
    const GCharOwn file(g_build_filename(kept.folder.get(), "proofs", nullptr));
    char *text = nullptr;
    g_assert_true(g_file_get_contents(file.get(), &text, nullptr, nullptr));
    const GCharOwn own(text);
    g_assert_true(text == "notes-length " + endpoint + "\n");
    // and nothing else is there: see ~Kept
}

void a_full_spool_costs_one_warning_and_no_byte()
{
    for (const bool head : {true, false}) {
        for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
            Kept kept(mode, 64 << 10, head ? StandinOptions() : without_head());
            kept.config.keep_until_proved = true;
            kept.config.replay.max_spool_size = 1 << 20;
            Recording &recording = kept.recording;
            const std::vector<std::byte> bytes = noise(4 << 20);
            recording.begin(kept.config, recording.server->files_url());
            recording.upload->start();
            write_slowly(recording, bytes);
            recording.upload->finish();
            g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
            recording.upload.reset();
            recording.check_stored(bytes);
            g_assert_true(kept.warned("is not kept any longer"));
            g_assert_cmpuint(recording.listener.warnings_.size(), ==, head ? 1 : 2);
            g_assert_cmpuint(recording.listener.kept_.size(), ==, 0);
            g_assert_cmpuint(kept.left().size(), ==, 0);
        }
    }
}

void without_its_beginning_nothing_is_kept()
{
    Kept kept(SpoolMode::kOverflow, 0);
    kept.refuse(noise(3 << 20));
    g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 0);
    g_assert_cmpuint(kept.left().size(), ==, 0);
    g_assert_nonnull(std::strstr(kept.recording.listener.failure_->message.c_str(),
                                 "not kept here: its beginning is gone"));
}

void without_a_spool_nothing_is_kept()
{
    Kept kept(SpoolMode::kNever);
    kept.refuse(noise(100000));
    g_assert_cmpuint(kept.recording.listener.kept_.size(), ==, 0);
    g_assert_cmpuint(kept.left().size(), ==, 0);
}

void stop_that_keeps_tells_what_and_how_to_finish_it()
{
    for (const OnStop policy : {OnStop::kKeep, OnStop::kFinish}) {
        Kept kept(SpoolMode::kOverflow);
        kept.config.stop_timeout = milliseconds(300);
        kept.recording.begin(kept.config, kept.recording.server->files_url());
        kept.recording.server->go_away();
        kept.recording.upload->start();
        const std::vector<std::byte> bytes = noise(100000);
        kept.recording.write(bytes);
        kept.recording.upload->stop(policy);
        kept.recording.upload.reset();
        const auto &told = kept.recording.listener.kept_;
        g_assert_cmpuint(told.size(), ==, 1);
        g_assert_cmpuint(told.front().bytes_missing, ==, bytes.size());
        ASSERT_STR(told.front().path, kept.left().front().folder);
        g_assert_true(told.front().command ==
                      std::string("gst-tus-recover '") + told.front().path + "'");
        g_assert_true(kept.recording.server->come_back().ok());
        g_assert_cmpint(kept.recover({}), ==, 0);
        g_assert_true(kept.says("sha256: " + sha256(bytes)));
        kept.recording.check_stored(bytes);
    }
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/kept/refused", refused_overflow);
        add_test("/live-upload/kept/refused-with-every-byte-on-disk", refused_always);
        add_test("/live-upload/kept/not-proved", what_is_not_proved_is_kept_with_a_warning);
        add_test("/live-upload/kept/not-waited-for",
                 what_was_not_waited_for_is_kept_with_a_warning);
        add_test("/live-upload/kept/sent-in-vain", sending_again_in_vain_leaves_the_copy_whole);
        add_test("/live-upload/kept/no-head", what_no_head_has_confirmed_is_kept_and_sent_again);
        add_test("/live-upload/kept/no-head-but-proved",
                 a_proved_server_without_head_costs_nothing);
        add_test("/live-upload/kept/no-head-not-wanted",
                 without_head_nothing_is_kept_where_that_is_not_wanted);
        add_test("/live-upload/kept/no-head-joined",
                 a_joined_upload_that_no_head_has_confirmed_is_kept);
        add_test("/live-upload/kept/first-recording",
                 the_first_recording_of_a_server_pays_and_no_other);
        add_test("/live-upload/kept/eight-at-once", eight_first_recordings_at_once_agree);
        add_test("/live-upload/kept/full-spool", a_full_spool_costs_one_warning_and_no_byte);
        add_test("/live-upload/kept/not-whole", without_its_beginning_nothing_is_kept);
        add_test("/live-upload/kept/no-spool", without_a_spool_nothing_is_kept);
        add_test("/live-upload/kept/stopped", stop_that_keeps_tells_what_and_how_to_finish_it);
    });
}
