// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Does one action of the machine: a request to the tus server, a call of the target, a question to
// the application; and says as an event how it went. Upload thread; blocks. Takes no decision
// about the protocol, and does not know what the next action will be.
#pragma once

#include "upload/announcer.h"
#include "upload/pace.h"
#include "upload/requests.h"
#include "upload/shared_state.h"
#include "upload/store_body.h"

#include <optional>
#include <string>
#include <vector>

namespace gsttus {

class RequestRunner {
public:
    // All outlive this. `machine` is asked for the deadline only.
    RequestRunner(LiveUpload::Core &core, Announcer &announcer, Transport &http,
                  const UploadMachine &machine);
    RequestRunner(const RequestRunner &) = delete;
    RequestRunner &operator=(const RequestRunner &) = delete;

    // Any action but Wait and the ends.
    Event perform(const Action &action, const Input &input);

    // DELETE (Termination), outside of the machine's order. `timeout` bounds all of it.
    HttpOutcome remove(const std::string &url, Duration timeout);

    // For a call of the target; `cancel` is one of the core's. `timeout` of a request in it; none:
    // the user's.
    TargetContext target_context(GCancellable *cancel,
                                 std::optional<Duration> timeout = std::nullopt);

    // Whose credentials we carry: see Identity.
    const std::vector<std::string> &homes() const { return homes_; }

private:
    Event resolve(const Resolve &action);
    Event send_patch(const Patch &action, const Input &input);
    Event send_open(const Patch &action, const Input &input, StoreBody::GoAhead go);
    Event renew(const RenewCredentials &action);

    Event send(HttpRequest request, const Input &input, const Create *creation = nullptr);
    // Its time-outs; `patience`: so many times the usual.
    void bound(HttpRequest &request, const Input &input, unsigned patience);
    Event failed(const HttpFailure &failure);
    Event answered(const HttpRequest &request, const HttpResponse &response, bool creating);

    Identity identity(); // of the next request; its secrets are in no text from here on
    void know_secrets_of(const HttpRequest &request);
    Result<std::size_t> go_ahead(std::size_t wanted);
    Result<void> may_go_on(); // the request that is under way
    std::size_t paced(std::size_t wanted);
    void set_line();
    bool is_paused();
    bool sleep(Duration span, GCancellable *cancel);

    LiveUpload::Core &core_;
    Announcer &announcer_;
    Transport &http_;
    const UploadMachine &machine_;
    Redactor &secrets_; // the announcer's
    Metadata metadata_;
    std::vector<std::string> homes_;
    std::uint64_t credentials_used_ = 0; // Changes::credentials of the last identity
    std::uint64_t connect_failures_ = 0; // in a row
    bool distrust_kept_alive_ = false;   // one was dead: the next body goes over a new connection
    TimePoint moved_{};                  // when the body under way last moved
    Pace pace_;
};

} // namespace gsttus
