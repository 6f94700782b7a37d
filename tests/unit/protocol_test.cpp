// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "test.h"
#include "tus/protocol.h"

using namespace gsttus::tus;
using gsttus::test::add_test;

namespace {

void size_is_parsed_strictly()
{
    g_assert_true(parse_size("0") == 0U);
    g_assert_true(parse_size(" 70 ") == 70U);
    g_assert_true(parse_size("9223372036854775807") == 9223372036854775807U);
    for (const char *bad : {"", " ", "-1", "+1", "1.0", "0x10", "1 2", "9223372036854775808",
                            "99999999999999999999", "12a", "1,2"})
        g_assert_false(parse_size(bad).has_value());
}

void list_items_are_trimmed()
{
    const auto items = parse_list("creation, creation-defer-length ,,termination");
    g_assert_cmpuint(items.size(), ==, 3);
    ASSERT_STR(items[1], "creation-defer-length");
    g_assert_true(parse_list("").empty());
}

void metadata_keys_are_ascii_words()
{
    g_assert_true(is_metadata_key("filename"));
    for (const char *bad : {"", "a b", "a,b", "n\xc3\xa4me", "a\n"})
        g_assert_false(is_metadata_key(bad));
}

void headers_of_the_protocol_are_reserved()
{
    g_assert_true(is_reserved_header("upload-offset"));
    g_assert_true(is_reserved_header("TUS-RESUMABLE"));
    g_assert_false(is_reserved_header("Authorization"));
    g_assert_true(is_header_name("X-Request-Id"));
    g_assert_false(is_header_name("X Y"));
    g_assert_false(is_header_name(""));
    g_assert_true(is_header_value("Bearer x"));
    g_assert_false(is_header_value("a\r\nHost: b"));
}

void metadata_says_what_may_be_shown()
{
    for (const char *key : {"filename", "fileType", "contentType", "TITLE"})
        g_assert_true(is_public_metadata(key));
    for (const char *key : {"project", "token", "name2", ""})
        g_assert_false(is_public_metadata(key));
    for (const char *key : {"token", "accessToken", "X-API-Key", "db_password", "auth", "Sig"})
        g_assert_true(names_secret(key));
    for (const char *key : {"author", "project", "keyframes", "design", ""})
        g_assert_false(names_secret(key));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/protocol/size", size_is_parsed_strictly);
    add_test("/protocol/list", list_items_are_trimmed);
    add_test("/protocol/metadata-key", metadata_keys_are_ascii_words);
    add_test("/protocol/headers", headers_of_the_protocol_are_reserved);
    add_test("/protocol/secret-metadata", metadata_says_what_may_be_shown);
    return g_test_run();
}
