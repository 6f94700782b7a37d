// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The tus rules of the stand-in, request by request as they stand in the protocol.

#include "standin_fixture.h"

#include <array>
#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- one request, one answer -------------------------------------------------------------------

struct Row {
    const char *name;
    const char *method;
    const char *create;  // headers of a creation before; nullptr: no upload
    const char *stored;  // bytes that are stored before
    const char *path;    // "": the upload, or /files/
    const char *headers; // of the request
    const char *body;
    int status;
    const char *expected; // "name: value" in the answer, or "!name": not there; several with |
    void (*rules)(standin::StandinOptions &options) = nullptr;
};

constexpr const char *kDeferred = "Upload-Defer-Length: 1\r\n";
constexpr const char *kTen = "Upload-Length: 10\r\n";

#define TUS "Tus-Resumable: 1.0.0\r\n"
#define TYPE "Content-Type: application/offset+octet-stream\r\n"
#define AT(offset) TUS TYPE "Upload-Offset: " #offset "\r\n"

void only_creation(standin::StandinOptions &options)
{
    options.extensions = {"creation"};
}

void refuse_with_400(standin::StandinOptions &options)
{
    options.extensions = {"creation"};
    options.refusal = 400;
}

void small(standin::StandinOptions &options)
{
    options.max_size = 8;
}

void finished_only(standin::StandinOptions &options)
{
    options.extensions = {"creation", "concatenation"};
}

const Row kRows[] = {
    {"options/announces", "OPTIONS", nullptr, "", "/files/", "", "", 204,
     "tus-version: 1.0.0|tus-resumable: 1.0.0|tus-checksum-algorithm: md5,sha1,sha256,sha512|"
     "tus-extension: creation,creation-with-upload,creation-defer-length,termination,expiration,"
     "concatenation,concatenation-unfinished,checksum|!tus-max-size"},
    {"options/restricted", "OPTIONS", nullptr, "", "/files/", "", "", 204,
     "tus-extension: creation|!tus-checksum-algorithm", only_creation},
    {"options/max-size", "OPTIONS", nullptr, "", "/files/", "", "", 204, "tus-max-size: 8", small},
    {"version/missing", "POST", nullptr, "", "/files/", "Upload-Length: 1\r\n", "", 412,
     "tus-version: 1.0.0"},
    {"version/wrong", "HEAD", kTen, "", "", "Tus-Resumable: 0.2.2\r\n", "", 412,
     "tus-version: 1.0.0|!upload-offset"},
    {"method/get", "GET", kTen, "", "", TUS, "", 405, ""},
    {"method/patch-collection", "PATCH", nullptr, "", "/files/", AT(0), "x", 405, ""},

    {"create/length", "POST", nullptr, "", "/files/", TUS "Upload-Length: 10\r\n", "", 201,
     "!upload-offset"},
    {"create/no-slash", "POST", nullptr, "", "/files", TUS "Upload-Length: 10\r\n", "", 201, ""},
    {"create/deferred", "POST", nullptr, "", "/files/", TUS "Upload-Defer-Length: 1\r\n", "", 201,
     ""},
    {"create/deferred-not-1", "POST", nullptr, "", "/files/", TUS "Upload-Defer-Length: 0\r\n", "",
     400, "!location"},
    {"create/both-lengths", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Defer-Length: 1\r\n", "", 400, "!location"},
    {"create/no-length", "POST", nullptr, "", "/files/", TUS, "", 400, "!location"},
    {"create/negative", "POST", nullptr, "", "/files/", TUS "Upload-Length: -1\r\n", "", 400, ""},
    {"create/overflow", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 99999999999999999999\r\n", "", 400, ""},
    {"create/deferred-unsupported-501", "POST", nullptr, "", "/files/",
     TUS "Upload-Defer-Length: 1\r\n", "", 501, "!location", only_creation},
    {"create/deferred-unsupported-400", "POST", nullptr, "", "/files/",
     TUS "Upload-Defer-Length: 1\r\n", "", 400, "!location", refuse_with_400},
    {"create/too-large", "POST", nullptr, "", "/files/", TUS "Upload-Length: 9\r\n", "", 413, "",
     small},
    {"create/bad-metadata", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Metadata: a b!\r\n", "", 400, ""},
    {"create/double-metadata-key", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Metadata: a YQ==,a YQ==\r\n", "", 400, ""},
    {"create/with-upload", "POST", nullptr, "", "/files/", TUS TYPE "Upload-Length: 10\r\n", "abc",
     201, "upload-offset: 3"},
    {"create/with-whole-upload", "POST", nullptr, "", "/files/", TUS TYPE "Upload-Length: 3\r\n",
     "abc", 201, "upload-offset: 3"},
    {"create/with-upload-unsupported", "POST", nullptr, "", "/files/",
     TUS TYPE "Upload-Length: 10\r\n", "abc", 201, "!upload-offset", only_creation},

    {"head/fresh", "HEAD", kTen, "", "", TUS, "", 200,
     "upload-offset: 0|upload-length: 10|cache-control: no-store|!upload-defer-length"},
    {"head/deferred", "HEAD", kDeferred, "abc", "", TUS, "", 200,
     "upload-offset: 3|upload-defer-length: 1|!upload-length|cache-control: no-store"},
    {"head/metadata", "HEAD", "Upload-Length: 1\r\nUpload-Metadata: k,filename YQ==\r\n", "", "",
     TUS, "", 200, "upload-metadata: k,filename YQ=="},
    {"head/unknown", "HEAD", nullptr, "", "/files/nothing", TUS, "", 404,
     "!upload-offset|cache-control: no-store"},
    {"head/other-collection", "HEAD", nullptr, "", "/upload/nothing", TUS, "", 404, ""},

    {"patch/some", "PATCH", kTen, "", "", AT(0), "abc", 204, "upload-offset: 3"},
    {"patch/goes-on", "PATCH", kTen, "abc", "", AT(3), "defg", 204, "upload-offset: 7"},
    {"patch/last", "PATCH", kTen, "abcdefg", "", AT(7), "hij", 204, "upload-offset: 10"},
    {"patch/chunked", "PATCH", kTen, "", "", AT(0) "Transfer-Encoding: chunked\r\n",
     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 204, "upload-offset: 5"},
    {"patch/lower-offset", "PATCH", kTen, "abc", "", AT(2), "x", 409, "!upload-offset"},
    {"patch/higher-offset", "PATCH", kTen, "abc", "", AT(4), "x", 409, ""},
    {"patch/no-offset", "PATCH", kTen, "", "", TUS TYPE, "x", 400, ""},
    {"patch/bad-offset", "PATCH", kTen, "", "", TUS TYPE "Upload-Offset: -0\r\n", "x", 400, ""},
    {"patch/no-type", "PATCH", kTen, "", "", TUS "Upload-Offset: 0\r\n", "x", 415, ""},
    {"patch/other-type", "PATCH", kTen, "", "",
     TUS "Content-Type: application/offset+octet-stream; charset=x\r\nUpload-Offset: 0\r\n", "x",
     415, ""},
    {"patch/too-much", "PATCH", kTen, "", "", AT(0), "0123456789x", 413, "!upload-offset"},
    {"patch/too-much-chunked", "PATCH", kTen, "", "", AT(0) "Transfer-Encoding: chunked\r\n",
     "b\r\n0123456789x\r\n0\r\n\r\n", 413, ""},
    {"patch/deferred-too-large", "PATCH", kDeferred, "", "", AT(0), "0123456789", 413, "", small},
    {"patch/complete-again", "PATCH", "Upload-Length: 3\r\n", "abc", "", AT(3), "", 204,
     "upload-offset: 3"},
    {"patch/declares-length", "PATCH", kDeferred, "abc", "", AT(3) "Upload-Length: 5\r\n", "de",
     204, "upload-offset: 5"},
    {"patch/declares-length-early", "PATCH", kDeferred, "abc", "", AT(3) "Upload-Length: 9\r\n",
     "de", 204, "upload-offset: 5"},
    {"patch/declares-length-with-nothing", "PATCH", kDeferred, "abc", "",
     AT(3) "Upload-Length: 3\r\n", "", 204, "upload-offset: 3"},
    {"patch/length-twice", "PATCH", kTen, "abc", "", AT(3) "Upload-Length: 10\r\n", "de", 400, ""},
    {"patch/length-below-offset", "PATCH", kDeferred, "abc", "", AT(3) "Upload-Length: 2\r\n", "",
     400, ""},
    {"patch/length-over-max", "PATCH", kDeferred, "abc", "", AT(3) "Upload-Length: 9\r\n", "", 413,
     "", small},
    {"patch/unknown", "PATCH", nullptr, "", "/files/nothing", AT(0), "x", 404, ""},
    {"patch/override", "POST", kTen, "", "", AT(0) "X-HTTP-Method-Override: PATCH\r\n", "abc", 204,
     "upload-offset: 3"},

    {"checksum/right", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n", "abc", 204,
     "upload-offset: 3"},
    {"checksum/sha512", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha512 3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/"
           "BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==\r\n",
     "abc", 204, "upload-offset: 3"},
    {"checksum/wrong", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n", "abd", 460, "!upload-offset"},
    // as tusc.sh has it: base64 of the letters of sha1sum
    {"checksum/letters-in-base64", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 YTk5OTNlMzY0NzA2ODE2YWJhM2UyNTcxNzg1MGMyNmM5Y2QwZDg5ZA==\r\n",
     "abc", 204, "upload-offset: 3"},
    {"checksum/letters-and-newline", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 YTk5OTNlMzY0NzA2ODE2YWJhM2UyNTcxNzg1MGMyNmM5Y2QwZDg5ZAo=\r\n",
     "abc", 204, "upload-offset: 3"},
    {"checksum/letters", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 A9993E364706816ABA3E25717850C26C9CD0D89D\r\n", "abc", 204,
     "upload-offset: 3"},
    {"checksum/wrong-letters-in-base64", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 YTk5OTNlMzY0NzA2ODE2YWJhM2UyNTcxNzg1MGMyNmM5Y2QwZDg5ZA==\r\n",
     "abd", 460, "!upload-offset"},
    {"checksum/wrong-letters", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 a9993e364706816aba3e25717850c26c9cd0d89d\r\n", "abd", 460,
     "!upload-offset"},
    {"checksum/part-of-the-letters", "PATCH", kTen, "", "",
     AT(0) "Upload-Checksum: sha1 a9993e364706816aba3e25717850c26c9cd0\r\n", "abc", 460,
     "!upload-offset"},
    {"checksum/none", "PATCH", kTen, "", "", AT(0) "Upload-Checksum: sha1 \r\n", "abc", 400, ""},
    {"checksum/unknown-algorithm", "PATCH", kTen, "", "", AT(0) "Upload-Checksum: crc32 AAAA\r\n",
     "abc", 400, ""},
    {"checksum/not-supported", "PATCH", kTen, "", "", AT(0) "Upload-Checksum: crc32 AAAA\r\n",
     "abc", 204, "upload-offset: 3", only_creation},

    {"terminate/done", "DELETE", kTen, "abc", "", TUS, "", 204, ""},
    {"terminate/unknown", "DELETE", nullptr, "", "/files/nothing", TUS, "", 404, ""},
    {"terminate/not-supported", "DELETE", kTen, "", "", TUS, "", 405, "", only_creation},

    {"concat/not-supported", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Concat: partial\r\n", "", 501, "", only_creation},
    {"concat/nonsense", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Concat: part\r\n", "", 400, ""},
    {"concat/final-of-nothing", "POST", nullptr, "", "/files/", TUS "Upload-Concat: final;\r\n", "",
     400, ""},
    {"concat/final-of-unknown", "POST", nullptr, "", "/files/",
     TUS "Upload-Concat: final;/files/nothing\r\n", "", 400, ""},
    {"concat/final-with-length", "POST", nullptr, "", "/files/",
     TUS "Upload-Length: 1\r\nUpload-Concat: final;/files/nothing\r\n", "", 400, ""},
    {"concat/partial-is-echoed", "HEAD", "Upload-Length: 1\r\nUpload-Concat: partial\r\n", "", "",
     TUS, "", 200, "upload-concat: partial"},
};

void check(const RawAnswer &answer, std::string_view expected)
{
    while (!expected.empty()) {
        const std::size_t bar = std::min(expected.find('|'), expected.size());
        const std::string one(expected.substr(0, bar));
        expected.remove_prefix(std::min(bar + 1, expected.size()));
        if (one.starts_with('!')) {
            ASSERT_STR(answer.header(one.substr(1)), "(none)");
        } else {
            const std::size_t colon = one.find(": ");
            ASSERT_STR(answer.header(one.substr(0, colon)), one.substr(colon + 2));
        }
    }
}

void rule_holds(const Row &row)
{
    standin::StandinOptions options = quick_options();
    if (row.rules)
        row.rules(options);
    const auto standin = start_standin(options);
    const std::string url = standin->url();
    std::string path = row.path;
    if (row.create) {
        path = create_upload(url, row.create);
        if (*row.stored)
            g_assert_cmpint(patch(url, path, 0, row.stored).status, ==, 204);
    }
    const RawAnswer answer = ask(url, row.method, path, row.headers, row.body);
    g_assert_cmpint(answer.status, ==, row.status);
    check(answer, row.expected);
    const bool tus_speaks = !std::string_view(row.path).starts_with("/streaming");
    ASSERT_STR(tus_speaks ? answer.header("tus-resumable") : "1.0.0", "1.0.0");
    if (row.create && row.status >= 400 && row.status != 413) {
        // nothing was changed by what was refused
        const RawAnswer after = head(url, path);
        ASSERT_STR(after.header("upload-offset"), std::to_string(std::strlen(row.stored)));
    }
}

// --- longer stories ----------------------------------------------------------------------------

struct Story {
    std::unique_ptr<standin::Standin> standin = start_standin(quick_options());
    const std::string url = standin->url();

    void live_upload_arrives_byte_for_byte()
    {
        const std::string bytes = noise(300001);
        const std::string path =
            create_upload(url, cat("Upload-Defer-Length: 1\r\nUpload-Metadata: filename ",
                                   base64("a b.bin"), "\r\n"));
        g_assert_cmpint(patch(url, path, 0, std::string_view(bytes).substr(0, 100000)).status, ==,
                        204);
        g_assert_cmpint(patch(url, path, 100000, std::string_view(bytes).substr(100000),
                              "Upload-Length: 300001\r\n")
                            .status,
                        ==, 204);
        const standin::Snapshot seen = standin->snapshot();
        const standin::UploadRecord *upload = seen.only_finished();
        g_assert_nonnull(upload);
        ASSERT_STR(upload->sha256, sha256(bytes));
        g_assert_true(file_content(upload->path) == bytes);
        g_assert_true(upload->path.ends_with("-a b.bin"));
        g_assert_cmpuint(seen.unannounced_offsets, ==, 0);
        g_assert_cmpuint(seen.count("PATCH"), ==, 2);
    }

    void nothing_is_an_upload_too()
    {
        const std::string path = create_upload(url, "Upload-Length: 0\r\n");
        ASSERT_STR(head(url, path).header("upload-offset"), "0");
        const standin::Snapshot seen = standin->snapshot();
        g_assert_nonnull(seen.only_finished());
        ASSERT_STR(seen.only_finished()->sha256, sha256(""));
        ASSERT_STR(file_content(seen.only_finished()->path), "");
    }

    void filename_stays_in_its_folder()
    {
        for (const char *name :
             {"../../etc/passwd", "/etc/passwd", "..", ".hidden", "a\nb", "", "..\\..\\x"}) {
            create_upload(
                url, cat("Upload-Length: 0\r\nUpload-Metadata: filename ", base64(name), "\r\n"));
        }
        const standin::Snapshot seen = standin->snapshot();
        g_assert_cmpuint(seen.uploads.size(), ==, 7);
        for (const auto &[id, upload] : seen.uploads) {
            const GCharOwn folder(g_path_get_dirname(upload.path.c_str()));
            ASSERT_STR(folder.get(), standin->dir());
            g_assert_true(g_file_test(upload.path.c_str(), G_FILE_TEST_IS_REGULAR));
        }
    }

    void what_came_before_a_cut_is_kept()
    {
        const std::string bytes = noise(200000);
        const std::string path = create_upload(url, kDeferred);
        {
            RawConnection connection(url);
            connection.send(raw_request(connection.host(), "PATCH", path,
                                        kBody + "Upload-Offset: 0\r\nContent-Length: 200000\r\n",
                                        std::string_view(bytes).substr(0, 70000)));
            const bool arrived = standin->wait_for(
                [](const standin::Snapshot &all) { return all.bytes_received == 70000; },
                patience(seconds(10)));
            g_assert_true(arrived);
        }
        ASSERT_STR(head(url, path).header("upload-offset"), "70000");
        patch(url, path, 70000, std::string_view(bytes).substr(70000), "Upload-Length: 200000\r\n");
        ASSERT_STR(standin->snapshot().only_finished()->sha256, sha256(bytes));
    }

    void cut_checksummed_body_is_not_kept()
    {
        const std::string path = create_upload(url, kTen);
        {
            RawConnection connection(url);
            connection.send(raw_request(connection.host(), "PATCH", path,
                                        kBody + "Upload-Offset: 0\r\nContent-Length: 10\r\n"
                                                "Upload-Checksum: md5 AAAA\r\n",
                                        "abc"));
            g_assert_true(standin->wait_for(
                [](const standin::Snapshot &all) { return all.bytes_received == 3; },
                patience(seconds(10))));
        }
        ASSERT_STR(head(url, path).header("upload-offset"), "0");
        g_assert_cmpint(patch(url, path, 0, "0123456789").status, ==, 204);
        ASSERT_STR(standin->snapshot().only_finished()->sha256, sha256("0123456789"));
    }

    void head_ends_a_running_patch()
    {
        const std::string path = create_upload(url, kDeferred);
        RawConnection running(url);
        running.send(raw_request(running.host(), "PATCH", path,
                                 kBody + "Upload-Offset: 0\r\nContent-Length: 1000\r\n", "abc"));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.bytes_received == 3; },
                              patience(seconds(10))));
        ASSERT_STR(head(url, path).header("upload-offset"), "3");
        const RawAnswer answer = running.read();
        g_assert_cmpint(answer.status, ==, 400);
        g_assert_true(answer.body.starts_with("ERR_UPLOAD_INTERRUPTED"));
        g_assert_true(running.ended());
        g_assert_cmpuint(standin->snapshot().interrupted_patches, ==, 1);
        g_assert_cmpint(patch(url, path, 3, "de", "Upload-Length: 5\r\n").status, ==, 204);
    }

    void expect_continue_is_answered_before_the_body()
    {
        const std::string path = create_upload(url, kTen);
        RawConnection connection(url);
        connection.send(raw_request(
            connection.host(), "PATCH", path,
            kBody + "Upload-Offset: 0\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"));
        g_assert_cmpint(connection.read().status, ==, 100);
        connection.send("0123456789");
        g_assert_cmpint(connection.read().status, ==, 204);

        RawConnection refused(url);
        refused.send(raw_request(
            refused.host(), "PATCH", path,
            kBody + "Upload-Offset: 4\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"));
        g_assert_cmpint(refused.read().status, ==, 409);
    }

    void terminated_upload_is_gone_with_its_file()
    {
        const std::string path = create_upload(url, kTen);
        patch(url, path, 0, "abc");
        const std::string file = standin->snapshot().uploads.begin()->second.path;
        g_assert_true(g_file_test(file.c_str(), G_FILE_TEST_EXISTS));
        g_assert_cmpint(ask(url, "DELETE", path, kTus).status, ==, 204);
        g_assert_cmpint(head(url, path).status, ==, 404);
        g_assert_cmpint(patch(url, path, 3, "d").status, ==, 404);
        g_assert_false(g_file_test(file.c_str(), G_FILE_TEST_EXISTS));
    }

    std::string partial(std::string_view bytes)
    {
        const std::string path = create_upload(
            url, cat("Upload-Concat: partial\r\nUpload-Length: ", bytes.size(), "\r\n"));
        if (!bytes.empty())
            g_assert_cmpint(patch(url, path, 0, bytes).status, ==, 204);
        return path;
    }

    void partials_become_one_in_the_order_named()
    {
        const std::string a = partial("abc");
        const std::string empty = partial("");
        const std::string b = partial("defgh");
        const RawAnswer final =
            ask(url, "POST", "/files/",
                cat(kTus, "Upload-Concat: final;", b, " ", url, a, " ", empty, "\r\n"));
        g_assert_cmpint(final.status, ==, 201);
        const std::string path = path_of(final.header("location"));
        const RawAnswer after = head(url, path);
        ASSERT_STR(after.header("upload-length"), "8");
        ASSERT_STR(after.header("upload-offset"), "8");
        ASSERT_STR(after.header("upload-concat"), cat("final;", b, " ", url, a, " ", empty));
        g_assert_cmpint(patch(url, path, 8, "x").status, ==, 403);
        ASSERT_STR(file_content(standin->snapshot().only_finished()->path), "defghabc");
    }

    void final_may_come_before_its_parts_end()
    {
        const std::string a = partial("abc");
        const std::string b = create_upload(url, "Upload-Concat: partial\r\nUpload-Length: 2\r\n");
        const RawAnswer final =
            ask(url, "POST", "/files/", cat(kTus, "Upload-Concat: final;", a, " ", b, "\r\n"));
        g_assert_cmpint(final.status, ==, 201);
        const std::string path = path_of(final.header("location"));
        ASSERT_STR(head(url, path).header("upload-offset"), "(none)");
        g_assert_null(standin->snapshot().only_finished());
        patch(url, b, 0, "de");
        ASSERT_STR(head(url, path).header("upload-offset"), "5");
        ASSERT_STR(file_content(standin->snapshot().only_finished()->path), "abcde");
    }

    void unfinished_part_is_refused_without_the_extension()
    {
        standin::StandinOptions options = quick_options();
        finished_only(options);
        standin = start_standin(options);
        const std::string other = standin->url();
        const std::string part =
            create_upload(other, "Upload-Concat: partial\r\nUpload-Length: 2\r\n");
        g_assert_cmpint(
            ask(other, "POST", "/files/", cat(kTus, "Upload-Concat: final;", part, "\r\n")).status,
            ==, 400);
    }

    void upload_expires_and_says_so_before()
    {
        standin::StandinOptions options = quick_options();
        options.expires_after = milliseconds(1);
        standin = start_standin(options);
        const std::string other = standin->url();
        const RawAnswer created = ask(other, "POST", "/files/", kTus + kTen);
        g_assert_true(created.header("upload-expires").ends_with(" GMT"));
        const std::string path = path_of(created.header("location"));
        RawAnswer answer = head(other, path);
        for (int tries = 0; answer.status == 200 && tries < 1000; ++tries)
            answer = head(other, path);
        g_assert_cmpint(answer.status, ==, 410);
        g_assert_cmpint(patch(other, path, 0, "x").status, ==, 410);
    }

    void discarded_bytes_are_counted_and_hashed()
    {
        standin::StandinOptions options = quick_options();
        options.discard = true;
        standin = start_standin(options);
        const std::string other = standin->url();
        const std::string bytes = noise(1000000);
        const std::string path = create_upload(other, kDeferred);
        patch(other, path, 0, bytes, "Upload-Length: 1000000\r\n");
        const standin::Snapshot seen = standin->snapshot();
        ASSERT_STR(seen.only_finished()->sha256, sha256(bytes));
        ASSERT_STR(seen.only_finished()->path, "");
        ASSERT_STR(ask(other, "OPTIONS", "/files/", "").header("tus-extension"),
                   "creation,creation-with-upload,creation-defer-length,termination,expiration,"
                   "checksum");
    }

    void locked_upload_answers_423_when_asked_to()
    {
        standin::StandinOptions options = quick_options();
        options.lock_conflict_423 = true;
        standin = start_standin(options);
        const std::string other = standin->url();
        const std::string path = create_upload(other, kTen);
        RawConnection running(other);
        running.send(raw_request(running.host(), "PATCH", path,
                                 kBody + "Upload-Offset: 0\r\nContent-Length: 10\r\n", "abc"));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.bytes_received == 3; },
                              patience(seconds(10))));
        g_assert_cmpint(head(other, path).status, ==, 423);
        running.send("defghij");
        g_assert_cmpint(running.read().status, ==, 204);
        g_assert_cmpint(head(other, path).status, ==, 200);
    }
};

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    for (const Row &row : kRows)
        add_row_test(cat("/standin-tus/", row.name), row, rule_holds);
    add_test<Story, &Story::live_upload_arrives_byte_for_byte>("/standin-tus/live");
    add_test<Story, &Story::nothing_is_an_upload_too>("/standin-tus/empty");
    add_test<Story, &Story::filename_stays_in_its_folder>("/standin-tus/filename");
    add_test<Story, &Story::what_came_before_a_cut_is_kept>("/standin-tus/cut");
    add_test<Story, &Story::cut_checksummed_body_is_not_kept>("/standin-tus/cut-checksum");
    add_test<Story, &Story::head_ends_a_running_patch>("/standin-tus/interrupt");
    add_test<Story, &Story::expect_continue_is_answered_before_the_body>("/standin-tus/expect");
    add_test<Story, &Story::terminated_upload_is_gone_with_its_file>("/standin-tus/terminated");
    add_test<Story, &Story::partials_become_one_in_the_order_named>("/standin-tus/concat");
    add_test<Story, &Story::final_may_come_before_its_parts_end>("/standin-tus/concat-unfinished");
    add_test<Story, &Story::unfinished_part_is_refused_without_the_extension>(
        "/standin-tus/concat-finished-only");
    add_test<Story, &Story::upload_expires_and_says_so_before>("/standin-tus/expires");
    add_test<Story, &Story::discarded_bytes_are_counted_and_hashed>("/standin-tus/discard");
    add_test<Story, &Story::locked_upload_answers_423_when_asked_to>("/standin-tus/locked");
    return g_test_run();
}
