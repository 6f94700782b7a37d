// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The protocol decisions of one upload, without I/O, clock, threads or randomness of its own:
// step(event, input) -> the one action to do next. The worker does it and reports the outcome as
// the next event. The machine asks, the rooms know: positions.h where the upload stands, server.h
// what the server can do, route.h where requests go, patience.h how long it goes on, length_plan.h
// what is sent when.
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
// kAsking     HEAD: where does the server stand, and     kAnswer, kNoAnswer
//             does it know that it has all of it
// kJoining    POST Upload-Concat: final                  kAnswer, kNoAnswer
// kWaiting    back-off before the request in `next_`     kTick (time, network, credentials)
// kRenewing   the application is asked for credentials   kCredentials
// kFinished   everything confirmed                       -
// kFailed     given up                                   -
#pragma once

#include "tus/answer_rules.h"
#include "tus/events.h"
#include "tus/length_plan.h"
#include "tus/machine_config.h"
#include "tus/patience.h"
#include "tus/positions.h"
#include "tus/proof.h"
#include "tus/route.h"
#include "tus/server.h"
#include "tus/speaker.h"

#include <cstdint>
#include <memory>
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

class UploadMachine {
public:
    explicit UploadMachine(MachineConfig config);

    // Exactly one action is open at a time: its outcome is the next event.
    Action step(const Event &event, const Input &input);

    State state() const { return state_; }

    LengthMode mode() const; // kAuto: not decided yet

    // Stream positions, see positions.h.
    std::uint64_t acked() const { return positions_.acked(); } // confirmed by the server

    std::uint64_t taken() const { return positions_.taken(); } // PATCHes have taken

    std::uint64_t origin() const { return positions_.origin(); } // server offset of position 0

    bool origin_known() const { return positions_.origin_known(); }

    // Bytes before this stream position are never needed again but for a rollback of the server.
    std::uint64_t releasable() const;

    // The server has every byte up to the length that it said it knows, and did not fail to finish.
    bool stored() const;

    // The server has shown that it notes a length declared at the end: in this recording or before.
    bool proved() const { return proof_.proved(); }

    // When finished: the server itself says that the upload is complete. FALSE: it could not be
    // asked, HEAD does not get through.
    bool confirmed() const { return !proof_.is_unseen(); }

    // What is acknowledged may be needed once more, whole: keep it where there is room.
    bool must_keep() const;

    bool is_joined() const { return proof_.is_joined(); } // its upload is what the parts make

    // Uploads at the server that nobody needs any more: removed when this one is complete.
    const std::vector<std::string> &litter() const { return litter_; }

    // Where it was created, whatever redirects say.
    const std::string &upload_url() const { return route_.upload_url(); }

    const std::vector<std::string> &parts() const; // finished partial uploads

    MachineCounters counters() const;

    // There is an upload at the server, or a part of one.
    bool begun() const { return route_.has_upload() || !parts().empty(); }

    bool in_trouble() const { return patience_.in_trouble(); } // an outage lasts

    std::vector<Report> take_reports() { return std::exchange(reports_, {}); }

    // When the upload is to be given up (outage-timeout, drain-timeout): bounds a request too.
    // While the body of one moves, which it last did at `moved`, that is no outage.
    std::optional<TimePoint> deadline(const Input &input, TimePoint moved = {}) const
    {
        return patience_.deadline(input, moved);
    }

private:
    // What a wait is followed by.
    enum class Next { kResolve, kProbe, kCreate, kAsk, kJoin, kProceed };

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
    Action ask(const Input &input); // without HEAD: as far as is known
    Action join();
    Action do_next(Next next, const Input &input);
    Action proceed(const Input &input); // as the plan says
    Action do_step(Step step, const Input &input);
    Action patch(const SendBytes &bytes, const Input &input);
    Action finish(const Input &input);
    Action fail(Error error);

    // the way to an upload
    Action probed(const Answer &answer, const Input &input);
    Action choose_plan(const Input &input);
    Action without_defer(const Input &input, const Error &reason);
    Action created(const Answer &answer, const Input &input);
    Action creation_unanswered(const NoAnswer &failure, Next next, const Input &input);
    Next creation_after_trouble() const;
    unsigned creation_patience() const;
    void warn_of_another_host(const std::string &location, bool other_host); // once
    Action misled(const Answer &answer, const Input &input);
    void discard(const std::string &url);
    Action leaves_tls(const Answer &redirect, const Input &input);

    // whom to believe
    std::optional<RequestKind> asked() const;
    Next once_more() const;
    std::optional<Action> hear(const Event &event, const Input &input);
    Action stranger(const Answer &answer, RequestKind request, const Input &input);
    std::optional<Action> another_way(Verdict verdict, const Answer &answer, const Input &input);
    bool override_was_wrong(Verdict verdict, const Answer &answer, const Input &input);
    void leave_wrong_ways();
    void begin_rows_anew(Verdict verdict);
    bool is_decided(Mishap row, const Input &input);
    Action unless_it_passes(Mishap row, Error error, Next next, const Input &input,
                            Duration retry_after = Duration::zero());
    Action refused_creation(Error error, const Input &input, Duration retry_after);
    bool patch_without_head(Verdict verdict, const Answer &answer, const Input &input);
    Action without_head(const Error &error, const Input &input);
    Action learn_from_conflict(const Answer &answer, const Input &input);

    // trouble
    Action back_off(Trouble trouble, const Error &reason, Next next, const Input &input,
                    Duration retry_after = Duration::zero());
    bool is_wrong_setting(const Error &error);
    Action no_answer(const NoAnswer &failure, Next next, const Input &input);
    Action doubtful(const Answer &answer, RequestKind request, Next next, const Input &input);
    Action redirected(const Answer &answer, RequestKind request, const Input &input);
    Action fresh_token(const Answer &answer, const Input &input);
    Action renew(const Answer &answer, RequestKind request, Next next);
    Action astray(const Answer &answer, const Input &input);

    // what an open PATCH leads to (upload_machine_open.cpp)
    std::optional<Action> open_ended(const Event &event, const Input &input);
    void judge_open(std::uint64_t position);
    void refuse_open(int status); // 0: it was no answer
    std::optional<Action> held_after_cut(Verdict verdict, const Input &input);
    Action ask_after(Duration span, const Input &input);

    // what PATCH leads to
    Action acknowledged(const Answer &answer, const Input &input);
    void carried_all(std::uint64_t offset);
    void forget_refused_finish();
    Action impossible(const Answer &answer, const Input &input);
    Action refused_patch(Verdict verdict, const Answer &answer, const Input &input);
    void note_timeout(const Answer &answer, const Input &input);
    Action damaged(Error error, const Input &input);
    Action conflict(const Answer &answer, const Error &error, const Input &input);
    Action length_is_known(const Error &error, const Input &input);
    Action no_method(const Answer &answer, const Input &input);
    bool must_defer_empty(Verdict verdict); // TRUE: the creation once more
    // TRUE: what there was is forgotten, another one is to be made.
    bool may_be_made_empty(Verdict verdict, const Answer &answer, const Input &input);
    bool is_about_the_method(Verdict verdict, const Answer &answer); // perhaps: HEAD, then as set
    std::uint64_t last_size() const;  // of the PATCH that was refused
    std::uint64_t least_size() const; // below that, 413 is not about the request
    Action shrink(const Answer &answer, const Input &input);
    Action not_so(Mishap row, const Error &error, const Input &input); // HEAD may know better

    // what HEAD leads to
    Action located(const Answer &answer, const Input &input);
    Action stands_at(const Answer &answer, const Input &input);
    Action refused_head(Verdict verdict, const Answer &answer, const Input &input);
    bool look_again_at(const Answer &answer); // a recovery: the server is ahead
    Action lost(const Answer &answer, const Input &input);
    void drop_upload();
    Action make_anew(Error error, const Input &input, Duration retry_after);

    // what is believed of the end (upload_machine_proof.cpp)
    bool is_ours() const;
    bool is_whole(const Input &input) const;
    bool awaits_proof() const;
    Action conclude(const Input &input);
    std::optional<Action> waits_for_what_is_lost(const Answer &answer, const Input &input);
    std::optional<Action> judged(const Answer &answer, const Input &input);
    std::optional<Action> judged_length(std::uint64_t length, const Input &input);
    std::optional<Action> judged_deferred(const Input &input);
    std::optional<Action> judged_silence(const Input &input);
    Action unfit(Error error, const Input &input);
    std::optional<Action> refused_proof(Verdict verdict, const Answer &answer, const Input &input);
    std::optional<Action> refused_confirmation(Verdict verdict, const Answer &answer,
                                               const Input &input);
    Action finish_unseen(const Input &input);
    Action without_confirmation(Error error, const Input &input, Duration retry_after);
    Next after_failed_look();
    Action moved_away(const Answer &answer, const Input &input);
    void note_refusal(Verdict verdict, const Answer &answer);
    bool must_finish() const;
    Action ask_to_finish(const Input &input);
    bool refuses_to_finish(Verdict verdict) const;
    Action refused_to_finish(const Answer &answer, const Input &input);
    Action not_finished(const Input &input);
    Action joined(const Answer &answer, const Input &input);
    Action on_joined(const Event &event, const Input &input);
    Action joined_is(const Answer &answer, const Input &input);
    Action join_again(Error error, bool is_there);
    Action joined_is_gone(const Answer &answer, const Input &input);

    void advance(std::uint64_t position, const Input &input);
    void recovered(const Input &input);
    void watch_expiry(const Answer &answer, const Input &input);

    void warn(Error warning) { reports_.emplace_back(ReportWarning{std::move(warning)}); }

    PlanView view(const Input &input)
    {
        return {config_, server_, input, positions_, route_, growth_, open_};
    }

    // Below that nobody refuses a request because of its size.
    static constexpr std::uint64_t kShrinkFloor = std::uint64_t{256} << 10;

    const MachineConfig config_;
    State state_ = State::kIdle;
    Next next_ = Next::kResolve; // behind kWaiting and kRenewing

    Positions positions_;
    ChunkGrowth growth_;
    OpenRequests open_;
    Server server_;
    Speaker speaker_;
    Route route_;
    Patience patience_;
    LengthProof proof_;
    std::unique_ptr<LengthPlan> plan_; // nullptr: not decided yet

    std::optional<Error> refused_finish_; // a 4xx answered the request that completes the upload
    Answer refused_answer_;               // the 401/403 that the application is asked about
    RequestKind refused_request_ = RequestKind::kHead;
    Error failure_; // what kFailed ended with
    std::vector<std::string> litter_;
    std::vector<Report> reports_;
};

} // namespace gsttus
