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

constexpr std::array<const char *, 26> kWrong = {
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
    test::add_test("/standin-fault-lines/counted", requests_are_counted_by_kind);
    test::add_test("/standin-fault-lines/paths", api_and_paths_are_told_apart);
    test::add_test("/standin-fault-lines/ranges", ranges_and_steps_repeat);
    test::add_test("/standin-fault-lines/merged", faults_on_one_request_add_up);
    return g_test_run();
}
