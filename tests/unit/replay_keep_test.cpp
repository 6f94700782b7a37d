// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is kept of a recording where the disk is full or fails.
#include "replay/recovery.h"
#include "replay_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

void spill_all(ReplayStore &store)
{
    store.set_due(TimePoint::max());
    while (auto spill = store.begin_spill()) {
        (void)spill->run();
        store.end_spill(std::move(spill));
    }
}

void expect_kept(const StoreTest &test, std::uint64_t begin, std::uint64_t end)
{
    const auto ids = test.dir.entries(test.dir.spool());
    g_assert_cmpuint(ids.size(), ==, 1);
    const auto opened = open_upload(test.dir.spool(), ids.front());
    if (!opened)
        g_error("%s", opened.error().message.c_str());
    g_assert_cmpuint(opened->store->begin(), <=, begin);
    g_assert_cmpuint(opened->store->end(), ==, end);
    assert_holds_all(*opened->store);
}

// The journal was there before: what it speaks of stays, also if nothing can be added to it.
void disk_that_takes_nothing_loses_nothing()
{
    for (const int error : {ENOSPC, EIO, EROFS}) {
        StoreTest test;
        {
            ReplayStore store(test.config(SpoolMode::kOverflow), test.disk);
            store.spill_by_thread();
            append(store, kWindow / 2);
            store.begin_journal();
            spill_all(store);
            store.note("upload-url", "http://server/2");
            test.disk.fail_from = test.disk.calls;
            test.disk.failures = ~std::uint64_t{0} >> 1;
            test.disk.error = error;
            const auto kept = store.keep();
            g_assert_false(kept.ok());
            g_assert_cmpuint(*kept.error().offset, ==, kWindow / 2);
            test.disk.failures = 0; // the folder could be removed
        }
        expect_kept(test, 0, kWindow / 2);
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/replay/keep/disk-takes-nothing", disk_that_takes_nothing_loses_nothing);
    return g_test_run();
}
