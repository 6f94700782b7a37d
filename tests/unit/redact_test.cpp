// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/redact.h"
#include "base/text.h"
#include "test.h"

#include <array>

using gsttus::redact_url;
using gsttus::Redactor;
using gsttus::test::add_test;

namespace {

struct AddressRow {
    const char *url, *shown;
};

constexpr std::array<AddressRow, 13> kAddresses = {{
    {"https://u:p@host:1/path?token=1#f", "https://host:1/path?…"},
    {"https://host/a@b", "https://host/a@b"},
    {"https://user:p@ss@host", "https://host"},
    {"/relative?x", "/relative?…"},
    {"http://h/\n", "http://h/ "},
    {"http://h/\xFF\xD0\xB4", "http://h/?\xD0\xB4"},
    {"http://[::1]:80/p", "http://[::1]:80/p"},
    {"http://[::1]/p", "http://[::1]/p"},
    {"http://host:/p", "http://host:/p"},
    // a password may hold what separates the parts of an address
    {"http://user:se/cret@host:80/p", "http://…"},
    {"http://user:se#cret@host", "http://…"},
    {"http://user:se?cret@host", "http://…"},
    {"ht\ntp://user:se/cret@host", "ht tp://…"},
}};

void url_loses_userinfo_query_and_fragment()
{
    for (const AddressRow &row : kAddresses)
        ASSERT_STR(redact_url(row.url), row.shown);
}

void shapes_are_hidden_without_being_known()
{
    const Redactor redact;
    ASSERT_STR(redact("Error: token invalid (eyJhbGciOi.x-_y)"), "Error: token invalid (***)");
    ASSERT_STR(redact("Authorization: APIKey 12345678abc"), "Authorization: ***");
    ASSERT_STR(redact("bearer of news"), "bearer of news");
}

void text_is_cut_and_made_printable()
{
    const Redactor redact;
    ASSERT_STR(redact("a\r\nb\tc"), "a  b c");
    ASSERT_STR(redact("aaaaaaaaaa", 4), "aaaa…");
    Redactor knows;
    knows.add("secret-secret");
    // a secret that begins before the cut is hidden whole
    ASSERT_STR(knows("xxsecret-secret", 4), "xx***");
}

void text_stays_utf8()
{
    const Redactor redact;
    ASSERT_STR(redact("\xD0\xB4\xD0\xB0", 3), "\xD0\xB4\xD0\xB0"); // never half a character
    ASSERT_STR(redact("\xD0\xB4\xD0\xB0\xD0\xB4", 3), "\xD0\xB4\xD0\xB0…");
    ASSERT_STR(redact("caf\xE9!"), "caf?!"); // Latin-1
    ASSERT_STR(redact("\xF0\x9F\x8E\xA5"), "\xF0\x9F\x8E\xA5");
    ASSERT_STR(redact("\xED\xA0\x80"), "???"); // a surrogate
    ASSERT_STR(redact("\xC0\xAF"), "??");      // overlong
    ASSERT_STR(redact("cut \xD0"), "cut ?");
}

// Each line: what a server makes of the secret "Pa/ss+wörd\"&<9>".
void secret_is_found_however_it_is_written()
{
    Redactor redact;
    redact.add("Pa/ss+w\xC3\xB6rd\"&<9>");
    for (const char *said : {
             "Pa/ss+w\xC3\xB6rd\"&<9>",
             "PA/SS+W\xC3\xB6RD\"&<9>",
             "Pa%2Fss%2Bw%C3%B6rd%22%26%3C9%3E",
             "Pa%2fss+w%c3%b6rd\"&<9>",
             "Pa%252Fss%25252Bw%25c3%25B6rd%2522%26%3C9%3E", // in an address within an address
             "%50%61%2f%73%73%2b%77%c3%b6%72%64%22%26%3c%39%3e",
             "50612f73732b77c3b6726422263c393e",
             "50612F73732B77C3B6726422263C393E",
             R"(Pa\/ss+w\u00f6rd\"&\u003c9\u003e)",
             R"(Pa\\/ss+w\\u00f6rd\\\"&<9>)", // JSON within JSON
             R"(Pa\x2Fss\x2bw\xC3\xb6rd\x22&<9>)",
             "Pa/ss+w&#246;rd&quot;&amp;&lt;9&gt;",
             "Pa&#x2F;ss+w&#xf6;rd&#34;&amp;&lt;9&gt;",
         })
        ASSERT_STR(redact(gsttus::cat("<", said, ">")), "<***>");
    ASSERT_STR(redact("UGEvc3Mrd8O2cmQiJjw5Pg=="), "***");
    // Within other base64 a character at each end tells of its neighbours, too.
    ASSERT_STR(redact("eHh4UGEvc3Mrd8O2cmQiJjw5Pnh4"),
               "eHh4***nh4"); // "xxx" before it, "xx" behind
    ASSERT_STR(redact("eFBhL3NzK3fDtnJkIiY8OT54"), "eF***54");
    ASSERT_STR(redact("Pa/ss+word"), "Pa/ss+word");
}

void known_secret_and_its_parts_are_hidden()
{
    Redactor redact;
    redact.add("1234$0d16599c");
    ASSERT_STR(redact("key 1234$0d16599c refused"), "key *** refused");
    ASSERT_STR(redact("key 1234$0d1... refused"), "key ***... refused");
    ASSERT_STR(redact("order 1234 is fine"), "order 1234 is fine");
    redact.add("abcdefghijklmnopqrstuvwxyz0123456789");
    ASSERT_STR(redact("of abcdefgh..."), "of ***...");
    ASSERT_STR(redact("of abcdefg..."), "of abcdefg...");
    ASSERT_STR(redact("at the end opqrstuvwxyz0123456789"), "at the end ***");
    ASSERT_STR(redact("in lines abcdefghijklm\nnopqrstuvwxyz0123456789"), "in lines ***");
    ASSERT_STR(redact("in short lines abcdef\r\n  ghijkl\r\n  mnopqr\r\n  more"),
               "in short lines ***    more");
    ASSERT_STR(redact("abcdef ghijkl mnopqr"), "abcdef ghijkl mnopqr");
    ASSERT_STR(redact("stuvwxyz"), "stuvwxyz");
}

void short_secret_is_hidden_as_a_word_only()
{
    Redactor redact;
    redact.add("cat");
    redact.add("mouse");
    ASSERT_STR(redact("cat"), "cat");
    ASSERT_STR(redact("user:mouse, mouse"), "user:***, ***");
    ASSERT_STR(redact("dormouse mouses Mouse%20"), "dormouse mouses ***%20");
}

void header_is_known_with_its_parts()
{
    Redactor redact;
    redact.add_header("Basic dXNlcjpwYXNzd29yZA==");
    redact.add_header("Token t0ken-0f-mine");
    redact.add_header("Bearer b3arer-0f-mine");
    redact.add_header("sid=s3ssion-id; theme=dark");
    redact.add_header("Digest username=\"jane-doe\", response=\"6629fae49393a053\"");
    ASSERT_STR(redact("password of user:password, dXNlcjpwYXNzd29yZA"), "*** of ***, ***");
    ASSERT_STR(redact("t0ken-0f-mine b3arer-0f-mine"), "*** ***");
    ASSERT_STR(redact("Token Bearer Digest Basic user theme"),
               "Token Bearer Digest Basic user theme");
    ASSERT_STR(redact("s3ssion-id jane-doe 6629fae49393a053"), "*** *** ***");
    redact.add_header("Basic not base64!"); // nothing to decode
    redact.add_header("Basic ");
}

void cookie_is_known_without_where_it_holds()
{
    Redactor redact;
    redact.add_cookie("sid=\"c00kie-0f-mine\"; Path=/uploads/mine; Domain=cdn.example.com; "
                      "Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly");
    redact.add_cookie(" t = p4dded-0ne ;Secure");
    redact.add_cookie("n4meless-0ne");
    ASSERT_STR(redact("c00kie-0f-mine p4dded-0ne n4meless-0ne"), "*** *** ***");
    ASSERT_STR(redact("HttpOnly cookie of cdn.example.com for /uploads/mine until 2026"),
               "HttpOnly cookie of cdn.example.com for /uploads/mine until 2026");
    redact.add_cookie("");
    redact.add_cookie("=; ");
}

void url_is_known_with_its_parts()
{
    Redactor redact;
    redact.add_url("https://jane:pa%2Fsswd@h/files?sig=ab%2Bcd%2Fefgh&exp=99&t0ken;x=&=y#frag");
    ASSERT_STR(redact("sig ab+cd/efgh or ab%2bcd%2fefgh"), "sig *** or ***");
    ASSERT_STR(redact("?sig=ab%2Bcd%2Fefgh&exp=99&t0ken"), "?***");
    ASSERT_STR(redact("jane pa/sswd t0ken frag exp"), "jane *** *** frag exp");
    ASSERT_STR(redact("amFuZTpwYS9zc3dk"), "***"); // base64("jane:pa/sswd")
    redact.add_url("no address at all");
    redact.add_url("");
    redact.add_url("?");
}

void own_texts_lose_only_what_is_surely_secret()
{
    Redactor redact;
    redact.add("s3cret-in-a-path");
    redact.add("files");
    redact.add_private("my-project");
    ASSERT_STR(redact("my-project files"), "*** ***");
    ASSERT_STR(redact.own("No files of my-project at https://h/s3cret-in-a-path/1"),
               "No files of my-project at https://h/***/1");
    ASSERT_STR(redact.own("Bearer of eyJ news"), "Bearer of eyJ news");
    ASSERT_STR(redact.shown_url("https://h/s3cret-in-a-path?x=1"), "https://h/***?…");
    redact.add("my-project");
    ASSERT_STR(redact.own("my-project"), "***");
}

void newest_secrets_are_kept()
{
    Redactor redact;
    redact.add("kept-by-being-used");
    for (std::size_t i = 0; i < 2 * Redactor::kMostSecrets; ++i) {
        redact.add(gsttus::cat("secret-number-", 1000 + i, "-end"));
        redact.add("kept-by-being-used");
    }
    ASSERT_STR(redact("kept-by-being-used"), "***");
    ASSERT_STR(redact("secret-number-1511-end"), "***");
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/redact/url", url_loses_userinfo_query_and_fragment);
    add_test("/redact/shapes", shapes_are_hidden_without_being_known);
    add_test("/redact/printable", text_is_cut_and_made_printable);
    add_test("/redact/utf8", text_stays_utf8);
    add_test("/redact/written", secret_is_found_however_it_is_written);
    add_test("/redact/known-secret", known_secret_and_its_parts_are_hidden);
    add_test("/redact/short", short_secret_is_hidden_as_a_word_only);
    add_test("/redact/header", header_is_known_with_its_parts);
    add_test("/redact/cookie", cookie_is_known_without_where_it_holds);
    add_test("/redact/address", url_is_known_with_its_parts);
    add_test("/redact/own", own_texts_lose_only_what_is_surely_secret);
    add_test("/redact/newest", newest_secrets_are_kept);
    return g_test_run();
}
