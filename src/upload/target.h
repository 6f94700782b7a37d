// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an upload goes. A Target is used by the upload thread only; it may block, and returns
// soon (ErrorKind::kCancelled) when the context's cancellable is cancelled.
#pragma once

#include "base/clock.h"
#include "base/redact.h"
#include "base/result.h"
#include "http/transport.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gsttus {

using Metadata = std::vector<std::pair<std::string, std::string>>; // raw values, not base64

struct Destination {
    std::vector<std::string> endpoints; // creation URLs, in order of preference, at least one
    Metadata metadata;                  // order is kept on the wire
    bool metadata_is_secret = false;    // holds a token: never follow a redirect to another host
};

// The metadata's filetype where nothing better is known: there are servers that want one.
inline constexpr const char *kUnknownType = "application/octet-stream";

// What the stream has told about itself so far; fields may be empty.
struct StreamHints {
    std::string title;     // GST_TAG_TITLE
    std::string mime_type; // from caps, e.g. "video/mp4"
};

// Things a target tells the application about.
struct VideoCreated {
    std::uint64_t id = 0;
    std::string name, slug;
    std::uint64_t client_id = 0;
};

// It was made here, got no byte, and is gone.
struct VideoDeleted {
    std::uint64_t id = 0;
    std::string name;
};

struct VideoStatus {
    std::uint64_t id = 0;
    std::string status, error, hls_url, dash_url, iframe_url;
};

struct TargetWarning {
    Error error;
};

using TargetNotice = std::variant<VideoCreated, VideoDeleted, VideoStatus, TargetWarning>;

struct TargetContext {
    Transport &http;
    GCancellable *cancel;
    Redactor &redactor;                               // add every secret before it is used
    Duration timeout;                                 // per request
    std::function<bool(Duration)> sleep;              // FALSE: cancelled
    std::function<void(const TargetNotice &)> notify; // may be called from the target's calls only
    StreamHints hints;
    bool want_proof = false; // finished(): look whether the service has the recording
};

// Whether the service behind the tus server has got the recording, as far as it says.
enum class Proof {
    kProved,
    kNotProved, // it was asked, and does not say so: the bytes had better be kept
    kUnknown    // there is nobody to ask, or nobody wanted to know
};

// Failure of a target call. `retry_after` is what the server asked for, if it did.
struct TargetError {
    Error error; // error.retryable: try again later
    bool reached_server = true;
    Duration retry_after = Duration::zero();
};

template <typename T>
using TargetResult = std::variant<T, TargetError>;

class Target {
public:
    virtual ~Target() = default;
    // Gives the destination. Called again after a retryable failure, and with `refresh` when the
    // server refused the metadata (a token that expired): anything fetched before is fetched anew,
    // nothing that exists already (a video) is made a second time.
    virtual TargetResult<Destination> resolve(TargetContext &context, bool refresh) = 0;
    // Everything is stored and confirmed. May follow what the service makes of it (wait-status),
    // and asks it for at most 30 s where the context wants a proof; why there is none is a warning.
    // An error becomes the upload's failure.
    virtual Result<Proof> finished(TargetContext &context, std::uint64_t bytes) = 0;
    // The upload ends without being finished, or finished without a byte. `bytes_stored` is what
    // the server has. Cleans up what this target made and nobody can use (delete-empty-video).
    virtual void abandoned(TargetContext &context, std::uint64_t bytes_stored) = 0;

    // The address that stands for this service where what it has shown is remembered (proofs.h);
    // empty: nothing is.
    virtual std::string service() const { return {}; }

    // What a journal needs so that another process can make this target again. No secrets: see
    // noted_url() and describe_metadata().
    virtual std::vector<std::pair<std::string, std::string>> describe() const = 0;

    // Whether the text of a failed creation (any status) says that the metadata's token was
    // refused, so that resolve(refresh) may help.
    virtual bool refused_metadata(int /*status*/, const std::string & /*body*/) const
    {
        return false;
    }
};

// What an answer brings that must be in no text: cookies, and an address that may be signed. It may
// say them back itself.
void know_secrets_in(const HttpResponse &response, Redactor &redactor);

// An address as a journal has it: without a login, and of a query only the "?", which says that
// there was one.
std::string noted_url(std::string_view url);
bool lacks_query(std::string_view noted);

// A fact "metadata.KEY" for each pair. Of a pair whose key says that it is a secret only that it
// was there: the fact "withheld.KEY".
inline constexpr const char *kWithheld = "withheld.";
void describe_metadata(const Metadata &metadata,
                       std::vector<std::pair<std::string, std::string>> &facts);

} // namespace gsttus
