// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Finishes one upload that another process left in a spool folder. Blocks; knows no terminal.
#pragma once

#include "http/soup_transport.h"
#include "replay/recovery.h"
#include "upload/live_upload.h"

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace gsttus {

struct RecoverOptions {
    std::string api_key; // for the Gcore API at api_url, and no other; secret
    std::string api_url; // empty: Gcore's own
    std::vector<HostHeader> host_headers;
    std::vector<std::string> whole_urls; // of addresses that are noted without their query; secret
    Metadata metadata;                   // besides what is noted, or instead; may be secret
    std::string ssl_ca_file, ssl_cert_file, ssl_key_file;
    std::string proxy; // may hold a login; empty: the environment's, else the system's
    bool ssl_strict = true;
    Duration outage_timeout = seconds(60);
    std::uint64_t max_rate = 0; // bits/s; 0: no limit
    std::string to;         // instead of where it was to go: see elsewhere.h; its query is secret
    std::string send_again; // the id of one that was_sent(); empty: none
    std::set<std::string> named; // ids of those whose own folder was named: see was_refused()
};

struct FinishedUpload {
    UploadComplete upload;
    std::uint64_t video_id = 0; // 0: it belongs to no video
};

// As the sinks do: credentials leave this machine only over TLS.
Result<void> check_secrecy(const std::vector<std::string> &urls, const RecoverOptions &options);
// How servers are reached.
HttpConfig http_config(const RecoverOptions &options);

// What the journal says of the recording, for people.
std::string describe_upload(const SpooledUpload &upload);

// All of it was sent, but the service did not show that it has it: finish_upload() is for who asks
// for that, and sends all of it to a new upload.
bool was_sent(const SpooledUpload &upload);
// A server refused it before there was anything of it: a wrong key, a wrong address. What it said;
// empty: it was not so.
std::string was_refused(const SpooledUpload &upload);

// `opened` is what was `listed`. `progress` is called on another thread. Cancelling leaves what is
// not finished for another time.
Result<FinishedUpload> finish_upload(RecoveredUpload opened, const SpooledUpload &listed,
                                     const RecoverOptions &options,
                                     const std::function<void(const UploadProgress &)> &progress,
                                     const std::function<void(const std::string &)> &tell,
                                     GCancellable *cancel);

} // namespace gsttus
