// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is shown of a web page that came in place of an answer.
#include "base/page_text.h"
#include "test.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <string>

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct Row {
    const char *name;
    const char *page;
    const char *text;
};

constexpr Row kRows[] = {
    {"plain", "<html><body><h1>It works!</h1></body></html>", "It works!"},
    {"title-repeated",
     "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
     "Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>",
     "502 Bad Gateway nginx"},
    {"title-and-sentence",
     "<!DOCTYPE HTML><html><head><title>Error response</title></head><body><p>Message: Unsupported "
     "method ('PATCH').</p></body></html>",
     "Error response Message: Unsupported method ('PATCH')."},
    {"style-first",
     "<!DOCTYPE html><STYLE type=\"text/css\">body { color: red } a > b { }</STYLE >\n<p>The disk "
     "is full.</p>",
     "The disk is full."},
    {"script", "<script>if (a < b) document.write('<p>no</p>')</script><b>Yes</b>", "Yes"},
    {"scripted", "<scripted>Yes", "Yes"},
    {"comment", "<!-- <p>no > --><p>Yes", "Yes"},
    {"comment-open", "<p>Yes<!-- no", "Yes"},
    {"style-open", "<p>Yes<style>a { }", "Yes"},
    {"tag-open", "<p>Yes<a href=", "Yes"},
    {"entities", "<p>a&nbsp;&amp;lt; &lt;b&gt; &quot;c&#39;s&quot; &copy; &",
     "a &lt; <b> \"c's\" "
     "&copy; &"},
    {"less-than", "<p>1 < 2", "1 < 2"},
    {"title-open", "<title>Sign in", "Sign in"},
    {"title-empty", "<title></title><p>Yes", "Yes"},
    {"xml", "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>", "SlowDown"},
    {"nothing", "<html><style>a{}</style></html>", ""},
    {"less", "<", "<"},
    {"empty", "", ""},
    {"not-ascii", "<p>Tür \xc3\x84\xff", "Tür \xc3\x84\xff"},
};

void is_what_a_reader_sees()
{
    for (const Row &row : kRows) {
        g_test_message("%s", row.name);
        ASSERT_STR(page_text(row.page), row.text);
    }
}

// A page that is cut anywhere is shown as far as it goes, and never its code.
void may_be_cut_anywhere()
{
    const std::string page = "<html><style>css{}</style><title>T&amp;U</title><!--c--><p>Yes</p>";
    for (std::size_t size = 0; size <= page.size(); ++size)
        g_assert_true(page_text(page.substr(0, size)).find("css") == std::string::npos);
}

// In any order, and cut anywhere: nothing is too strange to be shown.
void may_be_anything()
{
    constexpr const char *kParts[] = {
        "<",     "<style", "<script>", "</script>", "<!--", "-->",  "<title>", "</title>", "&",
        "&amp;", "&#39;",  "a",        " ",         ">",    "<svg", "</",      "<t",       "&l"};
    std::mt19937 random(1);
    for (int i = 0; i < 100000; ++i) {
        std::string page;
        for (auto left = random() % 8; left > 0; --left)
            page += kParts[random() % std::size(kParts)];
        page.resize(page.size() - std::min<std::size_t>(page.size(), random() % 4));
        g_assert_cmpuint(page_text(page).size(), <=, 2 * page.size() + 1);
        (void)looks_like_page(page);
    }
}

void is_known_by_its_beginning()
{
    for (const char *page : {"<html>", " \r\n<!DOCTYPE html>", "\xef\xbb\xbf<p>", "<?xml?>"})
        g_assert_true(looks_like_page(page));
    for (const char *other : {"", " ", "{\"a\":\"<p>\"}", "Error <b>", "\xef\xbb\xbf"})
        g_assert_false(looks_like_page(other));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/page-text/seen", is_what_a_reader_sees);
    add_test("/page-text/cut", may_be_cut_anywhere);
    add_test("/page-text/anything", may_be_anything);
    add_test("/page-text/known", is_known_by_its_beginning);
    return g_test_run();
}
