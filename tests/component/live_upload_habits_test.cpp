// Uploads to servers with an odd habit, one at a time: each was seen to break something. What the
// server has at the end, and what the application is told of it.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "replay/recovery.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

enum class Then {
    kComplete,  // every byte is at the server, which knows that it is all
    kAnew,      // the same, in another upload; a WARNING says so
    kComplains, // complete, with a WARNING
    kKept,      // the same, and the recording is kept: nobody could look whether it is complete
    kFails,     // an ERROR, and what was recorded is kept
};

struct Row {
    const char *name;
    const char *habit;
    Then then = Then::kComplete;
    const char *text = nullptr; // in the ERROR or WARNING
    const char *fault = nullptr;
    LengthMode mode = LengthMode::kAuto;
    std::vector<std::string> extensions = StandinOptions::all_extensions();
};

const std::vector<std::string> kWithoutJoining = {"creation", "creation-defer-length",
                                                  "termination"};
const std::vector<std::string> kWithoutDeferring = {"creation", "concatenation", "termination"};

const std::vector<Row> kRows = {
    {"forget-length", "forget-length", Then::kAnew, "does not note the length", nullptr,
     LengthMode::kAuto, kWithoutJoining},
    {"stale-head", "stale-head=1000000"},
    {"ahead-head", "ahead-head=1000000"},
    {"cookie", "cookie"},
    {"signed", "signed"},
    {"signed-parts", "signed", Then::kComplete, nullptr, nullptr, LengthMode::kConcatenation},
    {"lost-after", "lost-after"},
    {"lost-after-410", "lost-after=410"},
    {"lost-after-403", "lost-after=403"},
    {"slow-create", "slow-create=2"},
    {"options-cut", "options-cut"},
    {"length-zero", "length-zero", Then::kComplains, "unknown length", nullptr, LengthMode::kAuto,
     kWithoutJoining},
    {"length-untold", "length-zero=untold", Then::kComplains, "unknown length", nullptr,
     LengthMode::kAuto, kWithoutJoining},
    {"no-head", "no-head", Then::kKept, "HEAD"},
    {"no-head-and-a-cut", "no-head", Then::kKept, "HEAD", "on PATCH 3: cut"},
    {"head-is-get", "head-is-get", Then::kComplete, nullptr, "on PATCH 3: cut"},
    {"finish-500", "finish-500"},
    {"finish-504", "finish-504"},
    {"finish-500-for-ever", "finish-500=never", Then::kFails, "could not finish"},
    {"needs-filetype", "needs-filetype", Then::kComplete, nullptr, "on PATCH 3: cut"},
    {"joining-is-held", "join-409=3", Then::kComplains, "concatenation", nullptr, LengthMode::kAuto,
     kWithoutDeferring},
    {"joins-too-little", "join-short", Then::kFails, "joined", nullptr, LengthMode::kConcatenation,
     kWithoutDeferring},
};

struct Odd {
    explicit Odd(const Row &row)
    {
        config.chunk_size = 256 << 10;
        config.length_mode = row.mode;
        config.keep_until_proved = true;
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder.get();
        config.replay.rollback_margin = 64 << 10; // less than what is uploaded
        config.runtime.timeout = seconds(1);
        StandinOptions options;
        options.habits = {row.habit};
        options.extensions = row.extensions;
        if (row.fault)
            options.faults = {row.fault};
        recording.emplace(std::move(options), config);
    }

    GCharOwn folder{g_dir_make_tmp("gst-tus-habits-XXXXXX", nullptr)};
    UploadConfig config = quick_config();
    std::optional<Recording> recording;
};

bool says(const std::vector<Error> &errors, const char *text)
{
    return std::any_of(errors.begin(), errors.end(), [&](const Error &error) {
        return error.message.find(text) != std::string::npos;
    });
}

std::size_t whole_uploads(const Snapshot &snapshot, std::span<const std::byte> bytes)
{
    const std::string sum = sha256(bytes);
    std::size_t whole = 0;
    for (const auto &[id, record] : snapshot.uploads)
        whole += record.finished && !record.partial && record.sha256 == sum ? 1 : 0;
    return whole;
}

void the_outcome_is_true(const Row &row)
{
    Odd odd(row);
    Recording &recording = *odd.recording;
    const std::vector<std::byte> bytes = noise(3000000);
    recording.upload->start();
    recording.write(bytes);
    if (row.then == Then::kComplains ||
        row.then == Then::kKept) // while it is recorded: that it lasts is not known yet
        g_assert_true(recording.listener.wait_for(
            [&](const Listener &told) { return says(told.warnings_, row.text); }));
    recording.upload->finish();
    const DrainStatus drained = recording.upload->wait_drained();
    recording.upload->stop(OnStop::kFinish);
    const Listener &told = recording.listener;
    for (const Error &warning : told.warnings_)
        g_test_message("WARNING %s", warning.message.c_str());
    if (told.failure_)
        g_test_message("ERROR %s", told.failure_->message.c_str());
    if (row.then == Then::kFails) {
        g_assert_true(drained == DrainStatus::kFailed);
        g_assert_nonnull(std::strstr(told.failure_->message.c_str(), row.text));
        g_assert_false(told.spool_path_.empty()); // nothing is lost
        g_assert_false(told.complete_.has_value());
        return;
    }
    g_assert_true(drained == DrainStatus::kComplete);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(whole_uploads(snapshot, bytes), ==, 1);
    g_assert_cmpuint(told.complete_->bytes, ==, bytes.size());
    ASSERT_STR(told.complete_->sha256, sha256(bytes));
    if (row.text)
        g_assert_true(says(told.warnings_, row.text));
    if (row.then == Then::kComplete)
        g_assert_cmpuint(told.warnings_.size(), <=, 1); // of an outage
    recording.upload.reset(); // it has the folder
    const std::size_t kept = row.then == Then::kKept ? 1 : 0;
    g_assert_cmpuint(told.kept_.size(), ==, kept);
    for (const UploadKept &copy : told.kept_) {
        const GCharOwn id(g_path_get_basename(copy.path.c_str()));
        g_assert_true(delete_upload(odd.folder.get(), id.get()).ok());
    }
    g_assert_cmpint(remove_spool(odd.folder.get()), ==, 0);
}

void add()
{
    for (const Row &row : kRows)
        add_row_test(cat("/live-upload/habits/", row.name), row, the_outcome_is_true);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add);
}
