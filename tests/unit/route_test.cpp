// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Route: the round of the endpoints, detours and the way back, who may see the metadata.
#include "test.h"
#include "tus/route.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kUpload = "https://a/files/1";
constexpr const char *kNode = "https://node/1";

Route to(std::vector<std::string> endpoints, bool follow_other_hosts = true)
{
    Route route;
    route.resolved({std::move(endpoints), follow_other_hosts});
    return route;
}

// --- endpoints -----------------------------------------------------------------------------------

void every_endpoint_has_its_turn_and_then_the_first_again()
{
    Route route = to({"https://a/", "https://b/", "https://c/"});
    for (int round = 0; round < 2; ++round) {
        ASSERT_STR(route.endpoint(), "https://a/");
        g_assert_true(route.try_next_endpoint());
        ASSERT_STR(route.endpoint(), "https://b/");
        g_assert_true(route.try_next_endpoint());
        ASSERT_STR(route.endpoint(), "https://c/");
        g_assert_false(route.try_next_endpoint());
    }
    Route alone = to({"https://a/"});
    g_assert_false(alone.try_next_endpoint());
    ASSERT_STR(alone.endpoint(), "https://a/");
}

void new_parameters_keep_the_turn()
{
    Route route = to({"https://a/", "https://b/", "https://c/"});
    g_assert_true(route.try_next_endpoint());
    route.resolved({{"https://d/", "https://e/"}, true});
    ASSERT_STR(route.endpoint(), "https://e/");
    g_assert_cmpuint(route.endpoints(), ==, 2);
    route.resolved({{"https://f/"}, true}); // fewer than before
    ASSERT_STR(route.endpoint(), "https://f/");
}

void only_the_endpoint_in_use_moves()
{
    Route route = to({"https://a/", "https://b/"});
    g_assert_true(route.try_next_endpoint());
    route.endpoint_moved("https://moved/");
    ASSERT_STR(route.endpoint(), "https://moved/");
    g_assert_false(route.try_next_endpoint());
    ASSERT_STR(route.endpoint(), "https://a/");
    route.resolved({{"https://a/", "https://b/"}, true}); // what is resolved anew is as told
    g_assert_true(route.try_next_endpoint());
    ASSERT_STR(route.endpoint(), "https://b/");
}

void it_is_known_whether_anything_was_resolved()
{
    Route fresh;
    g_assert_false(fresh.resolved_once());
    g_assert_true(to({"https://a/"}).resolved_once());
    Route given;
    given.goes_to(kUpload);
    g_assert_true(given.resolved_once() && given.has_upload());
    ASSERT_STR(given.endpoint(), kUpload);
    ASSERT_STR(given.request_url(), kUpload);
    Route lost; // what follows is a refresh
    lost.forget_upload();
    g_assert_true(lost.resolved_once());
}

// --- the upload and detours ----------------------------------------------------------------------

void a_detour_is_for_requests_and_is_left_again()
{
    Route route = to({"https://a/"});
    g_assert_false(route.has_upload() || route.on_detour());
    route.created(kUpload);
    ASSERT_STR(route.request_url(), kUpload);
    route.detour(kNode);
    g_assert_true(route.on_detour());
    ASSERT_STR(route.request_url(), kNode);
    ASSERT_STR(route.upload_url(), kUpload);
    route.detour("https://node/2"); // one leads to the next
    ASSERT_STR(route.request_url(), "https://node/2");
    route.leave_detour();
    g_assert_false(route.on_detour());
    ASSERT_STR(route.request_url(), kUpload);
}

void an_upload_that_is_forgotten_takes_its_detour_along()
{
    Route route = to({"https://a/", "https://b/"});
    g_assert_true(route.try_next_endpoint());
    route.created(kUpload);
    route.detour(kNode);
    route.forget_upload();
    g_assert_false(route.has_upload() || route.on_detour());
    ASSERT_STR(route.endpoint(), "https://b/");
    route.created("https://a/files/2");
    ASSERT_STR(route.request_url(), "https://a/files/2");
}

void an_upload_is_taken_with_the_address_that_it_was_created_at()
{
    Route route = to({"https://a/"});
    route.created(kUpload);
    route.detour(kNode);
    ASSERT_STR(route.take_upload(), kUpload);
    g_assert_false(route.has_upload() || route.on_detour());
    ASSERT_STR(route.take_upload(), "");
}

void a_detour_may_lead_to_another_host()
{
    Route route = to({"https://a/"});
    route.created(kUpload);
    g_assert_false(route.is_elsewhere());
    route.detour(kNode, true);
    g_assert_true(route.is_elsewhere());
    route.leave_detour();
    g_assert_false(route.is_elsewhere());
    route.detour("https://a/2");
    g_assert_false(route.is_elsewhere());
}

void an_upload_that_never_answered_beside_the_endpoint_may_be_misplaced()
{
    const auto misled = [](const char *endpoint, const char *upload) {
        Route route = to({endpoint});
        g_assert_false(route.may_be_misled());
        route.created(upload);
        return route.may_be_misled();
    };
    g_assert_true(misled("https://a/api/files/", "https://a/files/1"));
    g_assert_true(misled("https://a/api/files", "https://a/files/1"));
    g_assert_true(misled("https://a/files", "https://a/files2/1"));
    g_assert_true(misled("https://a/api/files?x=/", "https://a/1?x=/api/files/"));
    g_assert_true(misled("https://me:pw@a/api/files/", "https://a/files/1"));
    g_assert_false(misled("https://me:pw@a/files", "https://a/files/1"));
    g_assert_false(misled("https://a/files", "https://a/files/1"));
    g_assert_false(misled("https://a/files/", "https://a/files/1"));
    g_assert_false(misled("https://a", "https://a/files/1"));
    g_assert_false(misled("https://a?key=1", "https://a/1"));
    g_assert_false(misled("https://a/api/files/", "https://node/files/1")); // somebody else's paths
    Route route = to({"https://a/api/files/"});
    route.created("https://a/files/1");
    route.found();
    g_assert_false(route.may_be_misled());
    route.forget_upload();
    route.created("https://a/files/2"); // the one before was there
    g_assert_false(route.may_be_misled());
    Route given;
    given.goes_to("https://a/files/1");
    g_assert_false(given.may_be_misled());
}

void urls_are_cut_into_host_and_path()
{
    g_assert_true(origin_part("https://h:1/p?q#f") == "https://h:1");
    g_assert_true(path_part("https://h:1/p/q?q=/#f") == "/p/q");
    g_assert_true(origin_part("https://h") == "https://h" && path_part("https://h").empty());
    g_assert_true(origin_part("https://h?x/y") == "https://h" &&
                  path_part("https://h?x/y").empty());
    g_assert_true(origin_part("/p").empty() && path_part("/p?x") == "/p");
    g_assert_true(origin_part("").empty() && path_part("").empty());
}

// --- who may see what ----------------------------------------------------------------------------

void a_secret_stays_at_its_host()
{
    Answer same, other;
    other.location_other_host = true;
    const Route open = to({"https://a/"}, true);
    g_assert_false(open.metadata_is_secret());
    g_assert_true(open.may_follow(same) && open.may_follow(other));
    const Route secret = to({"https://a/"}, false);
    g_assert_true(secret.metadata_is_secret());
    g_assert_true(secret.may_follow(same));
    g_assert_false(secret.may_follow(other));
}

void texts_name_the_address_in_use_without_secrets()
{
    ASSERT_STR(Route().text(), "no endpoint");
    Route route = to({"https://me:pw@a/files?key=1", "https://b/?key=2#x"});
    ASSERT_STR(route.text(), "https://a/files?…");
    g_assert_true(route.try_next_endpoint());
    ASSERT_STR(route.text(), "https://b/?…");
    route.created("https://b/1?token=3");
    ASSERT_STR(route.text(), "https://b/1?…");
    route.detour("https://me:pw@node/1");
    ASSERT_STR(route.text(), "https://node/1");
    route.leave_detour();
    ASSERT_STR(route.text(), "https://b/1?…");
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/route/endpoints/round", every_endpoint_has_its_turn_and_then_the_first_again);
    add_test("/route/endpoints/anew", new_parameters_keep_the_turn);
    add_test("/route/endpoints/moved", only_the_endpoint_in_use_moves);
    add_test("/route/endpoints/resolved", it_is_known_whether_anything_was_resolved);
    add_test("/route/upload/detour", a_detour_is_for_requests_and_is_left_again);
    add_test("/route/upload/forgotten", an_upload_that_is_forgotten_takes_its_detour_along);
    add_test("/route/upload/taken", an_upload_is_taken_with_the_address_that_it_was_created_at);
    add_test("/route/upload/elsewhere", a_detour_may_lead_to_another_host);
    add_test("/route/upload/misled",
             an_upload_that_never_answered_beside_the_endpoint_may_be_misplaced);
    add_test("/route/parts", urls_are_cut_into_host_and_path);
    add_test("/route/secret", a_secret_stays_at_its_host);
    add_test("/route/text", texts_name_the_address_in_use_without_secrets);
    return g_test_run();
}
