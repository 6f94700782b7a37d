// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The error table of the protocol, row by row: what an answer means for which request.
#include "base/text.h"
#include "test.h"
#include "tus/answer_rules.h"

#include <array>

using namespace gsttus;

namespace {

constexpr auto kOptions = RequestKind::kOptions;
constexpr auto kCreate = RequestKind::kCreate;
constexpr auto kPatch = RequestKind::kPatch;
constexpr auto kHead = RequestKind::kHead;

struct Row {
    RequestKind request;
    int status;
    const char *text;
    Verdict verdict;
    const char *location = "";
};

constexpr std::array kRows = {
    // 2xx: whatever the exact number
    Row{kOptions, 200, "", Verdict::kSuccess},
    Row{kOptions, 204, "", Verdict::kSuccess},
    Row{kCreate, 201, "", Verdict::kSuccess},
    Row{kCreate, 200, "", Verdict::kSuccess},
    Row{kHead, 200, "", Verdict::kSuccess},
    Row{kHead, 204, "", Verdict::kSuccess},
    Row{kPatch, 204, "", Verdict::kSuccess},
    Row{kPatch, 200, "", Verdict::kSuccess},
    // redirects keep the method, or are an error with a hint
    Row{kOptions, 307, "", Verdict::kRedirect, "http://b/"},
    Row{kCreate, 307, "", Verdict::kRedirect, "http://b/"},
    Row{kCreate, 308, "", Verdict::kRedirect, "http://b/"},
    Row{kHead, 308, "", Verdict::kRedirect, "http://b/1"},
    Row{kPatch, 307, "", Verdict::kRedirect, "http://b/1"},
    Row{kPatch, 308, "", Verdict::kFatal},
    Row{kCreate, 301, "", Verdict::kFatal, "http://b/"},
    Row{kCreate, 302, "", Verdict::kFatal, "http://b/"},
    Row{kHead, 303, "", Verdict::kFatal, "http://b/"},
    Row{kPatch, 302, "", Verdict::kFatal, "http://b/"},
    // 400
    Row{kCreate, 400, "bad metadata", Verdict::kFatal},
    Row{kCreate, 400, "missing Upload-Length header", Verdict::kNoDefer},
    Row{kCreate, 400, "Upload-Defer-Length is not supported", Verdict::kNoDefer},
    Row{kHead, 400, "", Verdict::kDoubtful},
    Row{kPatch, 400, "", Verdict::kDoubtful},
    Row{kPatch, 400, "ERR_UPLOAD_INTERRUPTED: upload has been interrupted", Verdict::kInterrupted},
    Row{kPatch, 400, "ERR_UNEXPECTED_EOF: server expected to receive more", Verdict::kInterrupted},
    Row{kPatch, 400, "Request aborted due to lock acquired", Verdict::kInterrupted},
    Row{kPatch, 400, "ERR_INVALID_UPLOAD_LENGTH: missing or invalid", Verdict::kLengthKnown},
    Row{kPatch, 400, "Upload-Length cannot be updated once set", Verdict::kLengthKnown},
    Row{kPatch, 400, "size already known", Verdict::kLengthKnown},
    Row{kPatch, 400, "Upload is already complete.", Verdict::kLengthKnown},
    Row{kPatch, 400, "File is frozen", Verdict::kLengthKnown},
    Row{kPatch, 400, "Upload-Length or Upload-Defer-Length header required", Verdict::kLengthKnown},
    Row{kPatch, 400, "ERR_UPLOAD_STOPPED: upload has been stopped by server", Verdict::kFatal},
    Row{kPatch, 400, "unsupported checksum algorithm", Verdict::kChecksum},
    // 401, 403
    Row{kCreate, 401, "", Verdict::kRenew},
    Row{kHead, 401, "", Verdict::kRenew},
    Row{kPatch, 401, "", Verdict::kRenew},
    Row{kCreate, 403, "", Verdict::kRenew},
    Row{kHead, 403, "", Verdict::kRenew},
    Row{kPatch, 403, "Forbidden", Verdict::kRenew},
    Row{kPatch, 403, "PATCH to a final upload", Verdict::kDoubtful},
    Row{kPatch, 403, "Content-Type header required", Verdict::kDoubtful},
    // 404, 410
    Row{kCreate, 404, "", Verdict::kGone},
    Row{kHead, 404, "", Verdict::kGone},
    Row{kPatch, 404, "", Verdict::kGone},
    Row{kCreate, 410, "", Verdict::kGone},
    Row{kHead, 410, "", Verdict::kGone},
    Row{kPatch, 410, "", Verdict::kGone},
    // 405, 501
    Row{kCreate, 405, "", Verdict::kFatal},
    Row{kHead, 405, "", Verdict::kFatal},
    Row{kPatch, 405, "", Verdict::kNoMethod},
    Row{kCreate, 501, "", Verdict::kNoDefer},
    Row{kHead, 501, "", Verdict::kFatal},
    Row{kPatch, 501, "", Verdict::kNoMethod},
    Row{kOptions, 405, "", Verdict::kFatal},
    Row{kOptions, 501, "", Verdict::kFatal},
    // 408, 425, 429
    Row{kCreate, 408, "", Verdict::kBusy},
    Row{kHead, 408, "", Verdict::kBusy},
    Row{kPatch, 408, "", Verdict::kBusy},
    Row{kCreate, 425, "", Verdict::kBusy},
    Row{kHead, 425, "", Verdict::kBusy},
    Row{kPatch, 425, "", Verdict::kBusy},
    Row{kCreate, 429, "", Verdict::kBusy},
    Row{kHead, 429, "", Verdict::kBusy},
    Row{kPatch, 429, "", Verdict::kBusy},
    // 409
    Row{kCreate, 409, "", Verdict::kLocked},
    Row{kHead, 409, "", Verdict::kLocked},
    Row{kPatch, 409, "", Verdict::kConflict},
    // 411, 415, 422
    Row{kCreate, 411, "", Verdict::kFatal},
    Row{kCreate, 422, "", Verdict::kFatal},
    Row{kCreate, 411, "Length Required", Verdict::kNoDefer},
    Row{kPatch, 411, "", Verdict::kDoubtful},
    Row{kPatch, 415, "", Verdict::kDoubtful},
    Row{kPatch, 422, "", Verdict::kDoubtful},
    // 412
    Row{kCreate, 412, "", Verdict::kFatal},
    Row{kHead, 412, "", Verdict::kFatal},
    Row{kPatch, 412, "", Verdict::kFatal},
    // 413
    Row{kCreate, 413, "", Verdict::kTooLarge},
    Row{kPatch, 413, "Request Entity Too Large", Verdict::kShrink},
    Row{kPatch, 413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded", Verdict::kTooLarge},
    Row{kPatch, 413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded", Verdict::kTooLarge},
    Row{kPatch, 413, "Maximum size exceeded\n", Verdict::kTooLarge},
    // 417
    Row{kCreate, 417, "", Verdict::kNoExpect},
    Row{kPatch, 417, "", Verdict::kNoExpect},
    Row{kPatch, 417, "Checksum mismatch", Verdict::kChecksum},
    // 423
    Row{kCreate, 423, "", Verdict::kLocked},
    Row{kHead, 423, "", Verdict::kLocked},
    Row{kPatch, 423, "", Verdict::kLocked},
    // 460
    Row{kPatch, 460, "", Verdict::kChecksum},
    // 5xx
    Row{kOptions, 500, "", Verdict::kBusy},
    Row{kCreate, 500, "", Verdict::kBusy},
    Row{kHead, 500, "", Verdict::kBusy},
    Row{kPatch, 500, "", Verdict::kBusy},
    Row{kCreate, 502, "", Verdict::kBusy},
    Row{kHead, 503, "", Verdict::kBusy},
    Row{kPatch, 504, "", Verdict::kBusy},
    Row{kPatch, 599, "", Verdict::kBusy},
    Row{kPatch, 505, "", Verdict::kFatal},
    // what no table names
    Row{kCreate, 418, "", Verdict::kFatal},
    Row{kHead, 418, "", Verdict::kDoubtful},
    Row{kPatch, 418, "", Verdict::kDoubtful},
};

Answer answer_of(const Row &row)
{
    Answer answer;
    answer.status = row.status;
    answer.text = row.text;
    answer.location = row.location;
    return answer;
}

void row_has_its_verdict(const Row &row)
{
    g_assert_cmpint(static_cast<int>(classify(row.request, answer_of(row))), ==,
                    static_cast<int>(row.verdict));
}

void refused_metadata_comes_before_the_status()
{
    Answer answer;
    answer.refused_metadata = true;
    for (const int status : {400, 403, 500}) {
        answer.status = status;
        g_assert_true(classify(kCreate, answer) == Verdict::kMetadata);
        g_assert_true(describe(kCreate, answer, "x").kind == ErrorKind::kNotAuthorized);
    }
}

void the_code_is_found_whatever_its_case_and_place()
{
    Answer answer;
    answer.status = 400;
    answer.text = "{\"error\":\"UPLOAD IS ALREADY COMPLETE\"}";
    g_assert_true(classify(kPatch, answer) == Verdict::kLengthKnown);
}

void descriptions_say_what_where_and_what_to_do()
{
    for (const Row &row : kRows) {
        const Error error = describe(row.request, answer_of(row), "https://host/files");
        g_assert_cmpint(error.http_status, ==, row.status);
        g_assert_true(error.message.find(std::to_string(row.status)) != std::string::npos);
        g_assert_true(error.message.find("https://host/files") != std::string::npos);
        ASSERT_STR(error.detail, row.text);
        g_assert_true(error.retryable ==
                      (row.verdict == Verdict::kBusy || row.verdict == Verdict::kLocked));
    }
    Answer answer;
    answer.status = 401;
    g_assert_true(describe(kPatch, answer, "x").kind == ErrorKind::kNotAuthorized);
    answer.status = 404;
    g_assert_true(describe(kCreate, answer, "x").kind == ErrorKind::kNotFound);
    answer.status = 412;
    g_assert_true(describe(kCreate, answer, "x").kind == ErrorKind::kProtocol);
    answer.status = 431;
    g_assert_true(describe(kCreate, answer, "x").message.find("headers") != std::string::npos);
    answer.status = 413;
    g_assert_true(describe(kCreate, answer, "x").kind == ErrorKind::kTooLarge);
    answer.status = 302;
    g_assert_true(describe(kCreate, answer, "x").message.find("endpoint") != std::string::npos);
}

void a_refused_precondition_is_not_always_the_version()
{
    const auto message_of = [](const char *text, std::vector<std::string> versions) {
        Answer answer;
        answer.status = 412;
        answer.text = text;
        answer.versions = std::move(versions);
        return describe(kPatch, answer, "x").message;
    };
    const auto has = [](const std::string &text, const char *part) {
        return text.find(part) != std::string::npos;
    };
    for (const std::vector<std::string> &versions :
         {std::vector<std::string>{}, {"1.0.0"}, {"0.2.2", "1.0.0"}}) {
        const std::string told = message_of("Upload-Length is missing", versions);
        g_assert_true(has(told, "It says: Upload-Length is missing"));
        g_assert_false(has(told, "1.0.0"));
        g_assert_false(has(message_of("", versions), "says"));
    }
    const std::string other = message_of("no", {"0.2.2"});
    g_assert_true(has(other, "0.2.2") && has(other, "not 1.0.0"));
    g_assert_false(has(message_of("<html>Precondition Failed</html>", {}), "html"));
    const std::string whole =
        message_of(std::string(199, 'x').append("\xc3\xbc and on").c_str(), {});
    g_assert_true(g_utf8_validate(whole.c_str(), -1, nullptr));
    g_assert_false(has(whole, "and on"));
}

} // namespace

int main(int argc, char **argv)
{
    constexpr std::array kNames = {"options", "create", "patch", "head"};
    test::init(argc, argv);
    std::size_t number = 0;
    for (const Row &row : kRows)
        test::add_row_test(cat("/answer-rules/", kNames[static_cast<std::size_t>(row.request)], '/',
                               row.status, '/', number++),
                           row, row_has_its_verdict);
    test::add_test("/answer-rules/refused-metadata", refused_metadata_comes_before_the_status);
    test::add_test("/answer-rules/any-case", the_code_is_found_whatever_its_case_and_place);
    test::add_test("/answer-rules/precondition", a_refused_precondition_is_not_always_the_version);
    test::add_test("/answer-rules/descriptions", descriptions_say_what_where_and_what_to_do);
    return g_test_run();
}
