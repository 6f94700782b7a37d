// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a recording goes on disk, and what is said of a folder that cannot be used, and when.
#include "base/mutex.h"
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "noise.h"
#include "replay/recovery.h"
#include "upload/spool_check.h"
#include "upload/spool_places.h"

#include <atomic>
#include <cstring>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// statvfs() of this program, which may wait.
class HangingDisk {
public:
    void hang(bool yes)
    {
        const MutexLock lock(mutex_);
        hangs_ = yes;
        changed_.notify_all();
    }

    void wait()
    {
        MutexLock lock(mutex_);
        if (!hangs_)
            return;
        ++calls_;
        changed_.notify_all();
        while (hangs_)
            changed_.wait(lock);
    }

    void await_call()
    {
        MutexLock lock(mutex_);
        while (calls_ == 0)
            changed_.wait(lock);
    }

    int calls()
    {
        const MutexLock lock(mutex_);
        return calls_;
    }

private:
    Mutex mutex_;
    Condition changed_;
    bool hangs_ GUARDED_BY(mutex_) = false;
    int calls_ GUARDED_BY(mutex_) = 0;
};

HangingDisk hanging_disk;

// A folder with things in it that are no place for recordings.
struct Places {
    Places() : root(g_dir_make_tmp("gst-tus-places-XXXXXX", nullptr))
    {
        g_assert_true(g_file_set_contents(path("file").c_str(), "", 0, nullptr));
        g_assert_cmpint(g_mkdir(path("folder").c_str(), 0700), ==, 0);
        g_assert_cmpint(symlink(path("folder").c_str(), path("link").c_str()), ==, 0);
        g_assert_cmpint(symlink("nowhere", path("dangling").c_str()), ==, 0);
        g_assert_cmpint(g_mkdir(path("open").c_str(), 0700), ==, 0);
        g_assert_cmpint(chmod(path("open").c_str(), 0777), ==, 0);
    }

    ~Places()
    {
        for (const char *name : {"file", "link", "dangling"})
            g_assert_cmpint(g_unlink(path(name).c_str()), ==, 0);
        for (const char *name : {"folder", "open"})
            g_assert_cmpint(remove_spool(path(name).c_str()), ==, 0);
        g_assert_cmpint(g_rmdir(root.get()), ==, 0);
    }

    Places(const Places &) = delete;
    Places &operator=(const Places &) = delete;

    std::string path(const char *name) const { return cat(root.get(), '/', name); }

    GCharOwn root;
};

// --- the check -----------------------------------------------------------------------------------

struct CheckRow {
    const char *name, *place, *shared, *says; // says: of the error; nullptr: it can be used
};

const CheckRow kChecks[] = {
    {"folder", "folder", "other", nullptr},
    {"link", "link", "other", nullptr}, // the user's word
    {"file", "file", "other", "is a file"},
    {"below-a-file", "file/below", "other", "cannot be made"},
    {"dangling", "dangling", "other", "cannot be"},
    {"shared", "folder", "folder", nullptr},
    {"shared-link", "link", "link", "is a link"},
    {"shared-link-slash", "link/", "link", "is a link"},
    {"shared-open", "open", "open", "open to others"},
};

void place_is_checked(const CheckRow &row)
{
    const Places places;
    const std::string dir = places.path(row.place);
    const auto result = check_spool_dir(dir, places.path(row.shared));
    const auto waited = check_spool_dir_within(dir, patience(seconds(10)));
    g_assert_true(waited.ok() == check_spool_dir(dir).ok());
    g_assert_true(result.ok() == (row.says == nullptr));
    if (result)
        return;
    const std::string &text = result.error().message;
    g_test_message("%s", text.c_str());
    g_assert_nonnull(std::strstr(text.c_str(), row.says));
    g_assert_true(text.find(dir) != std::string::npos);
    g_assert_nonnull(std::strstr(text.c_str(), "property spool-dir"));
}

void what_is_missing_is_made()
{
    const Places places;
    const std::string deep = places.path("folder/a/b");
    g_assert_true(check_spool_dir(deep).ok());
    for (const char *name : {"folder/a/b", "folder/a"}) {
        GStatBuf info;
        g_assert_cmpint(g_lstat(places.path(name).c_str(), &info), ==, 0);
        g_assert_cmpuint(info.st_mode & 07777, ==, 0700);
        g_assert_cmpint(g_rmdir(places.path(name).c_str()), ==, 0); // nothing is left in it
    }
}

void what_cannot_be_written_to_is_told()
{
    if (geteuid() == 0 && access("/proc/1", W_OK) == 0 && access("/sys", F_OK) != 0) {
        g_test_skip("no read-only file system");
        return;
    }
    for (const char *dir : {"/proc/gst-tus", "/proc", "/sys"})
        g_assert_false(check_spool_dir(dir).ok());
}

// A disk that does not answer: one thread waits for it, whoever asks.
void folder_that_hangs_is_looked_at_once()
{
    const Places places;
    const std::string dir = places.path("folder");
    std::atomic<int> answers = 0;
    hanging_disk.hang(true);
    for (int n = 0; n < 20; ++n)
        look_at_spool_dir(dir, [&answers](const Result<void> &result) { answers += result.ok(); });
    g_assert_false(check_spool_dir_within(dir, std::chrono::milliseconds(50)).ok());
    g_assert_false(check_spool_dir_within(places.path("file"), patience(seconds(10))).ok());
    hanging_disk.await_call();
    g_assert_cmpint(hanging_disk.calls(), ==, 1);
    g_assert_cmpint(answers, ==, 0);
    hanging_disk.hang(false);
    const auto deadline = Clock::now() + patience(seconds(10));
    while (answers < 20 && Clock::now() < deadline)
        g_usleep(1000);
    g_assert_cmpint(answers, ==, 20);
    g_assert_true(check_spool_dir_within(dir, patience(seconds(10))).ok()); // looks anew
}

// --- at the start --------------------------------------------------------------------------------

std::string sink(const std::string &dir, standin::Standin &server, const char *settings)
{
    return cat("tussink name=sink flush-interval=10 spool-dir=", dir,
               " endpoint=", server.files_url(), ' ', settings);
}

int count_of(const std::vector<Message> &messages, GstMessageType type, const std::string &text)
{
    int found = 0;
    for (const Message &message : messages)
        found += GST_MESSAGE_TYPE(message.get()) == type &&
                 error_text(message).find(text) != std::string::npos;
    return found;
}

void a_recording_that_needs_the_disk_does_not_begin()
{
    const Places places;
    const auto server = start_standin();
    for (const char *settings : {"spool-mode=always", "length-mode=spool"}) {
        Pipeline pipeline(short_source() + sink(places.path("file"), *server, settings));
        pipeline.set(GST_STATE_READY);
        g_assert_cmpint(pipeline.request(GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
        const auto messages = pipeline.drain_bus();
        g_assert_cmpint(count_of(messages, GST_MESSAGE_ERROR, places.path("file")), ==, 1);
        g_assert_cmpint(count_of(messages, GST_MESSAGE_ERROR, settings), ==, 1);
    }
    g_assert_cmpuint(server->snapshot().uploads.size(), ==, 0);
}

void the_others_are_warned_at_once()
{
    const Places places;
    const auto server = start_standin();
    Pipeline pipeline("appsrc name=src ! " + sink(places.path("file"), *server, "async=false"));
    pipeline.request(GST_STATE_PLAYING); // no byte ever comes
    const Message message = pipeline.wait_for(GST_MESSAGE_WARNING);
    g_test_message("%s", error_text(message).c_str());
    g_assert_nonnull(std::strstr(error_text(message).c_str(), places.path("file").c_str()));
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "spool-dir"));
    pipeline.request(GST_STATE_NULL);
    Pipeline complete(short_source() + sink(places.path("file"), *server, ""));
    complete.run(); // without the disk
    assert_same_bytes(*server, complete);
    Pipeline never(short_source() + sink(places.path("file"), *server, "spool-mode=never"));
    never.run();
    g_assert_cmpint(count_of(never.seen, GST_MESSAGE_WARNING, ""), ==, 0);
}

// Somebody has made the folder's name before its user did.
void a_trap_is_not_walked_into()
{
    if (geteuid() != 0) {
        g_test_skip("only root can make things of others");
        return;
    }
    const Places places;
    const auto server = start_standin();
    server->go_away();
    g_assert_cmpint(chmod(places.path("open").c_str(), 01777), ==, 0);
    const std::string trap = places.path("open/gst-tus");
    for (const bool link : {true, false}) {
        g_assert_cmpint(link ? symlink(places.path("folder").c_str(), trap.c_str())
                             : g_mkdir(trap.c_str(), 0777),
                        ==, 0);
        g_assert_cmpint(lchown(trap.c_str(), 12345, 12345), ==, 0);
        for (const char *settings : {"", "spool-mode=always"}) {
            Pipeline pipeline(endless_source() +
                              sink(trap, *server, "stop-timeout=50 max-memory=1000000 ") +
                              settings);
            if (pipeline.request(GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
                pipeline.wait_for_bytes(900000);
            pipeline.request(GST_STATE_NULL);
            g_assert_cmpuint(list_uploads(trap)->size(), ==, 0);
        }
        g_assert_cmpint(g_remove(trap.c_str()), ==, 0); // empty
    }
}

// --- the server needs the length -----------------------------------------------------------------

// Takes what is kept below `dir`; returns how many bytes are there.
std::uint64_t take_kept(const std::string &dir)
{
    const auto listed = list_uploads(dir);
    g_assert_true(listed.ok());
    g_assert_cmpuint(listed->size(), ==, 1);
    g_assert_cmpuint(listed->front().begin, ==, 0);
    g_assert_true(delete_upload(dir, listed->front().id).ok());
    return listed->front().end;
}

void it_is_an_error_before_anything_is_lost()
{
    const Places places;
    standin::StandinOptions options;
    options.extensions = {"creation"};
    const auto server = start_standin(std::move(options));
    Pipeline pipeline(endless_source() + sink(places.path("file"), *server, ""));
    const Message message = pipeline.run_to_error();
    const std::string text = error_text(message);
    g_test_message("%s", text.c_str());
    g_assert_nonnull(std::strstr(text.c_str(), "must know the length"));
    g_assert_true(text.find(places.path("file")) != std::string::npos);
    pipeline.request(GST_STATE_READY);
    // what had come is in another place, and the text says where
    g_assert_true(text.find(cat("gst-tus-recover '", default_spool_dir())) != std::string::npos);
    g_assert_cmpuint(take_kept(default_spool_dir()), ==, stat(pipeline.sink(), "bytes-rendered"));
    for (const Message &other : pipeline.seen) // nobody was told that it is on the disk
        g_assert_true(GST_MESSAGE_TYPE(other.get()) != GST_MESSAGE_WARNING ||
                      error_text(other).find("kept on disk") == std::string::npos);
}

void a_stop_keeps_it_in_another_place()
{
    const Places places;
    const auto server = start_standin();
    server->go_away();
    Pipeline pipeline(endless_source() + sink(places.path("file"), *server, "stop-timeout=100"));
    pipeline.request(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(100000);
    pipeline.request(GST_STATE_READY);
    g_assert_cmpint(count_of(pipeline.drain_bus(), GST_MESSAGE_WARNING,
                             cat("gst-tus-recover '", default_spool_dir())),
                    ==, 1);
    g_assert_cmpuint(take_kept(default_spool_dir()), ==, stat(pipeline.sink(), "bytes-rendered"));
}

} // namespace

// Instead of the library's.
int statvfs(const char *path, struct statvfs *space) noexcept
{
    hanging_disk.wait();
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    const int result = fstatvfs(folder, space);
    close(folder);
    return result;
}

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const CheckRow &row : kChecks)
        add_row_test(std::string("/places/check/") + row.name, row, place_is_checked);
    add_test("/places/check/missing", what_is_missing_is_made);
    add_test("/places/check/read-only", what_cannot_be_written_to_is_told);
    add_test("/places/check/hangs", folder_that_hangs_is_looked_at_once);
    add_test("/places/start/needed", a_recording_that_needs_the_disk_does_not_begin);
    add_test("/places/start/overflow", the_others_are_warned_at_once);
    add_test("/places/start/trap", a_trap_is_not_walked_into);
    add_test("/places/length-needed", it_is_an_error_before_anything_is_lost);
    add_test("/places/stop", a_stop_keeps_it_in_another_place);
    return g_test_run();
}
