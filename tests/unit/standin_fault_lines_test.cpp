// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"
#include "standin/fault.h"
#include "test.h"

#include <array>

using namespace gsttus;
using namespace gsttus::standin;

namespace {

const Actions &actions_of(const Result<Fault> &fault)
{
    g_assert_true(fault.ok());
    g_assert_true(fault->request.has_value());
    return fault->request->actions;
}

void documented_lines_mean_what_they_say()
{
    const auto cut = parse_fault("on PATCH 3:  cut after 70000 bytes");
    g_assert_cmpuint(*actions_of(cut).cut_after, ==, 70000);
    g_assert_cmpuint(cut->request->from, ==, 3);
    g_assert_cmpuint(cut->request->to, ==, 3);

    const auto drop = parse_fault("on PATCH 2: store, then drop the answer");
    g_assert_true(actions_of(drop).drop_answer && actions_of(drop).store);

    const auto stall = parse_fault("on PATCH 4: stall 30 s after 1000 bytes");
    g_assert_cmpuint(actions_of(stall).stall->after, ==, 1000);
    g_assert_true(actions_of(stall).stall->time == seconds(30));

    const auto answer = parse_fault("on PATCH 5: answer 503, Retry-After 2");
    g_assert_cmpint(actions_of(answer).answer->status, ==, 503);
    ASSERT_STR(actions_of(answer).answer->headers.at(0).first, "Retry-After");
    ASSERT_STR(actions_of(answer).answer->headers.at(0).second, "2");

    const auto html = parse_fault("on API any: answer 200 with HTML");
    g_assert_true(actions_of(html).answer->body == BodyKind::kHtml);
    g_assert_cmpuint(*actions_of(parse_fault("on PATCH any: accept only 1000 bytes")).accept_only,
                     ==, 1000);
    g_assert_cmpint(actions_of(parse_fault("on HEAD 1: offset lower 5")).offset_shift, ==, -5);
    g_assert_cmpint(actions_of(parse_fault("on HEAD 1: offset higher 5")).offset_shift, ==, 5);
    g_assert_true(actions_of(parse_fault("on HEAD 1: no header")).no_header);
    g_assert_true(*actions_of(parse_fault("on POST 1: location path-absolute")).location ==
                  LocationForm::kPathAbsolute);
    const auto redirect = parse_fault("on POST 1: redirect 308 to http://127.0.0.1:1/files/");
    ASSERT_STR(actions_of(redirect).redirect->to, "http://127.0.0.1:1/files/");
    g_assert_cmpuint(actions_of(parse_fault("on PATCH 1: early answer after 64 KiB")).early->after,
                     ==, 65536);
    g_assert_true(actions_of(parse_fault("on GET /streaming 2: cut JSON")).cut_json);

    const auto rate = parse_fault("connection: 10 kB/s");
    g_assert_cmpuint(rate->connection->bytes_per_second, ==, 10000);
    const auto outage = parse_fault("outage from 10 s to 20 s");
    g_assert_true(outage->connection->away->from == seconds(10));
    g_assert_true(outage->connection->away->reset);
    g_assert_false(parse_fault("connection: refuse from 1 s to 2 s")->connection->away->reset);
    g_assert_true(parse_fault("connection: close when idle")->connection->close_idle.has_value());
}

// What is meant, as one text: the requests, the time that they last, the drip's status and pause.
struct FormRow {
    const char *spec;
    const char *meaning;
};

constexpr std::array kForms = {
    FormRow{"on PATCH 4 for 3 s: forget", "4-4 for 3000"},
    FormRow{"on ANY 1 for 200 ms: answer 404 with HTML, no header Tus-Resumable", "1-1 for 200"},
    FormRow{"on API 2 for 1 s: answer 302, Location /login", "2-2 for 1000"},
    FormRow{"on POST /streaming/videos 1 for 2 s: cut", "1-1 for 2000"},
    FormRow{"on PATCH 2-5: cut", "2-5"},
    FormRow{"on PATCH 2: slow headers 2 s", "2-2 drip 0 every 2000"},
    FormRow{"on HEAD 1 for 3 s: slow headers 100 ms", "1-1 for 3000 drip 0 every 100"},
    FormRow{"on PATCH 3: interim 102 every 1 s", "3-3 drip 102 every 1000"},
    FormRow{"on POST 1: interim 100 every 50 ms", "1-1 drip 100 every 50"},
    FormRow{"on POST 1: interim 199 every 50 ms", "1-1 drip 199 every 50"},
};

std::string in_ms(Duration time)
{
    return std::to_string(std::chrono::duration_cast<milliseconds>(time).count());
}

void form_is_understood(const FormRow &row)
{
    const auto fault = parse_fault(row.spec);
    const Actions &actions = actions_of(fault);
    std::string meaning = cat(fault->request->from, "-", fault->request->to);
    if (fault->request->lasting)
        meaning += cat(" for ", in_ms(*fault->request->lasting));
    if (actions.drip)
        meaning += cat(" drip ", actions.drip->interim, " every ", in_ms(actions.drip->pause));
    ASSERT_STR(meaning, row.meaning);
}

constexpr std::array<const char *, 43> kWrong = {
    "",
    "on",
    "on PATCH",
    "on PATCH 3",
    "on PATCH 3:",
    "on PATCH 3: ",
    "on PATCH 0: cut",
    "on PATCH x: cut",
    "on PATCH 5-3: cut",
    "on PATCH every 0: cut",
    "on LINK 1: cut",
    "on PATCH 3: explode",
    "on PATCH 3: cut after",
    "on PATCH 3: cut after many bytes",
    "on PATCH 3: cut after 99999999999999999999",
    "on PATCH 3: cut after 9 GiB now",
    "on PATCH 3: stall 30",
    "on PATCH 3: answer 99",
    "on PATCH 3: answer 503, Retry-After",
    "on PATCH 3: cut, Retry-After 2",
    "on PATCH 3: store, ",
    "on POST 1: location sideways",
    "connection: fast",
    "connection: 0 kB/s",
    "connection: refuse",
    "outage from 20 s to 10 s",
    "on PATCH 4 for: cut",
    "on PATCH 4 for 3: cut",
    "on PATCH 4 for ever: cut",
    "on PATCH for 3 s: cut",
    "on PATCH any for 3 s: cut",
    "on PATCH every 2 for 3 s: cut",
    "on PATCH from 4 for 3 s: cut",
    "on PATCH 2-5 for 3 s: cut",
    "on PATCH 4 for 3 s",
    "on PATCH 4: slow headers",
    "on PATCH 4: slow headers 2",
    "on PATCH 4: slow 2 s",
    "on PATCH 4: interim",
    "on PATCH 4: interim 102",
    "on PATCH 4: interim 101 every 1 s",
    "on PATCH 4: interim 200 every 1 s",
    "on PATCH 4: interim 102 every time",
};

void nonsense_is_refused(const char *const &spec)
{
    const auto fault = parse_fault(spec);
    g_assert_false(fault.ok());
    g_assert_true(fault.error().message.starts_with("fault \""));
    g_assert_true(fault.error().kind == ErrorKind::kSettings);
}

void add(FaultPlan &plan, const char *spec)
{
    auto fault = parse_fault(spec);
    g_assert_true(fault.ok());
    plan.add(std::move(*fault->request));
}

bool hits(FaultPlan &plan, const char *method, const char *path)
{
    return !plan.match(Request{.method = method, .path = path}).specs.empty();
}

void requests_are_counted_by_kind()
{
    FaultPlan plan;
    add(plan, "on PATCH 2: lock");
    g_assert_false(hits(plan, "PATCH", "/upload/a"));
    g_assert_false(hits(plan, "HEAD", "/upload/a"));
    g_assert_false(hits(plan, "PATCH", "/streaming/videos/1"));
    g_assert_true(hits(plan, "PATCH", "/upload/a"));
    g_assert_false(hits(plan, "PATCH", "/upload/a"));
}

void api_and_paths_are_told_apart()
{
    FaultPlan plan;
    add(plan, "on API any: answer 500");
    g_assert_true(hits(plan, "POST", "/streaming/videos"));
    g_assert_false(hits(plan, "POST", "/upload/"));
    plan.clear();
    add(plan, "on POST /streaming/videos from 2: answer 500");
    g_assert_false(hits(plan, "POST", "/streaming/videos/"));
    g_assert_true(hits(plan, "POST", "/streaming/videos/"));
    g_assert_true(hits(plan, "POST", "/streaming/videos/"));
    g_assert_false(hits(plan, "GET", "/streaming/videos/"));
}

// The time is so long that it does not run out here.
void time_begins_with_its_request()
{
    FaultPlan plan;
    add(plan, "on HEAD 3 for 600 s: lock");
    std::string pattern;
    for (int i = 0; i < 6; ++i)
        pattern += hits(plan, "HEAD", "/files/a") ? '1' : '0';
    ASSERT_STR(pattern, "001111");
    plan.clear();
    add(plan, "on HEAD 2 for 0 s: lock");
    g_assert_false(hits(plan, "HEAD", "/files/a"));
    g_assert_false(hits(plan, "HEAD", "/files/a"));
}

void ranges_and_steps_repeat()
{
    FaultPlan plan;
    add(plan, "on HEAD 2-3: lock");
    add(plan, "on HEAD every 4: lock");
    std::string pattern;
    for (int i = 0; i < 8; ++i)
        pattern += hits(plan, "HEAD", "/files/a") ? '1' : '0';
    ASSERT_STR(pattern, "01110001");
}

void faults_on_one_request_add_up()
{
    FaultPlan plan;
    add(plan, "on POST any: location relative");
    add(plan, "on POST 1: delay 20 ms");
    const Actions both = plan.match(Request{.method = "POST", .path = "/files/"});
    g_assert_true(both.location && both.delay);
    g_assert_cmpuint(both.specs.size(), ==, 2);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    test::add_test("/standin-fault-lines/documented", documented_lines_mean_what_they_say);
    for (std::size_t i = 0; i < kWrong.size(); ++i)
        test::add_row_test(cat("/standin-fault-lines/refused/", i), kWrong[i], nonsense_is_refused);
    for (std::size_t i = 0; i < kForms.size(); ++i)
        test::add_row_test(cat("/standin-fault-lines/forms/", i), kForms[i], form_is_understood);
    test::add_test("/standin-fault-lines/counted", requests_are_counted_by_kind);
    test::add_test("/standin-fault-lines/paths", api_and_paths_are_told_apart);
    test::add_test("/standin-fault-lines/ranges", ranges_and_steps_repeat);
    test::add_test("/standin-fault-lines/lasting", time_begins_with_its_request);
    test::add_test("/standin-fault-lines/merged", faults_on_one_request_add_up);
    return g_test_run();
}
