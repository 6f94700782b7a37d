// Credentials that the server refuses in mid recording.
#include "live_upload_fixture.h"

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

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/authorization/renewed", authorization_is_renewed_in_mid_recording);
    });
}
