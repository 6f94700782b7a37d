// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One section for each way to end; complete() may go on for long (wait-status), the others are
// bounded: see the constants, disk_patience and stop-timeout.
#include "upload/endings.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace gsttus {

namespace {

constexpr seconds kCleanUp{5};
constexpr seconds kGoodbye{1};
constexpr milliseconds kRemovePause{250}; // grows
constexpr seconds kMostRemovePause{1};

bool is_gone(int status)
{
    return status == 404 || status == 410;
}

// At once, so that nothing but its first moments is here: an outage, or who waits for the end with
// what it sends (length-mode=spool), may have left hours of it.
bool was_refused(const UploadMachine &machine, const Error &error)
{
    return !machine.begun() && machine.mode() != LengthMode::kSpool &&
           machine.counters().outages == 0 &&
           (error.kind == ErrorKind::kNotAuthorized || error.kind == ErrorKind::kNotFound);
}

// What sends it to another address, for a shell; empty: the failure is not one of a wrong address,
// or a service behind it has made something.
std::string elsewhere_command(const Error &error, const std::string &folder, const Target &target)
{
    const bool may_be_wrong = error.kind == ErrorKind::kNotFound ||
                              error.kind == ErrorKind::kNetwork ||
                              error.kind == ErrorKind::kTimeout;
    const auto facts = target.describe();
    const auto fact = [&facts](const char *name) {
        const auto found = std::find_if(facts.begin(), facts.end(),
                                        [name](const auto &one) { return one.first == name; });
        return found == facts.end() ? std::string() : found->second;
    };
    const bool is_gcore = fact("kind") == "gcore";
    const bool has_video = is_gcore && fact("video_id") != "0" && fact("endpoint").empty();
    if (!may_be_wrong || has_video)
        return {};
    const GCharOwn quoted(g_shell_quote(folder.c_str()));
    return cat("gst-tus-recover --to ", is_gcore ? "gcore " : "URL ", quoted.get());
}

// A server may hold on to the upload for a while after the PATCH was given up.
bool is_busy(const HttpOutcome &outcome)
{
    const int status = outcome.response() ? outcome.response()->status : 0;
    return status == 409 || status == 423 || status == 429 || (status >= 500 && status != 501);
}

Error not_removed(const HttpOutcome &outcome, const std::string &url, const Redactor &secrets)
{
    const HttpResponse *response = outcome.response();
    Error error;
    error.kind = ErrorKind::kServer;
    error.http_status = response ? response->status : 0;
    error.message =
        cat("The upload could not be removed from the server (", secrets.shown_url(url), ").");
    error.detail = response ? std::string() : secrets(outcome.failure()->error.message);
    return error;
}

Error stopped_early(std::uint64_t missing, bool expired)
{
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.retryable = true;
    if (missing == 0) // it had no time left to confirm the end
        error.message = "Stopped before the server had confirmed that the upload is complete; it "
                        "has all bytes.";
    else
        error.message = expired
                            ? cat("Stopped before the server had confirmed everything: ", missing,
                                  " bytes were missing after stop-timeout.")
                            : cat("Stopped; the upload can be continued. ", missing,
                                  " bytes are not at the server.");
    return error;
}

Error not_proved(bool unseen, bool cancelled)
{
    Error error;
    error.kind = ErrorKind::kServer;
    error.message =
        unseen ? "The server took all of the recording, but HEAD, which would show that it knows "
                 "that it is complete, does not get through."
        : cancelled ? "Stopped before the service had shown that it has the recording."
                    : "The service has not shown that it has the recording.";
    return error;
}

} // namespace

std::string recover_command(const std::string &folder, bool again)
{
    const GCharOwn quoted(g_shell_quote(folder.c_str()));
    if (!again)
        return cat("gst-tus-recover ", quoted.get());
    const GCharOwn parent(g_path_get_dirname(folder.c_str()));
    const GCharOwn id(g_path_get_basename(folder.c_str()));
    const GCharOwn place(g_shell_quote(parent.get()));
    return cat("gst-tus-recover --send-again ", id.get(), ' ', place.get());
}

// --- complete ------------------------------------------------------------------------------------

void Endings::complete(Session &session)
{
    const UploadMachine &machine = session.machine;
    const std::uint64_t bytes = machine.acked();
    TargetContext context = session.requests.target_context(core_.cancel.all.get());
    UploadComplete report{announcer_.secrets().shown_url(machine.upload_url()),
                          machine.origin() + bytes,
                          {},
                          {},
                          core_.sha256(true)};
    {
        MutexLock lock(core_.mutex);
        const TimePoint now = Clock::now();
        report.elapsed = now - core_.thread.started_at;
        report.drain_time = now - core_.source.ended_at.value_or(now);
        core_.thread.following = true;
    }
    // What is here goes when the service shows that it has it; a part would be of no use to it.
    const bool whole = is_whole(machine);
    if (!whole)
        done(session);
    announcer_.progress(true);
    announcer_.tell(report);
    for (const std::string &url : machine.litter())
        remove(session.requests, url);
    Result<Proof> followed = Proof::kUnknown;
    context.want_proof = session.proofs.are_kept() && !session.was_proved;
    if (report.bytes == 0)
        nothing_came(session);
    else
        followed = core_.target->finished(context, bytes);
    judged(session, followed, whole);
    MutexLock lock(core_.mutex);
    core_.outcome = followed ? UploadOutcome::kComplete : UploadOutcome::kFailed;
    core_.wake.app.notify_all();
}

// What the service says of a recording that its server has; `whole`: so have we.
void Endings::judged(Session &session, const Result<Proof> &followed, bool whole)
{
    const bool cancelled = !followed && followed.error().kind == ErrorKind::kCancelled;
    const bool failed = !followed && !cancelled;
    const bool unknown = followed && *followed == Proof::kUnknown;
    const bool unseen = unknown && whole && is_unseen(session.machine);
    if (unknown)
        session.remember();
    if (followed && *followed == Proof::kProved)
        session.prove(true);
    if (followed && *followed != Proof::kNotProved && !unseen) {
        if (whole)
            done(session);
        return;
    }
    if (cancelled && !whole) // nobody has waited for it, and there is nothing to say
        return;
    Error said = failed ? announcer_.shown(followed.error()) : not_proved(unseen, cancelled);
    const std::string folder =
        keep_to_send_again(session, failed ? LastAct::kKeep : LastAct::kKeepWhole, whole, said);
    if (unseen && !folder.empty())
        said.message += " So is each recording to this server: let HEAD through, or set "
                        "keep-until-proved=false.";
    if (failed)
        announcer_.failed(said, session.machine.upload_url(), folder);
    else
        announcer_.warn(said);
}

// Nobody could look whether the upload is complete, and this server has shown nothing.
bool Endings::is_unseen(const UploadMachine &machine) const
{
    return core_.config.keep_until_proved && !machine.confirmed() && !machine.proved();
}

void Endings::done(Session &session)
{
    session.notes.finished();
    spiller_.end(LastAct::kDiscard); // nobody waits for that
}

// All of the recording is here, and it has an upload of its own.
bool Endings::is_whole(const UploadMachine &machine)
{
    if (core_.config.replay.spool_mode == SpoolMode::kNever || !core_.config.upload_url.empty() ||
        machine.origin() != 0)
        return false;
    MutexLock lock(core_.mutex);
    return core_.store->begin() == 0 && core_.store->end() > 0;
}

// Returns the folder, and says in `said` what became of the recording.
std::string Endings::keep_to_send_again(Session &session, LastAct act, bool whole, Error &said)
{
    const bool may_keep = core_.config.replay.spool_mode != SpoolMode::kNever;
    if (!said.message.ends_with('.'))
        said.message += '.';
    if (!whole) { // the store is not ours to look at any more
        said.message += may_keep ? " The recording is not kept here: its beginning is gone." : "";
        return {};
    }
    session.notes.to_be_sent_again(session.machine);
    const Result<std::string> kept = keep_store(act);
    if (!kept) {
        said.message += cat(" The recording is not kept either: ", kept.error().message);
        return {};
    }
    said.message += cat(" The recording is kept in ", *kept, ": ", recover_command(*kept, true),
                        " sends it once more.");
    tell_kept({.path = *kept, .bytes_missing = session.machine.acked()}, true);
    return *kept;
}

void Endings::tell_kept(UploadKept kept, bool again)
{
    kept.command = recover_command(kept.path, again);
    announcer_.tell(std::move(kept));
}

// --- failed --------------------------------------------------------------------------------------

void Endings::not_begun(const Error &error)
{
    give_up(error, {}, nullptr);
}

void Endings::fail(Session &session, const Error &error)
{
    const UploadMachine &machine = session.machine;
    const bool gone = error.kind == ErrorKind::kUploadLost && is_gone(error.http_status);
    if (gone)
        forget_url(machine);
    session.note();
    const Error shown = announcer_.shown(error);
    if (was_refused(machine, error) && !core_.config.recovery)
        session.notes.refused(shown.message);
    if (session.was_proved && !machine.proved())
        session.remember(); // the server is not what it was
    const bool again = machine.origin_known() && is_whole(machine);
    give_up(shown,
            {machine.acked(), machine.stored(), machine.upload_url(), machine.begun() || gone,
             gone && !again},
            &session);
}

void Endings::give_up(Error report, const AtServer &there, Session *session)
{
    bool left = false;
    std::uint64_t missing = 0;
    if (!report.message.ends_with('.'))
        report.message += '.';
    {
        MutexLock lock(core_.mutex);
        core_.outcome = UploadOutcome::kFailed;
        core_.tally.stats.state = to_string(State::kFailed);
        // Bytes that are all there are not an upload yet: its length, or the joining, may be
        // missing.
        const std::uint64_t end = core_.rendered();
        missing = end - std::min(end, there.acked);
        left = end > there.acked || (end > 0 && !there.stored);
    }
    Kept kept;
    if (left)
        kept = keep_rest(report, missing, there);
    else
        spiller_.end(LastAct::kDiscard);
    if (session && there.acked == 0 && !kept.needed)
        abandon(*session);
    announcer_.failed(report, there.upload_url, kept.folder);
    MutexLock lock(core_.mutex);
    core_.wake.app.notify_all();
}

bool Endings::is_needed_on(const Result<std::string> &kept, const AtServer &there)
{
    if (kept || kept.error().offset.value_or(0) > there.acked)
        return true;
    MutexLock lock(core_.mutex);
    return !core_.fate.result;
}

// --- stopped -------------------------------------------------------------------------------------

void Endings::stop(Session &session)
{
    OnStop policy{};
    bool expired = false;
    std::uint64_t missing = 0;
    {
        MutexLock lock(core_.mutex);
        policy = core_.stop.policy;
        expired = core_.stop.expired || g_cancellable_is_cancelled(core_.cancel.all.get());
        missing = core_.rendered() - std::min(core_.rendered(), session.machine.acked());
    }
    switch (policy) {
    case OnStop::kFinish:
        return fail(session, stopped_early(missing, expired));
    case OnStop::kKeep:
        return keep(session, missing);
    case OnStop::kTerminate:
        return terminate(session);
    }
}

void Endings::keep(Session &session, std::uint64_t missing)
{
    session.note();
    const bool begun = !session.machine.upload_url().empty() || !session.machine.parts().empty();
    if (missing == 0 && !begun) { // there is nothing that could go on
        abandon(session);
        return;
    }
    Error warning = stopped_early(missing, false);
    const UploadMachine &machine = session.machine;
    keep_rest(warning, missing, {machine.acked(), machine.stored(), machine.upload_url(), begun});
    announcer_.warn(warning);
}

// Says in `said` what became of the bytes that the server does not have.
Endings::Kept Endings::keep_rest(Error &said, std::uint64_t missing, const AtServer &there)
{
    Kept out;
    if (core_.config.replay.spool_mode == SpoolMode::kNever) {
        if (missing > 0)
            said.message += cat(" As spool-mode=never says, the ", missing,
                                " bytes that the server does not have are lost.");
        return out;
    }
    std::string elsewhere;
    const Result<std::string> kept = keep_store();
    out.needed = is_needed_on(kept, there);
    if (kept) {
        out.folder = *kept;
        said.message +=
            cat(" What the server does not have is kept on disk: ", recover_command(out.folder),
                there.gone ? " finishes the upload, should it be there again."
                           : " finishes the upload.");
        if (!there.begun)
            elsewhere = elsewhere_command(said, out.folder, *core_.target);
        if (!elsewhere.empty())
            said.message += cat(" If the address is wrong: ", elsewhere, '.');
    } else {
        said.message += cat(" The ", missing,
                            " bytes that the server does not have are not kept "
                            "on disk, or not all of them: ",
                            kept.error().message);
        MutexLock lock(core_.mutex);
        out.folder = core_.fate.result ? core_.view().folder : std::string();
        if (!out.folder.empty())
            said.message += cat(' ', recover_command(out.folder), " sends what is there.");
    }
    if (!out.folder.empty())
        tell_kept({.path = out.folder,
                   .bytes_missing = missing,
                   .is_whole = static_cast<bool>(kept),
                   .elsewhere = std::move(elsewhere)});
    return out;
}

Result<std::string> Endings::keep_store(LastAct act)
{
    const Duration patience = core_.config.disk_patience;
    spiller_.end(act);
    spiller_.stop(Clock::now() + patience);
    MutexLock lock(core_.mutex);
    if (core_.fate.result)
        return std::move(*core_.fate.result);
    const std::string folder = core_.view().folder;
    return Error{.kind = ErrorKind::kDisk,
                 .message = cat("The disk has not answered for ",
                                std::chrono::ceil<seconds>(patience).count(),
                                " s. If it does before this program ends, what is left will be in ",
                                folder.empty() ? core_.config.replay.spool_dir : folder, '.')};
}

void Endings::terminate(Session &session)
{
    std::vector<std::string> urls = session.machine.parts();
    const std::vector<std::string> &litter = session.machine.litter();
    urls.insert(urls.end(), litter.begin(), litter.end());
    if (!session.machine.upload_url().empty())
        urls.push_back(session.machine.upload_url());
    for (const std::string &url : urls) {
        if (remove(session.requests, url) && url == session.machine.upload_url())
            forget_url(session.machine);
    }
    abandon(session);
    spiller_.end(LastAct::kDiscard);
}

// Its target cleans up. Returns what of the upload is gone with that, as a sentence.
std::string Endings::abandon(Session &session)
{
    TargetContext context = session.requests.target_context(core_.cancel.all.get(), kCleanUp);
    std::string deleted;
    context.notify = [this, &deleted, told = context.notify](const TargetNotice &notice) {
        if (const auto *video = std::get_if<VideoDeleted>(&notice))
            deleted = cat("Video ", video->id, " \"", announcer_.secrets().own(video->name),
                          "\" has been deleted: see delete-empty-video.");
        told(notice);
    };
    core_.target->abandoned(context, 0);
    if (!deleted.empty())
        forget_url(session.machine);
    return deleted;
}

void Endings::nothing_came(Session &session)
{
    const std::string deleted = abandon(session);
    announcer_.warn({.kind = ErrorKind::kSettings,
                     .message = cat("The recording is empty: EOS came before any byte. ",
                                    deleted.empty() ? "The upload has 0 bytes." : deleted)});
}

// The upload is not at the server any more.
void Endings::forget_url(const UploadMachine &machine)
{
    {
        MutexLock lock(core_.mutex);
        if (core_.tally.stats.upload_url.empty()) // told
            return;
        core_.tally.stats.upload_url.clear();
        core_.tally.stats.shown_url.clear();
    }
    if (!machine.upload_url().empty())
        announcer_.tell(UploadRemoved{announcer_.secrets().shown_url(machine.upload_url())});
}

bool Endings::remove(RequestRunner &requests, const std::string &url)
{
    TimePoint deadline = Clock::now() + kCleanUp;
    {
        MutexLock lock(core_.mutex);
        deadline = std::min(deadline, core_.stop.by.value_or(deadline));
    }
    const auto send = [&] {
        return requests.remove(url, std::max<Duration>(deadline - Clock::now(), kGoodbye));
    };
    HttpOutcome outcome = send();
    for (Duration pause = kRemovePause; is_busy(outcome) && rest(pause, deadline);
         pause = std::min<Duration>(pause * 2, kMostRemovePause))
        outcome = send();
    const int status = outcome.response() ? outcome.response()->status : 0;
    if (outcome.response() && (status < 300 || is_gone(status)))
        return true;
    announcer_.warn(not_removed(outcome, url, announcer_.secrets()));
    return false;
}

// FALSE: there is no time for that.
bool Endings::rest(Duration pause, TimePoint deadline)
{
    const TimePoint until = Clock::now() + pause;
    MutexLock lock(core_.mutex);
    while (until < deadline && Clock::now() < until && !core_.stop.expired)
        core_.wake.worker.wait_until(lock, until);
    return until < deadline && !core_.stop.expired;
}

} // namespace gsttus
