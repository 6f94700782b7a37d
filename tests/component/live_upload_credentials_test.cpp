// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Credentials that the server refuses in mid recording, and those that it gives itself: cookies.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "raw_server.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Passes everything on and notes the credentials that went with it.
class NotingTransport final : public Transport {
public:
    NotingTransport(std::unique_ptr<Transport> inner, std::vector<std::string> &sent)
        : inner_(std::move(inner)), sent_(sent)
    {
    }

    HttpOutcome send(const HttpRequest &request, GCancellable *cancel) override
    {
        HttpResponse headers;
        headers.headers = request.headers;
        const std::string *value = headers.header("Authorization");
        sent_.push_back(value ? *value : "");
        return inner_->send(request, cancel);
    }

private:
    std::unique_ptr<Transport> inner_;
    std::vector<std::string> &sent_;
};

void authorization_is_renewed_in_mid_recording()
{
    UploadConfig config = quick_config();
    config.runtime.authorization = "Bearer old-credentials";
    Recording recording;
    std::vector<std::string> sent;
    recording.transport = [&sent]() -> Result<std::unique_ptr<Transport>> {
        auto inner = make_soup_transport(HttpConfig{.user_agent = "test"});
        return std::unique_ptr<Transport>(
            std::make_unique<NotingTransport>(std::move(*inner), sent));
    };
    recording.begin(std::move(config), recording.server->files_url());
    recording.listener.fresh_authorization_ = "Bearer new-credentials";
    g_assert_true(recording.server->add_fault("on PATCH 2: answer 401").ok());
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(recording.listener.refreshes_, ==, 1);
    ASSERT_STR(sent.front(), "Bearer old-credentials");
    ASSERT_STR(sent.back(), "Bearer new-credentials");
}

constexpr const char *kCookie = "ck7-Zm9vYmFyMTIz";

std::string other_address(unsigned answer)
{
    std::string text = "Location: /elsewhere?";
    for (unsigned i = 0; i < 200; ++i) // more than a redactor keeps, after two answers
        text += cat("k=another-secret-", answer, "-", i, "&");
    return text + "\r\n";
}

// Takes a byte with each PATCH and signs another address each time; the fourth PATCH is refused
// with the cookie that came with all of them.
void give_cookie_and_say_it_back(RawConnection &peer)
{
    unsigned patches = 0;
    for (std::string request; !(request = peer.read_request()).empty();) {
        if (request.starts_with("POST"))
            peer.answer("201 Created", cat("Tus-Resumable: 1.0.0\r\nSet-Cookie: sid=", kCookie,
                                           "; Path=/uploads; Max-Age=1000\r\n"
                                           "Location: /uploads/1\r\n"));
        else if (request.starts_with("HEAD"))
            peer.answer("200 OK", cat("Tus-Resumable: 1.0.0\r\nUpload-Defer-Length: 1\r\n"
                                      "Upload-Offset: ",
                                      patches, "\r\n"));
        else if (request.starts_with("PATCH") && patches < 3 && ++patches > 0)
            peer.answer("204 No Content", cat("Tus-Resumable: 1.0.0\r\n", other_address(patches),
                                              "Upload-Offset: ", patches, "\r\n"));
        else if (request.starts_with("PATCH"))
            peer.answer("413 Too Large", "Tus-Resumable: 1.0.0\r\n",
                        cat("no more for ", kCookie, " at /uploads"));
        else
            peer.answer("204 No Content", "Tus-Resumable: 1.0.0\r\nTus-Version: 1.0.0\r\n"
                                          "Tus-Extension: creation,creation-defer-length\r\n");
    }
}

// Where it holds is no secret: that is the upload's own path.
void cookie_is_not_said_back()
{
    RawServer server({give_cookie_and_say_it_back});
    Recording recording;
    recording.begin(quick_config(), server.url("/uploads"));
    recording.upload->start();
    recording.write(noise(300000));
    g_assert_true(recording.listener.wait_for([](const Listener &now) {
        return !now.stalls_.empty() && now.stalls_.back().reason.http_status == 413;
    }));
    recording.upload->stop(OnStop::kTerminate);
    const Error &error = recording.listener.stalls_.back().reason;
    const std::string said = cat(error.message, ' ', error.detail);
    g_test_message("%s", said.c_str());
    g_assert_null(std::strstr(said.c_str(), kCookie));
    g_assert_nonnull(std::strstr(said.c_str(), "no more for *** at /uploads"));
    ASSERT_STR(recording.listener.created_.front().upload_url, server.url("/uploads/1"));
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/authorization/renewed", authorization_is_renewed_in_mid_recording);
        add_test("/live-upload/cookie/not-said-back", cookie_is_not_said_back);
    });
}
