// The protocol decisions of one upload, without I/O, clock, threads or randomness of its own:
// step(event, input) -> the one action to do next. The worker does it and reports the outcome as
// the next event. Positions in the stream start at 0; a resumed upload (upload-url) maps them to
// server offsets by adding origin().
//
// state       what is under way                          leaves on
// ----------  -----------------------------------------  ---------------------------------------
// kIdle       nothing yet                                kStarted
// kResolving  Target::resolve                            kResolved, kResolveFailed
// kProbing    OPTIONS: what can the server do            kAnswer, kNoAnswer
// kCreating   POST: make the upload (or a partial one)   kAnswer, kNoAnswer
// kSpooling   length-mode spool: wait for the end        kTick with input.ended
// kReady      waiting for bytes to send                  kTick
// kPatching   PATCH under way                            kAnswer, kNoAnswer
// kAsking     HEAD: where does the server stand          kAnswer, kNoAnswer
// kJoining    POST Upload-Concat: final                  kAnswer, kNoAnswer
// kWaiting    back-off before the request in `next_`     kTick (time, network, credentials)
// kRenewing   the application is asked for credentials   kCredentials
// kFinished   everything confirmed                       -
// kFailed     given up                                   -
#pragma once

#include "tus/answer_rules.h"
#include "tus/events.h"
#include "tus/retry_policy.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gsttus {

enum class State {
    kIdle,
    kResolving,
    kProbing,
    kCreating,
    kSpooling,
    kReady,
    kPatching,
    kAsking,
    kJoining,
    kWaiting,
    kRenewing,
    kFinished,
    kFailed,
};
const char *to_string(State state);

// An upload that another process began: what its journal says.
struct ResumePoint {
    std::string upload_url;              // empty: none was created yet
    std::optional<std::uint64_t> origin; // nullopt: nothing was sent yet, HEAD tells
    LengthMode mode = LengthMode::kAuto;
    std::vector<std::string> parts; // concatenation: finished partial uploads
    std::uint64_t released = 0;     // stream position up to which nothing has to be sent again
};

struct MachineConfig {
    std::uint64_t chunk_size = std::uint64_t{8} << 20; // most bytes in one PATCH
    std::uint64_t min_chunk_size = 0;                  // not less before the end
    std::uint64_t chunk_align = 1;                     // every PATCH but the last
    LengthMode length_mode = LengthMode::kAuto;
    bool can_spool = true;               // the store has a disk: length-mode spool is possible
    std::string upload_url;              // continue this upload; empty: create one
    std::optional<ResumePoint> recovery; // go on where it stopped
    std::string checksum;                // tus name of the algorithm ("sha1"); empty: none
    std::uint64_t seed = 1;              // of the back-off jitter
};

class UploadMachine {
public:
    explicit UploadMachine(MachineConfig config);

    // Exactly one action is open at a time: its outcome is the next event.
    Action step(const Event &event, const Input &input);

    State state() const { return state_; }

    LengthMode mode() const { return mode_; } // kAuto: not decided yet

    std::uint64_t acked() const { return acked_; } // stream position confirmed by the server

    std::uint64_t taken() const { return taken_; } // stream position that PATCHes have taken

    std::uint64_t origin() const { return origin_; } // server offset of stream position 0

    bool origin_known() const { return origin_known_; }

    // Bytes before this stream position are never needed again but for a rollback of the server.
    std::uint64_t releasable() const;

    // The server has every byte up to the length that it knows.
    bool stored() const;

    // Where it was created, whatever redirects say.
    const std::string &upload_url() const { return url_; }

    const std::vector<std::string> &parts() const { return parts_; } // finished partial uploads

    const MachineCounters &counters() const { return counters_; }

    std::vector<Report> take_reports() { return std::exchange(reports_, {}); }

    // When the upload is to be given up (outage-timeout, drain-timeout): bounds a request too.
    // While the body of one moves, which it last did at `moved`, that is no outage.
    std::optional<TimePoint> deadline(const Input &input, TimePoint moved = {}) const;

private:
    // What a wait is followed by.
    enum class Next { kResolve, kProbe, kCreate, kAsk, kJoin };

    // one a state
    Action on_resolving(const Event &event, const Input &input);
    Action on_probing(const Event &event, const Input &input);
    Action on_creating(const Event &event, const Input &input);
    Action on_patching(const Event &event, const Input &input);
    Action on_asking(const Event &event, const Input &input);
    Action on_joining(const Event &event, const Input &input);
    Action on_waiting(const Input &input);
    Action on_renewing(const Event &event, const Input &input);

    // doing something next
    Action start(const Input &input);
    Action recover(const ResumePoint &recovery, const Input &input);
    Action resolve(bool refresh);
    Action probe();
    Action create(const Input &input);
    Action ask();
    Action join();
    Action do_next(Next next, const Input &input);
    Action spool(const Input &input);
    Action transfer(const Input &input); // kReady: send, wait, finish
    Action transfer_single(const Input &input);
    Action transfer_parts(const Input &input);
    Action complete_single(std::uint64_t total, const Input &input);
    Action send_or_wait(const Input &input, std::uint64_t size, std::uint64_t least,
                        std::uint64_t most, std::uint64_t held_back);
    Action patch(std::uint64_t to, std::optional<std::uint64_t> declare);
    Action finish(const Input &input);
    Action fail(Error error);

    // what an outcome leads to
    Action back_off(Trouble trouble, const Error &reason, Next next, const Input &input,
                    Duration retry_after = Duration::zero());
    bool is_wrong_setting(const Error &tls_error);
    Action no_answer(const NoAnswer &failure, Next next, const Input &input);
    Action probed(const Answer &answer, const Input &input);
    Action choose_mode(const Input &input);
    Action without_defer(const Input &input, const Error &reason);
    Action created(const Answer &answer, const Input &input);
    Action redirected(const Answer &answer, RequestKind request, const Input &input);
    Action renew(const Answer &answer, RequestKind request, Next next);
    Action astray(const Answer &answer, const Input &input);
    Error another_upload(const Answer &answer) const;
    Action acknowledged(const Answer &answer, const Input &input);
    Action impossible(const Answer &answer, const Input &input);
    Action shrink(const Answer &answer);
    Action not_there(const Error &error, const Input &input); // PATCH: 404, HEAD may know better
    Action located(const Answer &answer, const Input &input); // HEAD told the offset
    bool may_be_ahead(const Answer &answer) const;
    Action look_again(const Input &input);
    Action lost(const Answer &answer, const Input &input);
    Action doubtful(const Answer &answer, RequestKind request, Next next, const Input &input);

    static Wait wait_from(const Input &input);
    std::optional<Error> given_up(const Input &input) const;
    void advance(std::uint64_t position, const Input &input); // acked_ moves forward
    void recovered(const Input &input);
    void watch_expiry(const Answer &answer, const Input &input);
    bool offers(std::string_view extension) const;
    std::uint64_t request_limit() const;
    std::uint64_t end_of(const Input &input, bool &ended);
    std::string where() const; // for texts

    const std::string &request_url() const { return detour_.empty() ? url_ : detour_; }

    std::uint64_t base_offset() const; // server offset of stream position base_position()
    std::uint64_t base_position() const;

    MachineConfig config_;
    RetryPolicy retry_;
    State state_ = State::kIdle;
    LengthMode mode_ = LengthMode::kAuto;

    // destination
    std::vector<std::string> endpoints_;
    std::size_t endpoint_ = 0;
    bool follow_other_hosts_ = true;
    bool resolved_once_ = false;

    // what the server can do
    bool capabilities_known_ = false;
    std::vector<std::string> extensions_;
    std::optional<std::uint64_t> max_size_;
    std::string checksum_;        // in use; empty: none
    std::uint64_t shrunk_to_ = 0; // most bytes in a request after 413; 0: not shrunk
    bool method_override_ = false;
    bool patched_ = false; // the method in use was acknowledged
    bool expect_next_ = false;
    bool expect_refused_ = false; // 417, or silence: never again

    // the upload (in concatenation: the partial one under way)
    std::string url_;
    std::string detour_; // where a redirect led; left when HEAD does not find the upload there
    bool origin_known_ = true;
    std::uint64_t origin_ = 0;
    std::optional<std::uint64_t> created_length_; // what the last creation said
    std::optional<std::uint64_t> server_length_;  // what the server knows as the length
    bool declared_ = false;                       // Upload-Length was sent, with or without success
    bool length_unclear_ = false;                 // HEAD said neither length nor deferred
    std::vector<std::string> parts_;
    std::uint64_t part_begin_ = 0, part_end_ = 0;

    // positions in the stream
    std::uint64_t acked_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t sent_ = 0;                    // highest position that any request has carried
    std::optional<std::uint64_t> surplus_seen_; // a recovery: the server has more than the disk
    std::uint64_t patch_to_ = 0;
    bool patch_declares_ = false;
    bool patch_finishes_ = false;
    bool patch_expects_ = false;
    bool hurry_ = false;                  // bytes that were sent before wait again: no pacing
    bool truncated_ = false;              // Tus-Max-Size reached: finish what fits, then fail
    std::optional<Error> refused_finish_; // a 4xx answered the request that completes the upload

    // trouble
    std::optional<TimePoint> trouble_since_;
    Error last_trouble_;
    std::uint64_t attempts_ = 0;                      // failures in this outage
    std::array<std::uint64_t, kTroubles> failures_{}; // the same by Trouble: pauses grow by kind
    std::uint64_t resent_before_ = 0; // counters_.bytes_resent when the outage began
    std::uint64_t stale_in_a_row_ = 0;
    std::uint64_t conflicts_ = 0;
    std::uint64_t doubts_ = 0, head_doubts_ = 0;
    std::uint64_t absences_ = 0;   // PATCH: 404, or a length that is known already
    std::uint64_t impossible_ = 0; // answers with an offset that can not be
    std::uint64_t probes_ = 0;
    std::uint64_t handshakes_ = 0; // that broke before there was an upload
    std::uint64_t redirects_ = 0;
    std::uint64_t mismatches_ = 0;
    std::uint64_t refusals_ = 0;                   // credentials refused and not renewed
    std::uint64_t recreations_ = 0;                // without a byte more than the server ever had
    std::uint64_t most_acked_ = 0, most_here_ = 0; // ever; of the upload that there is now
    bool metadata_refreshed_ = false;
    bool expiry_warned_ = false;

    // waiting
    Next next_ = Next::kResolve;
    std::optional<TimePoint> wait_until_;
    bool wake_on_network_ = false;
    std::uint64_t network_seen_ = 0, credentials_seen_ = 0;
    Answer refused_answer_; // the 401/403 that the application is asked about
    RequestKind refused_request_ = RequestKind::kHead;

    MachineCounters counters_;
    std::vector<Report> reports_;
};

} // namespace gsttus
