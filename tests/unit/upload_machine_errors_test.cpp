// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and the error table: what it does after the first answer of a kind, and after the
// same again.
#include "machine_script.h"

#include <array>

using namespace gsttus;
using namespace gsttus::test;

namespace {

enum class Then { kAsk, kPauseAsk, kPauseSame, kSame, kRenew, kFail, kOther };

struct Row {
    const char *name;
    char request; // 'P'OST, 'H'EAD, p'A'TCH
    int status;
    const char *text;
    Then first, again;
};

constexpr std::array kRows = {
    Row{"create-400", 'P', 400, "no", Then::kFail, Then::kFail},
    Row{"create-401", 'P', 401, "", Then::kRenew, Then::kOther},
    Row{"create-403", 'P', 403, "", Then::kRenew, Then::kOther},
    Row{"create-404", 'P', 404, "", Then::kFail, Then::kFail},
    Row{"create-410", 'P', 410, "", Then::kFail, Then::kFail},
    Row{"create-405", 'P', 405, "", Then::kFail, Then::kFail},
    Row{"create-408", 'P', 408, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-409", 'P', 409, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-412", 'P', 412, "", Then::kFail, Then::kFail},
    Row{"create-413", 'P', 413, "", Then::kFail, Then::kFail},
    Row{"create-415", 'P', 415, "", Then::kFail, Then::kFail},
    Row{"create-417", 'P', 417, "", Then::kPauseSame, Then::kFail},
    Row{"create-423", 'P', 423, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-425", 'P', 425, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-429", 'P', 429, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-500", 'P', 500, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-502", 'P', 502, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-302", 'P', 302, "", Then::kFail, Then::kFail},
    Row{"head-400", 'H', 400, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-401", 'H', 401, "", Then::kRenew, Then::kOther},
    Row{"head-403", 'H', 403, "", Then::kRenew, Then::kOther},
    Row{"head-405", 'H', 405, "", Then::kOther, Then::kOther},
    Row{"head-408", 'H', 408, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-409", 'H', 409, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-412", 'H', 412, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-423", 'H', 423, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-429", 'H', 429, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-500", 'H', 500, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-501", 'H', 501, "", Then::kOther, Then::kOther},
    Row{"head-503", 'H', 503, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-301", 'H', 301, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-400", 'A', 400, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-400-interrupted", 'A', 400, "ERR_UPLOAD_INTERRUPTED", Then::kPauseAsk,
        Then::kPauseAsk},
    Row{"patch-400-eof", 'A', 400, "ERR_UNEXPECTED_EOF", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-400-stopped", 'A', 400, "ERR_UPLOAD_STOPPED", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-400-length", 'A', 400, "ERR_INVALID_UPLOAD_LENGTH", Then::kAsk, Then::kPauseAsk},
    Row{"patch-400-complete", 'A', 400, "Upload is already complete.", Then::kAsk, Then::kPauseAsk},
    Row{"patch-401", 'A', 401, "", Then::kRenew, Then::kOther},
    Row{"patch-403", 'A', 403, "", Then::kAsk, Then::kAsk}, // with the override, once
    Row{"patch-403-header", 'A', 403, "header required", Then::kAsk, Then::kAsk},
    Row{"patch-404", 'A', 404, "", Then::kAsk, Then::kAsk},
    Row{"patch-410", 'A', 410, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-405", 'A', 405, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-501", 'A', 501, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-408", 'A', 408, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-409", 'A', 409, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-411", 'A', 411, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-412", 'A', 412, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-413", 'A', 413, "", Then::kAsk, Then::kAsk},
    Row{"patch-413-max", 'A', 413, "ERR_MAX_SIZE_EXCEEDED", Then::kAsk, Then::kAsk},
    Row{"patch-415", 'A', 415, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-417", 'A', 417, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-422", 'A', 422, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-423", 'A', 423, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-425", 'A', 425, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-429", 'A', 429, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-460", 'A', 460, "", Then::kAsk, Then::kAsk},
    Row{"patch-500", 'A', 500, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-503", 'A', 503, "ERR_SERVER_SHUTDOWN", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-505", 'A', 505, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-308-nowhere", 'A', 308, "", Then::kPauseAsk, Then::kPauseAsk},
};

// A script whose next answer is that of the row's request.
void bring_to(Script &s, char request)
{
    s.config.chunk_size = 8 * kMiB;
    if (request == 'P') {
        s.starts().expect<Create>();
        return;
    }
    s.starts_and_creates().produces(80 * kMiB).gets(Tick{}).expect<Patch>();
    if (request == 'H')
        s.gets(stale()).expect<Head>();
}

Then what_follows(Script &s)
{
    if (std::holds_alternative<Failed>(s.action))
        return Then::kFail;
    if (std::holds_alternative<RenewCredentials>(s.action))
        return Then::kRenew;
    if (std::holds_alternative<Head>(s.action))
        return Then::kAsk;
    if (std::holds_alternative<Create>(s.action))
        return Then::kSame;
    if (!std::holds_alternative<Wait>(s.action))
        return Then::kOther;
    g_assert_true(s.pause() >= milliseconds(100));
    s.time_passes();
    if (std::holds_alternative<Head>(s.action))
        return Then::kPauseAsk;
    return std::holds_alternative<Create>(s.action) ? Then::kPauseSame : Then::kOther;
}

void row_is_followed(const Row &row)
{
    Script s;
    bring_to(s, row.request);
    s.gets(status(row.status, row.text));
    g_assert_cmpint(static_cast<int>(what_follows(s)), ==, static_cast<int>(row.first));
    if (row.first == Then::kFail) {
        g_assert_cmpint(s.expect<Failed>().error.http_status, ==, row.status);
        return;
    }
    if (row.again == Then::kOther)
        return;
    if (row.request == 'A') // nothing was stored; the same request follows
        s.gets(offset_is(0)).expect<Patch>();
    s.gets(status(row.status, row.text));
    g_assert_cmpint(static_cast<int>(what_follows(s)), ==, static_cast<int>(row.again));
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    for (const Row &row : kRows)
        add_row_test(std::string("/machine-trouble/table/") + row.name, row, row_is_followed);
    return g_test_run();
}
