// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The course of a request in libsoup's signals, and which failure it was.
#include "http/soup_exchange.h"

#include "base/text.h"
#include "http/proxies.h"
#include "http/proxy_login.h"
#include "http/soup_answer.h"
#include "http/soup_message.h"

namespace gsttus {

namespace {

constexpr unsigned kMostInterimAnswers = 100;

} // namespace

SoupExchange::SoupExchange(SoupSession *session, SoupLinks &links, AddressWatch &watch,
                           Alarm &alarm, const HttpRequest &request, bool check_certificates,
                           GCancellable *cancel)
    : session_(session), watch_(watch), alarm_(alarm), request_(request), caller_(cancel),
      cancel_(GRef<GCancellable>::adopt(g_cancellable_new())),
      connection_(links, alarm, request, check_certificates), body_(request, connection_, alarm)
{
}

SoupExchange::~SoupExchange()
{
    watch_.end();
    alarm_.end();
    if (message_)
        g_signal_handlers_disconnect_by_data(message_.get(), this);
}

HttpOutcome SoupExchange::run()
{
    Result<GRef<SoupMessage>> made = make_soup_message(request_, body_.stream());
    if (!made)
        return HttpFailure{std::move(made.error()), HttpFailure::Reach::kNotConnected, false};
    message_ = std::move(*made);
    connection_.follow(message_.get());
    connect_signals();
    if (!caller_)
        return send();
    const gulong chain = g_cancellable_connect(
        caller_,
        G_CALLBACK(+[](GCancellable *, GCancellable *ours) { g_cancellable_cancel(ours); }),
        g_object_ref(cancel_.get()), g_object_unref);
    HttpOutcome outcome = send();
    g_cancellable_disconnect(caller_, chain);
    return outcome;
}

HttpOutcome SoupExchange::send()
{
    GError *error = nullptr;
    alarm_.begin(cancel_.get(), request_.connect_timeout);
    GInputStream *stream = soup_session_send(session_, message_.get(), cancel_.get(), &error);
    const GErrorOwn owned_error(error);
    const GRef<GInputStream> answer = GRef<GInputStream>::adopt(stream);
    delivered_ = stream != nullptr;
    return stream ? receive(stream) : failed(error);
}

HttpOutcome SoupExchange::receive(GInputStream *answer)
{
    SoupLink *used = connection_.link();
    if (connection_.opened() && !connection_.stands())
        return refused_by_proxy(answer);
    const guint status = soup_message_get_status(message_.get());
    const bool from_proxy = is_read_by_proxy(message_.get());
    HttpResponse response = answer_head(message_.get());
    GError *error = nullptr;
    const bool drained = read_answer(answer, request_, cancel_.get(), response.body, &error);
    const GErrorOwn owned_error(error);
    if (!drained || !body_.is_sent())
        connection_.shut_down();
    g_input_stream_close(answer, nullptr, nullptr);
    if (used && drained)
        used->has_answered = true;
    if (body_.error())
        return failed(nullptr);
    if (from_proxy && status == SOUP_STATUS_PROXY_UNAUTHORIZED)
        return login_refused(scene(), "the proxy answered 407");
    hide_login(message_.get(), response);
    // An error's status says enough when the connection is cut right behind it; of a success
    // every byte is wanted.
    const bool cancelled_now = g_cancellable_is_cancelled(cancel_.get()) && !alarm_.rang();
    const bool is_refusal = response.status >= 400 && !cancelled_now;
    if (error && !is_refusal)
        return broken_off(error, std::move(response));
    if (!error && !is_refusal && drained && !answer_is_whole(message_.get(), request_, response)) {
        const GErrorOwn cut(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                                "the answer is shorter than it said"));
        return broken_off(cut.get(), std::move(response));
    }
    decode_body(response, request_.max_answer);
    return response;
}

HttpOutcome SoupExchange::broken_off(const GError *error, HttpResponse head)
{
    const HttpOutcome outcome = failed(error);
    HttpFailure failure = *outcome.failure();
    failure.head = std::move(head);
    return failure;
}

// libsoup passes a proxy's refusal on as if the server had said it.
HttpOutcome SoupExchange::refused_by_proxy(GInputStream *answer)
{
    g_input_stream_close(answer, nullptr, nullptr);
    const guint status = soup_message_get_status(message_.get());
    // tinyproxy answers 401 to a login that is wrong, 407 only when there is none
    if (status == SOUP_STATUS_PROXY_UNAUTHORIZED || status == SOUP_STATUS_UNAUTHORIZED)
        return login_refused(scene(), cat("the proxy answered ", status));
    const GErrorOwn refusal(
        g_error_new(G_IO_ERROR, G_IO_ERROR_PROXY_FAILED, "the proxy answered %u", status));
    return failed(refusal.get());
}

// No answer: why ----------------------------------------------------------------------------------

HttpOutcome SoupExchange::failed(const GError *error)
{
    if (body_.error()) {
        HttpFailure failure;
        failure.error = *body_.error();
        return failure;
    }
    if (caller_ && g_cancellable_is_cancelled(caller_))
        return cancelled(scene());
    if (alarm_.rang())
        return timed_out(scene(), "the time for all of it has passed");
    if (watch_.ended_it() && g_cancellable_is_cancelled(cancel_.get())) {
        const GErrorOwn lost(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE,
                                                 "this machine has lost its own address"));
        return failure_from(*lost, scene());
    }
    if (would_repeat_ || flooded_) {
        const GErrorOwn broken(g_error_new_literal(
            G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
            flooded_ ? "interim answers without end" : "the kept-alive connection had ended"));
        return failure_from(*broken, scene());
    }
    return failure_from(*error, scene());
}

FailureScene SoupExchange::scene()
{
    FailureScene scene;
    scene.origin = origin_of(request_.url);
    scene.proxy = latest_proxy(soup_session_get_proxy_resolver(session_));
    // a connection that was not opened for this request is known from an earlier one, or was
    // never begun
    const bool reused = !connection_.opened() && connection_.link();
    scene.connected = connection_.stands() || reused || would_repeat_;
    scene.reused_connection = reused || would_repeat_;
    scene.answer_began = headers_came_;
    scene.sending = body_.is_underway();
    scene.certificate_errors = connection_.certificate_errors();
    scene.certificate = connection_.certificate();
    scene.timeout = request_.timeout;
    scene.connect_timeout = request_.connect_timeout;
    return scene;
}

// What libsoup tells ------------------------------------------------------------------------------

void SoupExchange::connect_signals()
{
    using Self = SoupExchange;
    const auto connect = [&](const char *signal, GCallback callback) {
        g_signal_connect(message_.get(), signal, callback, this);
    };
    connect("starting", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_starting(); }));
    connect("got-informational",
            G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_interim_answer(); }));
    connect("got-headers", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_headers(); }));
    connect("got-body", G_CALLBACK(+[](SoupMessage *message, Self *) {
                // libsoup would send the request again after 421
                if (soup_message_get_status(message) == SOUP_STATUS_MISDIRECTED_REQUEST)
                    g_signal_stop_emission_by_name(message, "got-body");
            }));
    connect("restarted", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_restarted(); }));
    connect("finished", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_finished(); }));
}

void SoupExchange::on_starting()
{
    alarm_.put_off(request_.timeout);
    if (SoupLink *used = connection_.link()) {
        watch_.begin(used->socket.get(), cancel_.get());
        watch_.check(); // it may have gone since the connection was chosen
    }
}

void SoupExchange::on_interim_answer()
{
    if (++interim_answers_ > kMostInterimAnswers) {
        flooded_ = true;
        g_cancellable_cancel(cancel_.get());
    }
}

void SoupExchange::on_headers()
{
    headers_came_ = true;
    alarm_.put_off(request_.timeout);
    mend_framing(message_.get(), request_);
    // What the server would take for the next request is the rest of this body: the connection
    // must not be used again. libsoup looks for this header when it decides that.
    if (!body_.is_sent())
        soup_message_headers_replace(soup_message_get_request_headers(message_.get()), "Connection",
                                     "close");
}

void SoupExchange::on_restarted()
{
    would_repeat_ = true;
    g_cancellable_cancel(cancel_.get());
}

// Comes before libsoup closes the connection of a failed request.
void SoupExchange::on_finished()
{
    if (!delivered_)
        connection_.shut_down();
}

} // namespace gsttus
