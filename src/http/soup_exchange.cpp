#include "http/soup_exchange.h"

#include "base/redact.h"
#include "base/text.h"
#include "http/early_answer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <gio/gnetworking.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gsttus {

namespace {

constexpr std::size_t kBufferSize = std::size_t{128} << 10;
constexpr unsigned kMostInterimAnswers = 100;
constexpr gint kMostUnsent = 128 << 10; // in the socket

bool same_name(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && g_ascii_strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// How a message is framed is decided here, never by a caller's header.
bool is_framing_header(std::string_view name)
{
    static constexpr std::array<std::string_view, 7> kNames{
        "Content-Length", "Content-Type", "Transfer-Encoding", "Expect", "Connection",
        "Host",           "Upgrade"};
    return std::any_of(kNames.begin(), kNames.end(),
                       [name](std::string_view known) { return same_name(name, known); });
}

// What libsoup calls a programming error (and would abort on in a debug build).
bool is_sendable(const Header &header)
{
    const auto is_bad_name = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == ':'; };
    const auto is_bad_value = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    return !header.first.empty() &&
           std::none_of(header.first.begin(), header.first.end(), is_bad_name) &&
           std::none_of(header.second.begin(), header.second.end(), is_bad_value);
}

GSocket *socket_of(GIOStream *stream)
{
    return G_IS_SOCKET_CONNECTION(stream)
               ? g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream))
               : nullptr;
}

Error request_error(std::string message)
{
    Error error;
    error.kind = ErrorKind::kSettings;
    error.message = std::move(message);
    return error;
}

std::string origin_of(std::string_view url)
{
    std::string shown = redact_url(url);
    const std::size_t scheme = shown.find("://");
    if (scheme != std::string::npos)
        shown.resize(std::min(shown.find_first_of("/?", scheme + 3), shown.size()));
    return shown;
}

} // namespace

guint to_seconds_up(Duration span)
{
    return static_cast<guint>(std::max<long long>(1, std::chrono::ceil<seconds>(span).count()));
}

void bound_socket(GSocket *socket, Duration timeout)
{
    g_socket_set_timeout(socket, to_seconds_up(timeout));
#ifdef TCP_USER_TIMEOUT
    // bytes that nobody acknowledges: the kernel would go on for a quarter of an hour
    const auto span = std::chrono::ceil<milliseconds>(timeout).count();
    g_socket_set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                        static_cast<gint>(std::min<long long>(span, G_MAXINT)), nullptr);
#endif
#ifdef TCP_NOTSENT_LOWAT
    // a body is pulled as fast as it is sent: without this megabytes of it wait in the kernel, and
    // on a slow link nobody sees them move
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kMostUnsent, nullptr);
#endif
}

SoupExchange::SoupExchange(SoupSession *session, SoupLinks &links, AddressWatch &watch,
                           const HttpRequest &request, bool check_certificates,
                           GCancellable *cancel)
    : session_(session), links_(links), watch_(watch), request_(request),
      check_certificates_(check_certificates), caller_(cancel),
      cancel_(GRef<GCancellable>::adopt(g_cancellable_new())), origin_(origin_of(request.url)),
      connect_deadline_(Clock::now() + request.connect_timeout)
{
}

SoupExchange::~SoupExchange()
{
    watch_.end();
    if (stream_)
        detach_body_stream(stream_.get());
    if (message_)
        g_signal_handlers_disconnect_by_data(message_.get(), this);
}

std::optional<Error> SoupExchange::prepare()
{
    const GUriOwn uri(g_uri_parse(request_.url.c_str(), GUriFlags(SOUP_HTTP_URI_FLAGS), nullptr));
    const char *scheme = uri ? g_uri_get_scheme(uri.get()) : nullptr;
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || !*host || (g_strcmp0(scheme, "http") != 0 && g_strcmp0(scheme, "https") != 0))
        return request_error(cat("\"", redact_url(request_.url), "\" is not an http(s) address"));
    for (const Header &header : request_.headers)
        if (!is_sendable(header))
            return request_error(cat("a header of the request to ", origin_,
                                     " has characters that can not be sent"));
    message_ =
        GRef<SoupMessage>::adopt(soup_message_new_from_uri(request_.method.c_str(), uri.get()));
    // IDEMPOTENT is libsoup's word for "may use a kept-alive connection": without it every POST
    // and PATCH would open a connection of its own. A repetition is stopped at "restarted".
    soup_message_add_flags(message_.get(),
                           SoupMessageFlags(SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT));
    if (request_.new_connection)
        soup_message_add_flags(message_.get(), SOUP_MESSAGE_NEW_CONNECTION);
    add_headers();
    connect_signals();
    return std::nullopt;
}

void SoupExchange::add_headers()
{
    SoupMessageHeaders *headers = soup_message_get_request_headers(message_.get());
    for (const auto &[name, value] : request_.headers)
        if (!is_framing_header(name))
            soup_message_headers_append(headers, name.c_str(), value.c_str());
    if (!request_.content_type.empty())
        soup_message_headers_replace(headers, "Content-Type", request_.content_type.c_str());
    if (request_.body && request_.body_length > 0) {
        stream_ = make_body_stream(*this);
        soup_message_set_request_body(message_.get(), nullptr, stream_.get(),
                                      static_cast<gssize>(request_.body_length));
        if (request_.expect_continue)
            soup_message_headers_set_expectations(headers, SOUP_EXPECTATION_CONTINUE);
    } else if (request_.body || request_.method == "POST" || request_.method == "PATCH" ||
               request_.method == "PUT") {
        soup_message_headers_set_content_length(headers, 0);
    }
}

void SoupExchange::connect_signals()
{
    SoupMessage *message = message_.get();
    const auto connect = [&](const char *signal, GCallback callback) {
        g_signal_connect(message, signal, callback, this);
    };
    using Self = SoupExchange;
    connect("network-event",
            G_CALLBACK(+[](SoupMessage *, GSocketClientEvent event, GIOStream *stream, Self *self) {
                self->on_network_event(event, stream);
            }));
    connect("accept-certificate",
            G_CALLBACK(+[](SoupMessage *, GTlsCertificate *, GTlsCertificateFlags errors,
                           Self *self) -> gboolean {
                self->certificate_errors_ = errors;
                return !self->check_certificates_;
            }));
    connect("got-informational", G_CALLBACK(+[](SoupMessage *, Self *self) {
                if (++self->interim_answers_ > kMostInterimAnswers) {
                    self->flooded_ = true;
                    g_cancellable_cancel(self->cancel_.get());
                }
            }));
    connect("starting", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_starting(); }));
    connect("got-headers", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_headers(); }));
    connect("got-body", G_CALLBACK(+[](SoupMessage *message, Self *) {
                // libsoup would send the request again after 421
                if (soup_message_get_status(message) == SOUP_STATUS_MISDIRECTED_REQUEST)
                    g_signal_stop_emission_by_name(message, "got-body");
            }));
    connect("restarted", G_CALLBACK(+[](SoupMessage *, Self *self) {
                self->would_repeat_ = true;
                g_cancellable_cancel(self->cancel_.get());
            }));
    connect("finished", G_CALLBACK(+[](SoupMessage *, Self *self) { self->on_finished(); }));
}

HttpOutcome SoupExchange::run()
{
    if (std::optional<Error> error = prepare())
        return HttpFailure{std::move(*error), HttpFailure::Reach::kNotConnected, false};
    gulong chain = 0;
    if (caller_)
        chain = g_cancellable_connect(caller_, G_CALLBACK(+[](GCancellable *, GCancellable *ours) {
                                          g_cancellable_cancel(ours);
                                      }),
                                      g_object_ref(cancel_.get()), g_object_unref);
    GError *error = nullptr;
    GInputStream *stream = soup_session_send(session_, message_.get(), cancel_.get(), &error);
    const GErrorOwn owned_error(error);
    const GRef<GInputStream> answer = GRef<GInputStream>::adopt(stream);
    delivered_ = stream != nullptr;
    HttpOutcome outcome = stream ? receive(stream) : failed(error);
    if (caller_)
        g_cancellable_disconnect(caller_, chain);
    return outcome;
}

// The answer --------------------------------------------------------------------------------------

HttpOutcome SoupExchange::receive(GInputStream *answer)
{
    SoupLink *used = link();
    if (opened_ && !connected_) {
        // libsoup passes a proxy's refusal on as if the server had said it
        g_input_stream_close(answer, nullptr, nullptr);
        const GErrorOwn refusal(g_error_new(G_IO_ERROR, G_IO_ERROR_PROXY_FAILED,
                                            "the proxy answered %u",
                                            soup_message_get_status(message_.get())));
        return failed(refusal.get());
    }
    HttpResponse response;
    response.status = static_cast<int>(soup_message_get_status(message_.get()));
    SoupMessageHeadersIter iterator;
    soup_message_headers_iter_init(&iterator, soup_message_get_response_headers(message_.get()));
    const char *name = nullptr;
    const char *value = nullptr;
    while (soup_message_headers_iter_next(&iterator, &name, &value))
        response.headers.emplace_back(name, value);

    GError *error = nullptr;
    const bool drained = read_answer(answer, response.body, &error);
    const GErrorOwn owned_error(error);
    if (!drained || !body_sent())
        shut_down();
    g_input_stream_close(answer, nullptr, nullptr);
    if (used && drained)
        used->has_answered = true;
    if (body_error_)
        return failed(nullptr);
    // An error's status says enough when the connection is cut right behind it; of a success
    // every byte is wanted.
    const bool cancelled_now = g_cancellable_is_cancelled(cancel_.get());
    const bool is_refusal = response.status >= 400 && !cancelled_now;
    if (error && !is_refusal)
        return failed(error);
    if (!error && !is_refusal && drained && !answer_is_whole(response)) {
        const GErrorOwn cut(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                                "the answer is shorter than it said"));
        return failed(cut.get());
    }
    return response;
}

// TRUE: read to its end. FALSE without an error: longer than anybody wants.
bool SoupExchange::read_answer(GInputStream *answer, std::string &body, GError **error)
{
    std::array<char, 16384> piece{};
    const TimePoint deadline = Clock::now() + request_.timeout;
    while (true) {
        const gssize got =
            g_input_stream_read(answer, piece.data(), piece.size(), cancel_.get(), error);
        if (got <= 0)
            return got == 0;
        const std::size_t room = request_.max_answer - body.size();
        body.append(piece.data(), std::min(static_cast<std::size_t>(got), room));
        if (static_cast<std::size_t>(got) > room)
            return false;
        if (Clock::now() > deadline) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                "the answer came too slowly");
            return false;
        }
    }
}

bool SoupExchange::answer_is_whole(const HttpResponse &response) const
{
    // libsoup takes the end of the connection for the end of the body when it is not kept alive
    SoupMessageHeaders *headers = soup_message_get_response_headers(message_.get());
    if (request_.method == "HEAD" || response.status == 204 || response.status == 304 ||
        soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH)
        return true;
    return static_cast<goffset>(response.body.size()) >=
           soup_message_headers_get_content_length(headers);
}

HttpOutcome SoupExchange::failed(const GError *error)
{
    if (body_error_) {
        HttpFailure failure;
        failure.error = std::move(*body_error_);
        return failure;
    }
    if (caller_ && g_cancellable_is_cancelled(caller_))
        return cancelled(scene());
    if (too_late_)
        return timed_out(scene(), "connecting took too long");
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
    scene.origin = origin_;
    // a connection that was not opened for this request is known from an earlier one, or was
    // never begun
    const bool reused = !opened_ && link();
    scene.connected = connected_ || reused || would_repeat_;
    scene.reused_connection = reused || would_repeat_;
    scene.answer_began = headers_came_;
    scene.sending = !body_sent() && pulled_ > 0;
    scene.certificate_errors = certificate_errors_;
    scene.timeout = request_.timeout;
    scene.connect_timeout = request_.connect_timeout;
    return scene;
}

// The request's body ------------------------------------------------------------------------------

gssize SoupExchange::pull(std::span<std::byte> out, GCancellable *cancel, GError **error)
{
    if (early_answer_ || body_sent())
        return 0;
    if (!wait_for_room(cancel, error))
        return -1;
    if (early_answer_)
        return 0; // libsoup takes that for the end of the body, and reads the answer
    if (taken_ == buffered_ && !refill(error))
        return -1;
    const std::size_t size = std::min(out.size(), buffered_ - taken_);
    std::memcpy(out.data(), buffer_.get() + taken_, size);
    taken_ += size;
    sent_ += size;
    return static_cast<gssize>(size);
}

// Waits until the socket takes bytes, so that libsoup's write does not block, where nobody would
// see an answer that comes before the body's end.
bool SoupExchange::wait_for_room(GCancellable *cancel, GError **error)
{
    SoupLink *used = link();
    if (!used || g_socket_is_closed(used->socket.get()))
        return true;
    // Behind TLS a readable socket may hold a session ticket: that comes once, after the
    // handshake, and is gone when an answer has been read.
    const bool may_answer = !used->tls || used->has_answered;
    const bool watch = may_answer && watch_answers_;
    const auto wanted = GIOCondition(watch ? G_IO_OUT | G_IO_IN : G_IO_OUT);
    const auto patience =
        std::chrono::duration_cast<std::chrono::microseconds>(request_.timeout).count();
    if (!g_socket_condition_timed_wait(used->socket.get(), wanted, patience, cancel, error))
        return false;
    if (may_answer && answer_is_here(*used))
        early_answer_ = true;
    else if (watch)
        return g_socket_condition_timed_wait(used->socket.get(), G_IO_OUT, patience, cancel, error);
    return true;
}

bool SoupExchange::answer_is_here(const SoupLink &link)
{
    if (!(g_socket_condition_check(link.socket.get(), G_IO_IN) & (G_IO_IN | G_IO_HUP)))
        return false;
    if (link.tls)
        return true;
    std::array<char, 4096> peeked{};
    const ssize_t size = recv(g_socket_get_fd(link.socket.get()), peeked.data(), peeked.size(),
                              MSG_PEEK | MSG_DONTWAIT);
    if (size < 0)
        return errno != EAGAIN && errno != EINTR;
    if (size == 0 || begins_final_answer({peeked.data(), static_cast<std::size_t>(size)}))
        return true;
    watch_answers_ = false; // interim answers stay unread and would wake us for ever
    return false;
}

bool SoupExchange::refill(GError **error)
{
    if (!buffer_)
        buffer_ = std::make_unique<std::byte[]>(
            static_cast<std::size_t>(std::min<std::uint64_t>(kBufferSize, request_.body_length)));
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(kBufferSize, request_.body_length - pulled_));
    Result<std::size_t> got = request_.body->read(pulled_, {buffer_.get(), size});
    if (got && *got > 0 && *got <= size) {
        pulled_ += *got;
        buffered_ = *got;
        taken_ = 0;
        return true;
    }
    if (got) {
        body_error_.emplace();
        body_error_->message = cat("the body of a request to ", origin_, " ended after ", pulled_,
                                   " of ", request_.body_length, " bytes");
    } else {
        body_error_ = std::move(got.error());
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the body can not be read");
    return false;
}

// What libsoup tells
// --------------------------------------------------------------------------------

void SoupExchange::on_network_event(GSocketClientEvent event, GIOStream *stream)
{
    opened_ = true;
    if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION(stream)) {
        // HTTP/2 uploads of libsoup 3.2 are not reliable
        static constexpr std::array<const char *, 2> kProtocols{"http/1.1", nullptr};
        g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream), kProtocols.data());
    }
    SoupLink &used = links_[soup_message_get_connection_id(message_.get())];
    if (GSocket *socket = socket_of(stream))
        used.socket = GRef<GSocket>::retain(socket);
    used.tls = used.tls || G_IS_TLS_CONNECTION(stream);
    if (event == G_SOCKET_CLIENT_COMPLETE) {
        on_connected(used);
        return;
    }
    // Every step of connecting gets what is left of the time for all of them.
    const Duration left = connect_deadline_ - Clock::now();
    if (left <= Duration::zero()) {
        too_late_ = true;
        g_cancellable_cancel(cancel_.get());
    } else if (used.socket && !g_socket_is_closed(used.socket.get())) {
        g_socket_set_timeout(used.socket.get(), to_seconds_up(left));
    }
}

void SoupExchange::on_connected(SoupLink &link)
{
    connected_ = true;
    if (link.socket)
        bound_socket(link.socket.get(), request_.timeout);
}

void SoupExchange::on_starting()
{
    if (SoupLink *used = link()) {
        watch_.begin(used->socket.get(), cancel_.get());
        watch_.check(); // it may have gone since the connection was chosen
    }
}

void SoupExchange::on_headers()
{
    headers_came_ = true;
    // libsoup 3.2 takes the missing length of a 204 for "until the connection ends", and would
    // open a connection for every PATCH.
    SoupMessageHeaders *answer = soup_message_get_response_headers(message_.get());
    const guint status = soup_message_get_status(message_.get());
    const bool has_no_body = request_.method == "HEAD" || status == SOUP_STATUS_NO_CONTENT ||
                             status == SOUP_STATUS_NOT_MODIFIED;
    if (has_no_body && soup_message_headers_get_encoding(answer) == SOUP_ENCODING_EOF)
        soup_message_headers_set_encoding(answer, SOUP_ENCODING_NONE);
    // What the server would take for the next request is the rest of this body: the connection
    // must not be used again. libsoup looks for this header when it decides that.
    if (!body_sent())
        soup_message_headers_replace(soup_message_get_request_headers(message_.get()), "Connection",
                                     "close");
}

// Comes before libsoup closes the connection of a failed request.
void SoupExchange::on_finished()
{
    if (!delivered_)
        shut_down();
}

SoupLink *SoupExchange::link()
{
    const auto found = links_.find(soup_message_get_connection_id(message_.get()));
    return found != links_.end() && found->second.socket ? &found->second : nullptr;
}

void SoupExchange::shut_down()
{
    if (SoupLink *used = link())
        g_socket_shutdown(used->socket.get(), TRUE, TRUE, nullptr);
}

} // namespace gsttus
