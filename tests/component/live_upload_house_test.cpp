// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Many uploads in one process: who goes first after an outage, who says that there is one, what
// they take together, and that a live one does not notice.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "upload/process.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <glib/gstdio.h>
#include <sys/resource.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::size_t kBytes = 200000; // several requests

struct House {
    // One upload after the other, each with a listener of its own.
    struct Guest {
        Listener listener;
        std::vector<std::byte> bytes;
        std::unique_ptr<LiveUpload> upload;
    };

    explicit House(unsigned most = 4, StandinOptions options = {})
    {
        config.max_parallel_uploads = most;
        auto started = Standin::start(std::move(options));
        g_assert_true(started.ok());
        server = std::move(*started);
    }

    Guest &begin(std::size_t length = kBytes, bool ended = false)
    {
        const std::string name = cat("fragment-", guests.size());
        Guest &guest = guests.emplace_back();
        guest.bytes = noise(length + guests.size()); // no two are alike
        guest.upload = std::make_unique<LiveUpload>(
            config, std::make_unique<TusTarget>(server->files_url(), Metadata{{"filename", name}}),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, guest.listener);
        guest.upload->set_hints({});
        if (!ended) // else nothing is tried before the end is known
            guest.upload->start();
        const WriteResult result = guest.upload->write(guest.bytes);
        g_assert_cmpuint(result.taken, ==, guest.bytes.size());
        if (ended) {
            guest.upload->finish();
            guest.upload->start();
        }
        return guest;
    }

    void begin_fragments(int count)
    {
        for (int i = 0; i < count; ++i)
            begin(kBytes, true);
    }

    void begin_one_that_sends()
    {
        begin(kBytes, true);
        g_assert_true(server->wait_for([](const Snapshot &now) { return now.count("PATCH") > 0; },
                                       kPatience));
    }

    void all_complete()
    {
        for (Guest &guest : guests) {
            g_assert_true(guest.upload->wait_drained() == DrainStatus::kComplete);
            guest.upload->stop(OnStop::kFinish);
            g_assert_false(guest.listener.failure_.has_value());
        }
        const Snapshot now = server->snapshot();
        std::multiset<std::string> there;
        for (const auto &[id, record] : now.uploads) {
            if (record.finished)
                there.insert(record.sha256);
        }
        g_assert_cmpuint(there.size(), ==, guests.size());
        for (const Guest &guest : guests)
            g_assert_cmpuint(there.count(sha256(guest.bytes)), ==, 1);
        g_assert_cmpuint(now.unannounced_offsets, ==, 0);
    }

    std::size_t queued() const
    {
        return static_cast<std::size_t>(
            std::count_if(guests.begin(), guests.end(), [](const Guest &guest) {
                return guest.upload->stats().state == "waiting" &&
                       guest.upload->stats().requests == 0;
            }));
    }

    UploadConfig config = quick_config();
    std::unique_ptr<Standin> server;
    std::deque<Guest> guests;
};

std::size_t warnings_of(const House &house)
{
    std::size_t sum = 0;
    for (const House::Guest &guest : house.guests) {
        sum += static_cast<std::size_t>(
            std::count_if(guest.listener.stalls_.begin(), guest.listener.stalls_.end(),
                          [](const UploadStalled &stalled) { return stalled.first; }));
    }
    return sum;
}

// Whose bytes came, in the order in which they began to.
std::vector<std::string> order_of_bytes(const Snapshot &now)
{
    std::vector<std::string> paths;
    for (const auto &request : now.requests) {
        if (request.request.method == "PATCH" &&
            std::find(paths.begin(), paths.end(), request.request.path) == paths.end())
            paths.push_back(request.request.path);
    }
    std::vector<std::string> names;
    for (const std::string &path : paths) {
        for (const auto &[id, record] : now.uploads) {
            if (path.ends_with(record.url_path))
                names.push_back(record.metadata.at("filename"));
        }
    }
    return names;
}

void fragments_arrive_in_order_after_an_outage()
{
    House house(1);
    house.server->go_away();
    house.begin_fragments(12);
    g_assert_true(house.guests[0].listener.wait_for(
        [](const Listener &now) { return now.stalls_.size() > 2; }));
    g_assert_true(house.server->come_back().ok());
    house.all_complete();
    const std::vector<std::string> order = order_of_bytes(house.server->snapshot());
    g_assert_cmpuint(order.size(), ==, 12);
    for (std::size_t i = 0; i < order.size(); ++i)
        ASSERT_STR(order[i], cat("fragment-", i));
    g_assert_cmpuint(warnings_of(house), ==, 1);
    // who waited for its turn did not try; of threads that begin at once, another may be first
    std::size_t tried = 0;
    for (std::size_t i = 1; i < 12; ++i)
        tried += house.guests[i].listener.stalls_.size();
    g_assert_cmpuint(tried, <=, 2);
}

void live_one_is_not_kept_waiting()
{
    House house(1);
    g_assert_true(house.server->add_fault("on PATCH 1: stall 60 s after 1000 bytes").ok());
    house.begin_one_that_sends();
    house.begin_fragments(2);
    g_assert_true(comes_true([&] { return house.queued() == 2; }));
    House::Guest &live = house.begin();
    g_assert_true(live.listener.wait_for(
        [](const Listener &now) { return now.progress_.bytes_acked > kBytes / 2; }));
    live.upload->finish();
    house.all_complete();
}

void stop_keeps_who_waits_at_once()
{
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    House house(1);
    house.config.replay.spool_mode = SpoolMode::kOverflow;
    house.config.replay.spool_dir = folder.get();
    house.config.stop_timeout = seconds(600); // the test's own limit finds that it is waited for
    house.config.runtime.progress_interval = milliseconds(10);
    g_assert_true(house.server->add_fault("on PATCH any: stall 60 s after 1000 bytes").ok());
    house.begin_one_that_sends();
    house.begin_fragments(1);
    g_assert_true(comes_true([&] { return house.queued() == 1; }));
    House::Guest &waits = house.guests[1];
    std::uint64_t beats = 0;
    (void)waits.listener.wait_for([&](const Listener &now) {
        beats = now.beats_;
        return true;
    });
    g_assert_true(
        waits.listener.wait_for([&](const Listener &now) { return now.beats_ > beats + 2; }));
    waits.upload->stop(OnStop::kFinish);
    g_assert_cmpuint(waits.listener.kept_.size(), ==, 1);
    g_assert_cmpuint(waits.upload->stats().requests, ==, 0);
    house.server->clear_faults();
    house.guests[0].upload->stop(OnStop::kTerminate);
    const GCharOwn command(g_strdup_printf("rm -r '%s'", folder.get()));
    g_assert_true(g_spawn_command_line_sync(command.get(), nullptr, nullptr, nullptr, nullptr));
}

void drain_timeout_counts_for_who_waits()
{
    House house(1);
    g_assert_true(house.server->add_fault("on PATCH 1: stall 60 s after 1000 bytes").ok());
    house.config.runtime.timeout = seconds(600);
    house.begin_one_that_sends();
    house.config.runtime.drain_timeout = milliseconds(300);
    house.begin_fragments(1);
    g_assert_true(house.guests[1].upload->wait_drained() == DrainStatus::kFailed);
    house.guests[1].upload->stop(OnStop::kFinish);
    g_assert_true(house.guests[1].listener.failure_->message.find("drain-timeout") !=
                  std::string::npos);
    house.guests[0].upload->stop(OnStop::kTerminate);
}

void paused_one_gives_its_turn_back()
{
    House house(1);
    house.config.runtime.paused = true;
    house.begin_fragments(1);
    house.config.runtime.paused = false;
    house.begin_fragments(1);
    g_assert_true(house.guests[1].upload->wait_drained() == DrainStatus::kComplete);
    house.guests[0].upload->update(house.config.runtime);
    house.all_complete();
}

// One of which PATCHes are never answered does not hold up the others.
void stuck_one_does_not_hold_up_the_others()
{
    House house(2);
    house.config.runtime.timeout = seconds(1);
    g_assert_true(house.server->add_fault("on PATCH 1-2: stall 60 s after 1000 bytes").ok());
    house.begin_fragments(6);
    house.all_complete();
}

void memory_of_all_is_bounded()
{
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    constexpr std::uint64_t kBound = std::uint64_t{4} << 20, kBlock = std::uint64_t{256} << 10;
    House house(4);
    house.config.replay.spool_mode = SpoolMode::kOverflow;
    house.config.replay.spool_dir = folder.get();
    house.config.replay.max_memory = std::uint64_t{4} << 20;
    house.config.replay.rollback_margin = 0;
    house.config.chunk_size = std::uint64_t{1} << 20;
    house.config.max_process_memory = kBound;
    house.server->go_away();
    for (int i = 0; i < 6; ++i) {
        house.begin(std::size_t{3} << 20).upload->finish();
        g_assert_cmpuint(Process::memory()->used(), <=, kBound + 2 * house.guests.size() * kBlock);
    }
    g_assert_true(house.server->come_back().ok());
    house.all_complete();
    house.guests.clear();
    g_assert_cmpuint(Process::memory()->used(), ==, 0);
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

// More of them than there is room for what the server may go back to: that gives way, as long as
// all that comes is confirmed soon. Nothing has to go to the disk.
void many_that_keep_up_stay_in_memory()
{
    constexpr std::uint64_t kBound = std::uint64_t{8} << 20, kMargin = std::uint64_t{1} << 20;
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    House house;
    house.config.replay.spool_mode = SpoolMode::kOverflow;
    house.config.replay.spool_dir = folder.get();
    house.config.replay.max_memory = std::uint64_t{4} << 20;
    house.config.replay.rollback_margin = kMargin;
    house.config.max_process_memory = kBound;
    house.config.runtime.flush_interval = milliseconds(1);
    for (int i = 0; i < 12; ++i)
        house.begin(0);
    for (int round = 0; round < 24; ++round) { // a margin and a half
        for (House::Guest &guest : house.guests) {
            const std::vector<std::byte> more = noise((64 << 10) + guest.bytes.size());
            guest.bytes.insert(guest.bytes.end(), more.begin(), more.begin() + (64 << 10));
            (void)guest.upload->write(std::span(guest.bytes).last(64 << 10));
            g_assert_true(comes_true(
                [&] { return guest.upload->stats().bytes_acked + 1 >= guest.bytes.size(); }));
        }
        g_assert_cmpuint(Process::memory()->used(), <=, kBound);
    }
    std::uint64_t on_disk = 0; // the last byte of one that was slow, say
    for (House::Guest &guest : house.guests) {
        on_disk += guest.upload->stats().bytes_on_disk;
        guest.upload->finish();
    }
    g_assert_cmpuint(on_disk, <, kMargin);
    house.all_complete();
    house.guests.clear();
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

std::size_t open_descriptors()
{
    std::error_code gone;
    const std::filesystem::directory_iterator all("/proc/self/fd", gone), end;
    return static_cast<std::size_t>(std::distance(all, end));
}

bool all_on_disk(const House &house)
{
    return std::all_of(house.guests.begin(), house.guests.end(), [](const House::Guest &guest) {
        const UploadStats now = guest.upload->stats();
        return now.bytes_in_memory == 0 && now.bytes_on_disk == guest.bytes.size();
    });
}

// An hour without the server, a fragment every ten seconds: what waits is on the disk, and takes
// neither the memory nor the descriptors that most processes have.
void three_hundred_and_sixty_fragments_wait_on_the_disk()
{
    struct rlimit before {};

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    struct rlimit usual = before;
    usual.rlim_cur = std::min<rlim_t>(1024, before.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &usual), ==, 0);
    {
        const GCharOwn folder(g_dir_make_tmp("house-XXXXXX", nullptr));
        House house;
        house.config.replay.spool_mode = SpoolMode::kOverflow;
        house.config.replay.spool_dir = folder.get();
        house.config.chunk_size = 256 << 10;
        house.server->go_away();
        const std::uint64_t used = Process::memory()->used();
        for (int i = 0; i < 360; ++i) {
            house.begin(100000).upload->finish();
            // they come one after the other, in time: what is before them has come to rest
            if (i % 10 == 9)
                g_assert_true(comes_true([&] {
                    return all_on_disk(house) && open_descriptors() < 200 + 2 * house.guests.size();
                }));
        }
        g_assert_true(comes_true([&] { return all_on_disk(house); }));
        g_assert_cmpuint(Process::memory()->used(), ==, used);
        g_assert_cmpuint(warnings_of(house), ==, 1);
        for (const House::Guest &guest : house.guests) {
            for (const Error &warning : guest.listener.warnings_)
                g_error("%s %s", warning.message.c_str(), warning.detail.c_str());
        }
        g_assert_true(house.server->come_back().ok());
        house.all_complete();
        house.guests.clear();
        g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
    }
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
}

// Threads of this process by their name.
std::size_t threads_named(const std::string &name)
{
    std::size_t count = 0;
    std::error_code gone;
    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
        std::ifstream file(task.path() / "comm");
        std::string comm;
        count += std::getline(file, comm) && comm == name ? 1 : 0;
    }
    return count;
}

// While the server keeps up: one that sends, one for the disk where there is one, and for all
// together one that watches the requests.
void live_ones_have_few_threads()
{
    constexpr std::size_t kMany = 10;
    for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kOverflow, SpoolMode::kAlways}) {
        const GCharOwn folder(g_dir_make_tmp("house-XXXXXX", nullptr));
        House house;
        house.config.replay.spool_mode = mode;
        house.config.replay.spool_dir = folder.get();
        for (std::size_t i = 0; i < kMany; ++i)
            house.begin();
        for (House::Guest &guest : house.guests)
            g_assert_true(comes_true([&] { return guest.upload->stats().bytes_acked > 0; }));
        g_assert_cmpuint(threads_named("tus-upload"), ==, kMany);
        g_assert_cmpuint(threads_named("tus-disk"), ==, mode == SpoolMode::kNever ? 0 : kMany);
        g_assert_cmpuint(threads_named("tus-alarm"), <=, 1); // it ends when idle
        for (House::Guest &guest : house.guests)
            guest.upload->finish();
        house.all_complete();
        house.guests.clear();
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/house/order", fragments_arrive_in_order_after_an_outage);
        add_test("/live-upload/house/live", live_one_is_not_kept_waiting);
        add_test("/live-upload/house/stop", stop_keeps_who_waits_at_once);
        add_test("/live-upload/house/drain", drain_timeout_counts_for_who_waits);
        add_test("/live-upload/house/paused", paused_one_gives_its_turn_back);
        add_test("/live-upload/house/stuck", stuck_one_does_not_hold_up_the_others);
        add_test("/live-upload/house/memory", memory_of_all_is_bounded);
        add_test("/live-upload/house/keeps-up", many_that_keep_up_stay_in_memory);
        add_test("/live-upload/house/threads", live_ones_have_few_threads);
        add_test("/live-upload/house/fragments",
                 three_hundred_and_sixty_fragments_wait_on_the_disk);
    });
}
