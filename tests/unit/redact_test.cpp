#include "base/redact.h"
#include "test.h"

using gsttus::redact_url;
using gsttus::Redactor;
using gsttus::test::add_test;

namespace {

void url_loses_userinfo_query_and_fragment()
{
    ASSERT_STR(redact_url("https://u:p@host:1/path?token=1#f"), "https://host:1/path?…");
    ASSERT_STR(redact_url("https://host/a@b"), "https://host/a@b");
    ASSERT_STR(redact_url("https://user:p@ss@host"), "https://host");
    ASSERT_STR(redact_url("/relative?x"), "/relative?…");
    ASSERT_STR(redact_url("http://h/\n"), "http://h/ ");
}

void known_secret_and_its_beginning_are_hidden()
{
    Redactor redact;
    redact.add("1234$0d16599c");
    ASSERT_STR(redact("key 1234$0d16599c refused"), "key *** refused");
    ASSERT_STR(redact("key 1234$0d1... refused"), "key ***... refused");
    ASSERT_STR(redact("order 1234 is fine"), "order 1234 is fine");
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
    ASSERT_STR(redact_url("http://h/\xFF\xD0\xB4"), "http://h/?\xD0\xB4");
}

// A password may hold what separates the parts of an address.
void malformed_url_does_not_show_its_password()
{
    ASSERT_STR(redact_url("http://user:se/cret@host:80/p"), "http://…");
    ASSERT_STR(redact_url("http://user:se#cret@host"), "http://…");
    g_assert_true(redact_url("ht\ntp://user:se/cret@host").find('\n') == std::string::npos);
    ASSERT_STR(redact_url("http://user:se?cret@host"), "http://…");
    ASSERT_STR(redact_url("http://[::1]:80/p"), "http://[::1]:80/p");
    ASSERT_STR(redact_url("http://[::1]/p"), "http://[::1]/p");
    ASSERT_STR(redact_url("http://host:/p"), "http://host:/p");
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/redact/url", url_loses_userinfo_query_and_fragment);
    add_test("/redact/known-secret", known_secret_and_its_beginning_are_hidden);
    add_test("/redact/shapes", shapes_are_hidden_without_being_known);
    add_test("/redact/printable", text_is_cut_and_made_printable);
    add_test("/redact/utf8", text_stays_utf8);
    add_test("/redact/malformed-url", malformed_url_does_not_show_its_password);
    return g_test_run();
}
