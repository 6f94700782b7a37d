// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gcore-standin as a library: the Gcore Streaming API and a tus 1.0.0 server on a loopback port,
// in a thread of its own. Every method may be called from any thread but the stand-in's.
//
//   auto standin = Standin::start({.api_key = "1234$key"});
//   standin.value()->add_fault("on PATCH 2: cut after 1000 bytes");
//   … standin.value()->url() … standin.value()->snapshot().only_finished()->sha256 …
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "gcore_api.h"
#include "snapshot.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gsttus::standin {

struct StandinOptions {
    std::string listen = "127.0.0.1:0"; // port 0: any free one
    std::string page{};                 // the same for the page to watch; empty: there is none
    std::string dir{};                  // finished uploads; empty: a temporary one, gone at the end
    bool discard = false;               // hash and count the bytes instead of storing them
    std::string api_key{};              // empty: any key is accepted
    std::string tls_cert{};             // PEM file
    std::string tls_key{};
    std::vector<std::string> extensions = all_extensions(); // announced and done
    std::uint64_t max_size = 0;                             // 0: any
    std::vector<std::string> faults{};
    std::vector<std::string> habits{};        // see habit_help()
    Duration status_step = milliseconds(200); // pending -> viewable -> ready
    bool examine = true;                      // look into finished files with GstDiscoverer
    Duration token_lifetime = seconds(4 * 3600);
    Duration expires_after = seconds(24 * 3600); // of an unfinished upload
    bool array_answers = false;                  // "Create video" answers an array to all
    int refusal = 501;                           // for Upload-Defer-Length without the extension
    bool lock_conflict_423 = false; // else a second request ends the PATCH that is running
    std::vector<UploadServer> other_servers{}; // listed before the stand-in
    bool announce_self = true;                 // list the stand-in itself

    static std::vector<std::string> all_extensions();
};

class Server;

class Standin {
public:
    static Result<std::unique_ptr<Standin>> start(StandinOptions options);
    ~Standin(); // stops
    Standin(const Standin &) = delete;
    Standin &operator=(const Standin &) = delete;

    const std::string &url() const { return url_; } // http://127.0.0.1:PORT

    std::string upload_url() const { return url_ + "/upload/"; } // with a Gcore token

    std::string files_url() const { return url_ + "/files/"; } // plain tus

    const std::string &page_url() const { return page_url_; } // "http://127.0.0.1:PORT/", or empty

    const std::string &dir() const { return dir_; } // empty with `discard`

    void stop(); // bounded; the snapshot stays readable

    Snapshot snapshot() { return recorder_.copy(); }

    // Waits until `holds` is true of the records. It runs under their lock: keep it short.
    bool wait_for(const std::function<bool(const Snapshot &)> &holds, Duration patience)
    {
        return recorder_.wait_for(holds, patience);
    }

    // See fault_help(). Requests are counted from now on.
    Result<void> add_fault(const std::string &spec);
    void clear_faults();

    void go_away();           // nobody listens any more, every connection is reset
    Result<void> come_back(); // on the same port

private:
    class Thread; // the loop, the server on it, and the examiner

    explicit Standin(std::string dir, bool temporary);

    Recorder recorder_;
    std::string dir_;
    const bool temporary_;
    const bool discard_;
    std::string url_{};
    std::string page_url_{};
    std::unique_ptr<Thread> thread_;
};

} // namespace gsttus::standin
