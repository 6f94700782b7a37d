// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One recording on its way to a server: the worker thread and its thread-safe face.
// The element calls write()/finish()/interrupt(); the upload thread executes the machine's actions.
// It takes no protocol decision (tus/upload_machine.h does) and knows no GStreamer.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "http/transport.h"
#include "replay/replay_store.h"
#include "tus/upload_machine.h"
#include "upload/host_header.h"
#include "upload/notice.h"
#include "upload/target.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

enum class OnStop { kFinish, kKeep, kTerminate };
// How live bytes travel: in PATCHes that have their length, or that stay open while bytes come.
enum class RequestMode { kBounded, kStream };

enum class Checksum { kNone, kMd5, kSha1, kSha256, kSha512 };

// What may change while the upload runs.
struct RuntimeConfig {
    std::string authorization; // secret
    Headers extra_headers;     // treated as secrets
    std::vector<HostHeader> host_headers;
    Duration flush_interval = milliseconds(1000);
    Duration timeout = seconds(30);
    Duration outage_timeout = Duration::zero(); // zero: never
    Duration drain_timeout = Duration::zero();  // zero: as long as it takes
    Duration progress_interval = milliseconds(1000);
    std::uint64_t max_upload_rate = 0; // bits/s; 0: no limit
    bool paused = false;               // nothing is sent; bytes are taken as ever
    int qos_dscp = -1;                 // 0 to 63; -1: as the system does
};

struct UploadConfig {
    std::string upload_url;              // continue this upload; empty: create one
    std::optional<ResumePoint> recovery; // another process' upload, see the constructor

    struct {
        std::vector<std::string> homes; // as the note "homes" has them
        std::string sha256;             // empty: not known
        std::uint64_t head = 0;         // so many bytes at the end are the first of the file
        bool keep_to_the_end = false;   // all of it, whatever is acknowledged or proved
    } left;                             // of the recovery, besides

    std::uint64_t chunk_size = std::uint64_t{8} << 20;
    std::uint64_t max_chunk_size = std::uint64_t{64} << 20;
    std::uint64_t min_chunk_size = 0;
    std::uint64_t chunk_align = 1;
    LengthMode length_mode = LengthMode::kAuto;
    RequestMode request_mode = RequestMode::kBounded;
    std::uint64_t seekable_header = 0; // so many bytes may be rewritten until the end
    unsigned max_parallel_uploads = 4; // of the process, see process.h; 0: all
    std::uint64_t max_process_memory = std::uint64_t{256} << 20; // bytes, of all its uploads
    bool keep_until_proved = true;                               // see UploadMachine::must_keep()
    Checksum checksum = Checksum::kNone;
    ReplayConfig replay;
    OnStop on_stop = OnStop::kFinish;
    Duration stop_timeout = milliseconds(5000);
    Duration disk_patience = seconds(10); // at a stop, for a disk that does not answer
    std::uint64_t seed = 0;               // of the back-off jitter; 0: random
    RuntimeConfig runtime;
};

struct UploadStats {
    std::string state;       // name of the machine's state, "paused", or "waiting" for its turn
    std::string upload_url;  // as it is: its query may be secret
    std::string shown_url;   // the same for every eye
    std::string length_mode; // "deferred", "concatenation", "spool"; empty: not known yet
    std::string spool_path;  // folder on disk; empty: none
    std::string sha256;      // of the whole recording; empty: it has not ended
    std::uint64_t bytes_rendered = 0;
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_in_memory = 0;
    std::uint64_t bytes_on_disk = 0;
    std::uint64_t bytes_resent = 0;
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    std::uint64_t outages = 0;
    Duration outage_time{};
    int last_http_status = 0;
    std::uint64_t upload_rate = 0; // bits/s, over the last seconds
};

// All called on the upload thread (on_warning also by stop()), without locks held. They may call
// back into LiveUpload and should return soon. One that blocks may outlast stop(): let the
// TransportFactory own what such an observer needs, which lives as long as the thread.
class UploadObserver {
public:
    virtual ~UploadObserver() = default;
    virtual void on_notice(const Notice &) = 0;
    virtual void on_warning(const Error &) = 0; // once per incident
    // The upload has failed for good; `spool_path` may be empty.
    virtual void on_failed(const Error &, const std::string &upload_url,
                           const std::string &spool_path) = 0;
    // The server refused the credentials: a new Authorization value, or nothing.
    virtual std::optional<std::string> on_refresh_authorization(int http_status) = 0;
};

enum class WriteStatus {
    kOk,          // all taken
    kInterrupted, // interrupt() was called while waiting for room; `taken` says how far it got
    kFailed,      // the upload has failed (on_failed was or will be called)
    kEnded,       // finish() was called before
};

struct WriteResult {
    WriteStatus status = WriteStatus::kOk;
    std::size_t taken = 0;
};
enum class DrainStatus { kComplete, kInterrupted, kFailed };

using TransportFactory = std::function<Result<std::unique_ptr<Transport>>()>;

class LiveUpload {
public:
    // `recovered`: the bytes of config.recovery; then nothing can be written any more.
    LiveUpload(UploadConfig config, std::unique_ptr<Target> target, TransportFactory transport,
               UploadObserver &observer, std::unique_ptr<ReplayStore> recovered = nullptr);
    ~LiveUpload(); // stop(OnStop::kKeep) if still running
    LiveUpload(const LiveUpload &) = delete;
    LiveUpload &operator=(const LiveUpload &) = delete;

    void start(); // spawns the upload thread; returns at once

    // Copies the bytes; blocks only when memory and disk are full. Streaming thread.
    WriteResult write(std::span<const std::byte> data);
    // What write() would say now.
    WriteStatus status() const;
    // Puts others where bytes of the head are: position + data.size() is neither behind
    // config.seekable_header nor behind what was written. Waits as write() does. Streaming thread.
    WriteStatus rewrite_head(std::uint64_t position, std::span<const std::byte> data);
    // The bytes from this stream position on may still be rewritten: none of them is handed to a
    // request, until this is called with a later position or none, or the recording ends (finish(),
    // stop()). To be called before they are written: what a request has taken stays taken. A writer
    // has precedence: when there is no room for more, and nothing before the position is left to be
    // sent, they go as they are, and no position up to there is held any more. Does not block.
    void hold_from(std::optional<std::uint64_t> position);
    // Changes bytes that were written. FALSE, and nothing has changed: a request has taken some of
    // them, or they are not there (any more), or the recording has ended or failed. Of a rewritten
    // recording there is no SHA-256. With spool-mode=always blocks as write() does. Streaming
    // thread.
    bool rewrite(std::uint64_t position, std::span<const std::byte> data);
    // No byte will follow. Does not block.
    void finish();
    // Blocks until the server has confirmed everything (and Target::finished is done).
    DrainStatus wait_drained();
    // Makes a blocked write()/wait_drained() return kInterrupted, now and until resume().
    void interrupt();
    void resume();
    // Ends the upload within its stop-timeout: complete already: at once; else as `policy` says.
    // Joins the thread, unless an observer does not return, or a disk for disk_patience longer
    // (then there is a warning, and the thread goes on when it answers). Idempotent, also from two
    // threads at once. From the upload thread itself: only asks it to end, which it does within the
    // same time.
    void stop(OnStop policy);
    // Tells of a stop() that will come, so that uploads that are stopped one after the other end at
    // the same time: ends as `policy` says by `deadline`, which is then stop()'s too. Does not
    // wait; cancels nothing that finishes before then. Called again after it: what is left ends
    // now.
    void prepare_stop(OnStop policy, TimePoint deadline);

    void update(RuntimeConfig runtime); // any thread
    // The upload is created with what is known when the first byte or a title is there, or soon
    // after start().
    void set_hints(StreamHints hints); // any thread
    // A file, say, comes as fast as it is taken: with SpoolMode::kOverflow what the server is
    // slower than waits there, as long as the server takes anything. write() asks for that, without
    // a lock: before it holds the source back, and while it does, since others may have joined.
    // FALSE counts for all that comes. Before the first write().
    void set_source(std::function<bool()> can_wait);
    // Any thread. Wakes a waiting retry; ends a request whose own address is gone.
    void network_changed();
    UploadStats stats() const; // any thread, also after stop()

    struct Core; // private to upload/: see shared_state.h

private:
    void join(TimePoint deadline);

    std::shared_ptr<Core> core_;
};

} // namespace gsttus
