// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting for room in the socket, looking for an answer meanwhile, and showing what the source has.
#include "http/soup_body.h"

#include "base/text.h"
#include "http/early_answer.h"
#include "http/soup_failure.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace gsttus {

namespace {

// Half of what may wait in the socket (TCP_NOTSENT_LOWAT): it is writable when that is free.
constexpr std::size_t kMostRoom = std::size_t{64} << 10;

// Of silence in an open body, between two looks for an answer.
constexpr milliseconds kLook{250};

// To read what may be an answer, when it is here already.
constexpr seconds kLastLook{1};

// Behind TLS a readable socket may hold a session ticket: that comes once, after the handshake, and
// is gone when an answer has been read. Until then nobody knows, and only a body that gets no
// further is given up for it: see SoupBody::last_look().
bool may_answer(const SoupLink &link)
{
    return !link.tls || link.has_answered;
}

// What waits in the socket, at most so much of it.
ssize_t peek(const SoupLink &link, std::array<char, 4096> &bytes)
{
    return recv(g_socket_get_fd(link.socket.get()), bytes.data(), bytes.size(),
                MSG_PEEK | MSG_DONTWAIT);
}

// A whole beginning of an answer is there, also when the connection is gone by now; behind TLS it
// may be one.
bool left_answer(const SoupLink &link)
{
    std::array<char, 4096> bytes{};
    const ssize_t size = peek(link, bytes);
    return size > 0 &&
           (link.tls || begins_final_answer({bytes.data(), static_cast<std::size_t>(size)}));
}

// Bytes that a socket takes without blocking when it is writable, which is when a third of its
// buffer is free; a byte takes up to two of that.
std::size_t room_in(GSocket *socket)
{
    gint buffer = 0;
    if (!g_socket_get_option(socket, SOL_SOCKET, SO_SNDBUF, &buffer, nullptr))
        return 1;
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(buffer, 0)) / 6, 1, kMostRoom);
}

} // namespace

SoupBody::SoupBody(const HttpRequest &request, SoupConnection &connection, Alarm &alarm)
    : request_(request), connection_(connection), alarm_(alarm)
{
    if (request_.body && (request_.body_length > 0 || request_.open_body))
        stream_ = make_body_stream(*this);
}

SoupBody::~SoupBody()
{
    if (stream_)
        detach_body_stream(stream_.get());
}

gssize SoupBody::pull(std::span<std::byte> out, GCancellable *cancel, GError **error)
{
    const gssize size = fill(out, cancel, error);
    if (size < 0 && request_.open_body) // libsoup ends its chunks also when there was an error
        connection_.shut_down();
    return size;
}

gssize SoupBody::fill(std::span<std::byte> out, GCancellable *cancel, GError **error)
{
    while (!early_answer_ && !is_sent()) {
        if ((shown_.empty() || room_ == 0) && !wait_for_room(cancel, error))
            return -1;
        if (!early_answer_ && shown_.empty() && !look_for_more(cancel, error))
            return -1;
        if (early_answer_)
            break; // libsoup takes that for the end of the body, and reads the answer
        if (shown_.empty())
            continue;
        SoupLink *used = connection_.link();
        // libsoup frames the chunks of an open one
        if (used && used->output && !request_.open_body &&
            request_.body_length - sent_ > out.size()) {
            if (!write_out(*used, out.size(), cancel, error))
                return -1;
            continue;
        }
        const std::size_t size = std::min({out.size(), shown_.size(), room_});
        std::memcpy(out.data(), shown_.data(), size);
        took(size);
        return static_cast<gssize>(size);
    }
    return 0;
}

// The end is left to libsoup, which has to know that there was a body.
bool SoupBody::write_out(const SoupLink &used, std::size_t end, GCancellable *cancel,
                         GError **error)
{
    const std::uint64_t before_end = request_.body_length - sent_ - end;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(before_end, room_));
    const std::size_t size = std::min(most, shown_.size());
    const gssize written =
        g_output_stream_write(used.output.get(), shown_.data(), size, cancel, error);
    if (written > 0)
        took(static_cast<std::size_t>(written));
    if (written >= 0)
        return true;
    return last_look(used, error);
}

// The body can not go on. Who refuses may close at once, or read nothing more: what he said is
// there all the same, and libsoup reads it. Where it is no answer, that fails as the body has.
bool SoupBody::last_look(const SoupLink &used, GError **error)
{
    early_answer_ = left_answer(used);
    if (early_answer_)
        g_clear_error(error);
    alarm_.put_off(std::min<Duration>(request_.timeout, kLastLook));
    return early_answer_;
}

void SoupBody::took(std::size_t size)
{
    shown_ = shown_.subspan(size);
    sent_ += size;
    room_ -= size;
}

// Waits until the socket takes bytes, so that libsoup's writes do not block, where nobody would
// see an answer that comes before the body's end. Notes how many it takes.
bool SoupBody::wait_for_room(GCancellable *cancel, GError **error)
{
    room_ = kMostRoom;
    SoupLink *used = connection_.link();
    if (used && !g_socket_is_closed(used->socket.get())) {
        if (!wait_for(*used, cancel, error))
            return false;
        room_ = room_in(used->socket.get());
    }
    if (!early_answer_)
        alarm_.put_off(request_.timeout); // the server takes bytes
    return true;
}

bool SoupBody::wait_for(const SoupLink &used, GCancellable *cancel, GError **error)
{
    const bool watch = may_answer(used) && watch_answers_;
    const auto wanted = GIOCondition(watch ? G_IO_OUT | G_IO_IN : G_IO_OUT);
    // mostly there is room: a wait that can be cancelled costs several system calls more
    GIOCondition now = g_socket_condition_check(used.socket.get(), GIOCondition(wanted | G_IO_IN));
    if (!(now & wanted)) {
        if (!sit_out(used, wanted, cancel, error))
            return false;
        now = g_socket_condition_check(used.socket.get(), GIOCondition(wanted | G_IO_IN));
    }
    if (take_answer(used, now) || (now & G_IO_OUT))
        return true;
    return sit_out(used, G_IO_OUT, cancel, error);
}

// FALSE: it could not be waited for, or nothing has moved for the whole time.
bool SoupBody::sit_out(const SoupLink &used, GIOCondition wanted, GCancellable *cancel,
                       GError **error)
{
    const auto patience =
        std::chrono::duration_cast<std::chrono::microseconds>(request_.timeout).count();
    alarm_.hold(); // it would leave no time for a last look
    GError *failure = nullptr;
    if (g_socket_condition_timed_wait(used.socket.get(), wanted, patience, cancel, &failure))
        return true;
    const bool late = g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    g_propagate_error(error, failure);
    return late && last_look(used, error);
}

// What has come while the body was on its way. TRUE: it is an answer, or all that can be had.
bool SoupBody::take_answer(const SoupLink &used, GIOCondition now)
{
    if (!may_answer(used))
        return (now & (G_IO_ERR | G_IO_HUP)) && last_look(used, nullptr);
    early_answer_ = (now & (G_IO_IN | G_IO_HUP)) && is_answer(used);
    if (early_answer_)
        alarm_.put_off(request_.timeout);
    return early_answer_;
}

// What waits in the socket.
bool SoupBody::is_answer(const SoupLink &link)
{
    if (link.tls)
        return true;
    std::array<char, 4096> peeked{};
    const ssize_t size = peek(link, peeked);
    if (size < 0)
        return errno != EAGAIN && errno != EINTR;
    if (size == 0 || begins_final_answer({peeked.data(), static_cast<std::size_t>(size)}))
        return true;
    watch_answers_ = false; // interim answers stay unread and would wake us for ever
    return false;
}

// What of the body is next; there may be nothing of an open one. Either may take a while, in which
// the server may have answered.
bool SoupBody::look_for_more(GCancellable *cancel, GError **error)
{
    if (request_.open_body && !await_more(cancel, error))
        return false;
    if (!ended_ && !nothing_yet_ && !look(error))
        return false;
    look_for_answer();
    return true;
}

// Whether an open body goes on. Nothing may come for a while: then the server has its say.
bool SoupBody::await_more(GCancellable *cancel, GError **error)
{
    alarm_.hold();
    const BodySource::Coming coming = request_.body->coming(pulled_, kLook);
    alarm_.put_off(request_.timeout);
    ended_ = coming == BodySource::Coming::kEnd;
    nothing_yet_ = coming == BodySource::Coming::kNothingYet;
    return !nothing_yet_ || !g_cancellable_set_error_if_cancelled(cancel, error);
}

// Without waiting.
void SoupBody::look_for_answer()
{
    SoupLink *used = connection_.link();
    if (used && !g_socket_is_closed(used->socket.get()))
        (void)take_answer(*used, g_socket_condition_check(used->socket.get(), G_IO_IN));
}

bool SoupBody::look(GError **error)
{
    const std::uint64_t left = request_.open_body ? kMostRoom : request_.body_length - pulled_;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room_, left));
    alarm_.hold(); // who is asked may let us wait
    const Result<std::span<const std::byte>> got = request_.body->view(pulled_, most);
    if (got && !got->empty() && got->size() <= most) {
        pulled_ += got->size();
        shown_ = *got;
        alarm_.put_off(request_.timeout);
        return true;
    }
    error_.emplace();
    if (got)
        error_->message = cat("the body of a request to ", origin_of(request_.url), " ended after ",
                              pulled_, " of ", request_.body_length, " bytes");
    else
        *error_ = got.error();
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the body can not be read");
    return false;
}

} // namespace gsttus
