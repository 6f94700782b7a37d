// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server.h"

#include "base/log.h"
#include "base/text.h"
#include "tus/protocol.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

constexpr std::size_t kLargestApiBody = 8 << 20;
constexpr std::uint64_t kPauseEvery = 256 << 10; // so that one fast body does not starve others
constexpr milliseconds kShortestPause{20};

// A page, and JSON from a path of tus, come from something in front of the tus server; what comes
// from itself says so.
Reply fixed(const FixedAnswer &answer, const std::string &path)
{
    Reply reply{.status = answer.status};
    const std::string phrase =
        answer.text.empty() ? std::string(reason_phrase(answer.status)) : answer.text;
    if (answer.body == BodyKind::kText && TusServer::serves(path))
        reply.set("Tus-Resumable", std::string(tus::kVersion));
    if (answer.body == BodyKind::kHtml) {
        reply.content_type = "text/html; charset=utf-8";
        reply.body = cat("<!DOCTYPE html>\n<html><head><title>", answer.status, " ", phrase,
                         "</title></head><body><h1>", phrase, "</h1></body></html>\n");
    } else if (answer.body == BodyKind::kJson || (!answer.text.empty() && GcoreApi::serves(path))) {
        reply = api_error(answer.status, phrase);
    } else {
        reply.body = cat(answer.status, " ", phrase, "\n");
    }
    for (const auto &[name, value] : answer.headers)
        reply.set(name, value);
    return reply;
}

} // namespace

Server::ExchangeRef Server::find(SoupServerMessage *message) const
{
    const auto found = active_.find(message);
    return found == active_.end() ? nullptr : found->second;
}

void Server::on_headers(SoupServerMessage *message)
{
    see_connection(message);
    const auto exchange = std::make_shared<Exchange>();
    exchange->id = ++last_id_;
    exchange->message = message;
    exchange->request = read_request(message, authority_);
    exchange->actions = plan_.match(exchange->request);
    for (auto &[name, plan] : switched_)
        exchange->actions.merge(plan.match(exchange->request));
    habits_.before(exchange->request, tus_->find(exchange->request.path).get(), exchange->actions);
    active_[message] = exchange;
    record_request(*exchange);

    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    const auto forward = [&](const char *signal, GCallback callback) {
        g_signal_connect(message, signal, callback, this);
    };
    forward("got-chunk", G_CALLBACK(+[](SoupServerMessage *from, GBytes *chunk, gpointer self) {
                static_cast<Server *>(self)->on_chunk(from, chunk);
            }));
    forward("wrote-headers",
            G_CALLBACK(+[](SoupServerMessage *from, gpointer) { keep_alive_after_204(from); }));
    forward("wrote-body", G_CALLBACK(+[](SoupServerMessage *from, gpointer self) {
                static_cast<Server *>(self)->on_written(from);
            }));
    forward("finished", G_CALLBACK(+[](SoupServerMessage *from, gpointer self) {
                static_cast<Server *>(self)->on_finished(from);
            }));
    if (!act_before(*exchange))
        begin(*exchange);
}

// Faults that come before, or instead of, the request itself.
bool Server::act_before(Exchange &exchange)
{
    const Actions &actions = exchange.actions;
    const std::string &path = exchange.request.path;
    if (const auto upload = tus_->find(path)) {
        upload->expired = upload->expired || actions.expire;
        if (actions.rollback)
            if (auto done = tus_->rollback(*upload, *actions.rollback); !done)
                log(LogLevel::kError, "standin", done.error().message);
        if (actions.forget)
            tus_->forget(path);
    }
    if (actions.store)
        return false;
    if (auto reply = fixed_reply(exchange)) {
        finish(exchange, std::move(*reply));
        return true;
    }
    return false;
}

std::optional<Reply> Server::fixed_reply(const Exchange &exchange) const
{
    const Actions &actions = exchange.actions;
    const Request &request = exchange.request;
    if (actions.lock)
        return fixed({.status = 423, .text = "ERR_UPLOAD_LOCKED: file currently locked"},
                     request.path);
    if (actions.redirect) {
        Reply reply{.status = actions.redirect->status};
        reply.set("Location", actions.redirect->to.empty()
                                  ? request.origin() + "/moved" + request.path
                                  : actions.redirect->to);
        return reply;
    }
    if (actions.answer)
        return fixed(*actions.answer, request.path);
    if (actions.drip && !actions.store)
        return Reply{};
    return std::nullopt;
}

void Server::begin(Exchange &exchange)
{
    const Request &request = exchange.request;
    std::optional<Reply> reply;
    if (TusServer::serves(request.path)) {
        auto [decided, sink] = tus_->begin(request, &exchange);
        reply = std::move(decided);
        if (!reply)
            exchange.sink = std::move(sink);
    } else if (request.path.starts_with("/standin") && request.method == "GET") {
        const std::string json = to_json(recorder_.copy(), request.path);
        reply = json.empty() ? api_error(404, "Not Found")
                             : Reply{.body = json, .content_type = "application/json"};
    } else if (auto link = link_reply(request)) {
        reply = std::move(link);
    } else if (!GcoreApi::serves(request.path)) {
        reply = tus_error(404, "Not Found: the API is at /streaming/videos, tus at /upload/ "
                               "(Gcore) and /files/ (plain)");
    }
    if (exchange.sink && exchange.actions.accept_only) {
        exchange.sink->most = std::min(exchange.sink->most, *exchange.actions.accept_only);
        exchange.sink->over_is_error = false;
    }
    if (act_after_bytes(exchange))
        return;
    if (reply)
        finish(exchange, std::move(*reply));
}

// Faults that come after so and so many bytes of the body. True: the exchange is over.
bool Server::act_after_bytes(Exchange &exchange)
{
    const Actions &actions = exchange.actions;
    if (actions.cut_after && exchange.received >= *actions.cut_after) {
        cut(exchange);
        return true;
    }
    if (actions.early && exchange.received >= actions.early->after) {
        if (exchange.sink && actions.early->status == 204)
            answer_early(exchange, tus_->short_reply(*exchange.sink));
        else
            answer_early(exchange, fixed({.status = actions.early->status}, exchange.request.path));
        return true;
    }
    if (actions.stall && !exchange.stalled && exchange.received >= actions.stall->after) {
        exchange.stalled = true;
        pause_for(exchange, actions.stall->time);
    }
    return false;
}

void Server::on_chunk(SoupServerMessage *message, GBytes *chunk)
{
    const ExchangeRef exchange = find(message);
    if (!exchange)
        return;
    gsize size = 0;
    const auto *data = static_cast<const char *>(g_bytes_get_data(chunk, &size));
    std::string_view bytes(data, size);
    // exactly so many bytes are taken before a fault
    const Actions &actions = exchange->actions;
    const auto bound = [&](const std::uint64_t limit) {
        bytes = bytes.substr(0, limit - std::min(limit, exchange->received));
    };
    if (actions.cut_after)
        bound(*actions.cut_after);
    if (actions.early)
        bound(actions.early->after);
    exchange->received += bytes.size();
    if (exchange->sink)
        tus_->write(*exchange->sink, bytes);
    else if (GcoreApi::serves(exchange->request.path) && exchange->body.size() <= kLargestApiBody)
        exchange->body += bytes;
    update_record(*exchange, [&](Snapshot &all, RequestRecord *record) {
        all.bytes_received += bytes.size();
        if (record)
            record->body_bytes = exchange->received;
    });
    log_.received(exchange->id, exchange->received);
    if (!act_after_bytes(*exchange))
        pace(*exchange, size);
}

// Slows the body down, and lets other connections have their turn.
void Server::pace(Exchange &exchange, std::size_t size)
{
    exchange.since_pause += size;
    if (exchange.timer) // a stall is running
        return;
    if (const std::uint64_t rate = connection_.bytes_per_second) {
        const auto time = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
            static_cast<double>(exchange.since_pause) / static_cast<double>(rate)));
        if (time < kShortestPause)
            return;
        pause_for(exchange, time);
    } else if (exchange.since_pause >= kPauseEvery) {
        soup_server_message_pause(exchange.message);
        soup_server_message_unpause(exchange.message);
    } else {
        return;
    }
    exchange.since_pause = 0;
}

void Server::pause_for(Exchange &exchange, Duration time)
{
    loop_.cancel(exchange.timer);
    soup_server_message_pause(exchange.message);
    exchange.timer = loop_.after(time, [this, message = exchange.message] {
        if (const ExchangeRef paused = find(message)) {
            paused->timer = 0;
            soup_server_message_unpause(message);
        }
    });
}

void Server::on_body(SoupServerMessage *message)
{
    const ExchangeRef exchange = find(message);
    if (!exchange)
        return;
    if (broke_off_in_body(message))
        return cut(*exchange);
    if (!exchange->replied)
        finish(*exchange, whole_reply(*exchange));
    if (exchange->actions.drip && find(message))
        drip(*exchange);
}

// To a request that is here with its body.
Reply Server::whole_reply(Exchange &exchange)
{
    if (exchange.sink)
        return tus_->end(*std::exchange(exchange.sink, nullptr));
    if (exchange.body.size() > kLargestApiBody)
        return api_error(413, "Payload Too Large");
    return api_->handle(exchange.request, exchange.body);
}

// The reply is known: bend it as the faults want it, and send it.
void Server::finish(Exchange &exchange, Reply reply)
{
    exchange.replied = true;
    if (exchange.actions.drop_answer) {
        cut(exchange);
        return;
    }
    if (exchange.actions.store)
        if (auto other = fixed_reply(exchange))
            reply = std::move(*other);
    if (exchange.actions.drip) // when the body is here
        return;
    reply = faulty(exchange, std::move(reply));
    if (exchange.actions.body_for_head) {
        reply.content_type = "application/octet-stream";
        reply.body = "these are the bytes of the upload";
        answer_now(exchange, reply);
        return;
    }
    announce(exchange, reply);
    record_reply(exchange, reply);
    set_reply(exchange.message, reply);
    if (exchange.actions.delay)
        pause_for(exchange, *exchange.actions.delay);
}

Reply Server::faulty(const Exchange &exchange, Reply reply) const
{
    const Actions &actions = exchange.actions;
    const bool post = exchange.request.method == "POST";
    if (const std::string *offset = reply.header("Upload-Offset"); offset && actions.offset_shift) {
        const auto told = static_cast<std::int64_t>(tus::parse_size(*offset).value_or(0));
        reply.set("Upload-Offset",
                  std::to_string(std::max<std::int64_t>(told + actions.offset_shift, 0)));
    }
    if (const std::string *location = reply.header("Location");
        location && actions.location && reply.status == 201) {
        const std::string url = *location;
        const std::string path = url.substr(url.find('/', url.find("://") + 3));
        const std::string &collection = exchange.request.path;
        const std::size_t parent = collection.rfind('/') + 1;
        if (*actions.location == LocationForm::kRelative)
            reply.set("Location", path.substr(parent));
        else if (*actions.location == LocationForm::kPathAbsolute)
            reply.set("Location", path);
        else
            reply.set("Location", cat("http://", exchange.request.host, path));
    }
    if (actions.no_header)
        reply.remove(post ? "Location" : "Upload-Offset");
    habits_.after(exchange.request, reply);
    for (const std::string &name : actions.without_headers)
        reply.remove(name);
    if (actions.cut_json)
        reply.body.resize(reply.body.size() / 2);
    return reply;
}

// From now on the client may use this offset.
void Server::announce(const Exchange &exchange, const Reply &reply)
{
    const std::string *text = reply.header("Upload-Offset");
    if (!text || reply.status >= 300)
        return;
    const std::string *location = reply.header("Location");
    const auto upload = tus_->find(location ? *location : exchange.request.path);
    if (const auto offset = tus::parse_size(*text); upload && offset)
        upload->announced.insert(*offset);
}

void Server::answer_early(Exchange &exchange, Reply reply)
{
    answer_now(exchange, faulty(exchange, std::move(reply)));
}

void Server::answer_now(Exchange &exchange, const Reply &reply)
{
    const ExchangeRef keep = find(exchange.message);
    exchange.replied = true;
    announce(exchange, reply);
    record_reply(exchange, reply);
    update_record(exchange, [](Snapshot &, RequestRecord *record) {
        if (record)
            record->answered = true;
    });
    SoupServerMessage *message = exchange.message;
    release(exchange);
    late_.answer_now(message, reply);
}

// The answer begins, and never ends.
void Server::drip(Exchange &exchange)
{
    const ExchangeRef keep = find(exchange.message);
    SoupServerMessage *message = exchange.message;
    release(exchange);
    late_.drip(message, *keep->actions.drip);
}

void Server::cut(Exchange &exchange)
{
    const ExchangeRef keep = find(exchange.message);
    SoupServerMessage *message = exchange.message;
    release(exchange);
    reset_connection(message);
}

// The exchange is over: what was written is kept, the upload is free for the next one.
void Server::release(Exchange &exchange)
{
    if (auto sink = std::exchange(exchange.sink, nullptr))
        tus_->abandon(*sink);
    loop_.cancel(exchange.timer);
    log_.over(exchange.id);
    g_signal_handlers_disconnect_by_data(exchange.message, this);
    active_.erase(exchange.message);
}

void Server::on_written(SoupServerMessage *message)
{
    if (const ExchangeRef exchange = find(message))
        update_record(*exchange, [](Snapshot &, RequestRecord *record) {
            if (record)
                record->answered = true;
        });
}

void Server::on_finished(SoupServerMessage *message)
{
    const ExchangeRef exchange = find(message);
    if (!exchange)
        return;
    const auto socket = GRef<GSocket>::retain(soup_server_message_get_socket(message));
    release(*exchange);
    if (!connection_.close_idle || !socket)
        return;
    const auto hang_up = [this, socket] {
        const bool busy = std::any_of(active_.begin(), active_.end(), [&](const auto &one) {
            return soup_server_message_get_socket(one.first) == socket.get();
        });
        if (!busy && !g_socket_is_closed(socket.get()))
            g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
    };
    if (*connection_.close_idle == Duration::zero())
        hang_up();
    else
        loop_.after(*connection_.close_idle, hang_up);
}

} // namespace gsttus::standin
