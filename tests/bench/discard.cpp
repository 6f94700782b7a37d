// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// bench-discard: a tus 1.0.0 server that takes every byte and keeps none, so that a benchmark
// measures the client. On this machine alone, or the address given. Also answers PUT, and GET with
// how many other requests there were and what they and their answers took beside bodies, in bytes.
// One thread a connection; prints its port; ends when its standard input does.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Upload {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
};

std::mutex mutex;
std::map<std::string, Upload> uploads;
std::atomic<std::uint64_t> requests, overhead;

std::string_view header(std::string_view head, std::string_view name)
{
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
        at += 2;
        const std::size_t end = head.find("\r\n", at);
        const std::string_view line = head.substr(at, end - at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            strncasecmp(line.data(), name.data(), name.size()) == 0) {
            std::string_view value = line.substr(name.size() + 1);
            value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
            return value;
        }
        at = end;
    }
    return {};
}

std::optional<std::uint64_t> number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data())
        return std::nullopt;
    return value;
}

bool send_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t n = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

class Connection {
public:
    explicit Connection(int fd) : fd_(fd) {}

    ~Connection() { close(fd_); }

    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    void run()
    {
        while (std::optional<std::string> head = read_head()) {
            if (!answer(*head))
                return;
        }
    }

private:
    std::optional<std::string> read_head()
    {
        for (;;) {
            const std::size_t end = rest_.find("\r\n\r\n");
            if (end != std::string::npos) {
                std::string head = rest_.substr(0, end + 2);
                rest_.erase(0, end + 4);
                return head;
            }
            std::array<char, 16384> chunk;
            const ssize_t n = recv(fd_, chunk.data(), chunk.size(), 0);
            if (n <= 0)
                return std::nullopt;
            rest_.append(chunk.data(), static_cast<std::size_t>(n));
        }
    }

    bool drop(std::uint64_t bytes)
    {
        const std::uint64_t here = std::min<std::uint64_t>(bytes, rest_.size());
        rest_.erase(0, here);
        static thread_local std::array<char, 256 << 10> chunk;
        for (bytes -= here; bytes > 0;) {
            // discarded by the kernel
            const ssize_t n =
                recv(fd_, chunk.data(), std::min<std::uint64_t>(bytes, chunk.size()), MSG_TRUNC);
            if (n <= 0)
                return false;
            bytes -= static_cast<std::uint64_t>(n);
        }
        return true;
    }

    // The body of a request without Content-Length comes in chunks.
    std::optional<std::uint64_t> drop_chunks()
    {
        std::uint64_t all = 0;
        for (;;) {
            std::size_t end;
            while ((end = rest_.find("\r\n")) == std::string::npos) {
                std::array<char, 16384> chunk;
                const ssize_t n = recv(fd_, chunk.data(), chunk.size(), 0);
                if (n <= 0)
                    return std::nullopt;
                rest_.append(chunk.data(), static_cast<std::size_t>(n));
            }
            const std::uint64_t size = std::strtoull(rest_.c_str(), nullptr, 16);
            rest_.erase(0, end + 2);
            if (!drop(size + 2))
                return std::nullopt;
            if (size == 0)
                return all;
            all += size;
        }
    }

    bool answer(const std::string &head)
    {
        const std::string method = head.substr(0, head.find(' '));
        const std::size_t at = method.size() + 1;
        const std::string path = head.substr(at, head.find(' ', at) - at);
        if (header(head, "Expect").starts_with("100") &&
            !send_all(fd_, "HTTP/1.1 100 Continue\r\n\r\n"))
            return false;
        std::uint64_t body = number(header(head, "Content-Length")).value_or(0);
        if (header(head, "Transfer-Encoding").starts_with("chunked")) {
            const auto size = drop_chunks();
            if (!size)
                return false;
            body = *size;
        } else if (!drop(body)) {
            return false;
        }
        if (method == "GET")
            return send_all(fd_, counted());
        const std::string said = reply(method, path, head, body);
        ++requests;
        overhead += head.size() + 2 + said.size();
        return send_all(fd_, said);
    }

    static std::string counted()
    {
        const std::string text = std::to_string(requests) + " " + std::to_string(overhead);
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
               text;
    }

    static std::string reply(const std::string &method, const std::string &path,
                             std::string_view head, std::uint64_t body)
    {
        const std::string common = "Tus-Resumable: 1.0.0\r\nContent-Length: 0\r\n";
        const std::lock_guard lock(mutex);
        if (method == "OPTIONS")
            return "HTTP/1.1 204 No Content\r\nTus-Resumable: 1.0.0\r\nTus-Version: 1.0.0\r\n"
                   "Tus-Extension: creation,creation-with-upload,creation-defer-length,"
                   "termination,checksum\r\nTus-Checksum-Algorithm: sha1,sha256\r\n\r\n";
        if (method == "POST") {
            const std::string made = "/files/" + std::to_string(uploads.size() + 1);
            uploads[made] = {body, number(header(head, "Upload-Length"))};
            return "HTTP/1.1 201 Created\r\nLocation: " + made +
                   "\r\nUpload-Offset: " + std::to_string(body) + "\r\n" + common + "\r\n";
        }
        if (method == "PUT")
            return "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
        const auto found = uploads.find(path);
        if (found == uploads.end())
            return "HTTP/1.1 404 Not Found\r\n" + common + "\r\n";
        Upload &upload = found->second;
        if (method == "PATCH")
            upload.offset += body;
        if (const auto length = number(header(head, "Upload-Length")))
            upload.length = length;
        const std::string length = upload.length
                                       ? "Upload-Length: " + std::to_string(*upload.length)
                                       : std::string("Upload-Defer-Length: 1");
        if (method == "HEAD")
            return "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nUpload-Offset: " +
                   std::to_string(upload.offset) + "\r\n" + length +
                   "\r\nTus-Resumable: 1.0.0\r\n\r\n";
        return "HTTP/1.1 204 No Content\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: " +
               std::to_string(upload.offset) + "\r\n\r\n";
    }

    const int fd_;
    std::string rest_; // received, not used yet
};

} // namespace

int main(int argc, char **argv)
{
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = argc > 1 ? inet_addr(argv[1]) : htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
        std::perror("bench-discard");
        return 1;
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    std::thread([] {
        char byte;
        while (read(STDIN_FILENO, &byte, 1) > 0)
            continue;
        std::_Exit(0);
    }).detach();
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        const int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        std::thread([fd] { Connection(fd).run(); }).detach();
    }
}
