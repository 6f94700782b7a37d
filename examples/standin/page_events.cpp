// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Page that tells what happens (server-sent events), and sends the bytes of a
// recording.

#include "base/text.h"
#include "page.h"
#include "wire.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

constexpr milliseconds kPace{250};
constexpr seconds kSilence{10}; // then a comment shows who is still there
constexpr std::size_t kMostWatchers = 32;
constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kTypeBytes = 256; // enough to know the kind of media

void append(SoupServerMessage *message, const std::string &text)
{
    soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_COPY,
                             text.data(), text.size());
}

SoupMessageHeaders *reply_headers(SoupServerMessage *message)
{
    return soup_server_message_get_response_headers(message);
}

} // namespace

void Page::watch(SoupServerMessage *message)
{
    if (watchers_.size() >= kMostWatchers) {
        soup_server_message_set_status(message, 503, nullptr);
        return;
    }
    soup_server_message_set_status(message, 200, nullptr);
    soup_message_headers_replace(reply_headers(message), "Content-Type", "text/event-stream");
    if (g_str_equal(soup_server_message_get_method(message), "HEAD"))
        return;
    soup_message_headers_set_encoding(reply_headers(message), SOUP_ENCODING_CHUNKED);
    soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
    Watcher &watcher = watchers_[message];
    g_signal_connect(message, "wrote-chunk",
                     G_CALLBACK(+[](SoupServerMessage *from, gpointer self) {
                         auto &all = static_cast<Page *>(self)->watchers_;
                         if (const auto found = all.find(from);
                             found != all.end() && found->second.unwritten > 0)
                             --found->second.unwritten;
                     }),
                     this);
    append(message, "retry: 1000\n\n");
    ++watcher.unwritten;
    tell(message, watcher, hooks_.state());
    if (!timer_)
        timer_ = loop_.after(kPace, [this] { tell_all(); });
}

// Who does not take what is told is told the newest later, and never all that was in between.
void Page::tell(SoupServerMessage *message, Watcher &watcher, const std::string &state)
{
    if (watcher.unwritten > 1)
        return;
    std::string text;
    if (watcher.version != log_.version() || watcher.state.empty()) {
        text += cat("event: requests\ndata: ", requests_json(log_.changed_since(watcher.version)),
                    "\n\n");
        watcher.version = log_.version();
    }
    if (watcher.state != state) {
        text += cat("event: state\ndata: {\"now\":", g_get_real_time() / 1000, ",\"state\":", state,
                    "}\n\n");
        watcher.state = state;
    }
    if (text.empty() && Clock::now() - watcher.told > kSilence)
        text = ":\n\n";
    if (text.empty())
        return;
    watcher.told = Clock::now();
    append(message, text);
    ++watcher.unwritten;
    soup_server_message_unpause(message);
}

void Page::tell_all()
{
    loop_.cancel(timer_);
    if (watchers_.empty())
        return;
    const std::string state = hooks_.state();
    for (auto &[message, watcher] : watchers_)
        tell(message, watcher, state);
    timer_ = loop_.after(kPace, [this] { tell_all(); });
}

// What has come so far, and whatever of it is asked for. Of what still grows nobody knows the end
// ("bytes 0-99/*"): a player asks again.
// A name may end as players want it ("v7.mp4").
void Page::show_media(SoupServerMessage *message, const std::string &name)
{
    const std::string key = name.substr(0, name.find('.'));
    const auto all = recorder_.read([](const Snapshot &records) { return recordings_of(records); });
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Recording &one) { return one.key == key; });
    if (found == all.end() || !found->stored || found->removed) {
        soup_server_message_set_status(message, 404, nullptr);
        return;
    }
    const std::uint64_t total = found->bytes;
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *asked = soup_message_headers_get_one(headers, "Range");
    const std::string text = asked ? asked : "";
    ByteRange range;
    const RangeAnswer kind = read_range(asked ? &text : nullptr, total, range);
    MediaReader first(found->pieces, {0, std::min<std::uint64_t>(total, kTypeBytes)});
    const std::string type = media_type(first.next(kTypeBytes));
    const std::string size = found->finished ? std::to_string(total) : "*";
    SoupMessageHeaders *reply = reply_headers(message);
    soup_message_headers_replace(reply, "Accept-Ranges", "bytes");
    soup_message_headers_replace(reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    soup_message_headers_replace(reply, "Content-Type", type.c_str());
    if (type == "application/octet-stream")
        soup_message_headers_replace(reply, "Content-Disposition", "attachment");
    if (kind == RangeAnswer::kOutside) {
        soup_message_headers_replace(reply, "Content-Range", cat("bytes */", size).c_str());
        soup_server_message_set_status(message, 416, nullptr);
        return;
    }
    if (kind == RangeAnswer::kPart)
        soup_message_headers_replace(
            reply, "Content-Range",
            cat("bytes ", range.first, "-", range.first + range.size - 1, "/", size).c_str());
    soup_server_message_set_status(message, kind == RangeAnswer::kPart ? 206 : 200, nullptr);
    soup_message_headers_set_content_length(reply, static_cast<goffset>(range.size));
    if (range.size == 0 || g_str_equal(soup_server_message_get_method(message), "HEAD"))
        return;
    soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
    readers_[message] = std::make_shared<MediaReader>(found->pieces, range);
    g_signal_connect(message, "wrote-chunk",
                     G_CALLBACK(+[](SoupServerMessage *from, gpointer self) {
                         static_cast<Page *>(self)->send_media(from);
                     }),
                     this);
    send_media(message);
}

// The next block, when the connection has taken the one before.
void Page::send_media(SoupServerMessage *message)
{
    const auto found = readers_.find(message);
    if (found == readers_.end() || found->second->left() == 0)
        return;
    const std::string block = found->second->next(kBlock);
    if (block.empty()) { // the file is gone or shorter by now: an end that is no end
        readers_.erase(found);
        g_signal_handlers_disconnect_by_data(message, this);
        reset_connection(message);
        return;
    }
    append(message, block);
    if (found->second->left() == 0)
        soup_message_body_complete(soup_server_message_get_response_body(message));
    soup_server_message_unpause(message);
}

} // namespace gsttus::standin
