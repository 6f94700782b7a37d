// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How the model server ends uploads: what it notes of a declared length, what it can not finish,
// what it moves away, how it joins. The habits are the schedule's.
#include "model_server.h"

#include <algorithm>

namespace gsttus::sim {

namespace {
constexpr unsigned kMostFinishes = 5, kMostLooks = 20, kMostJoinings = 15;
} // namespace

// An upload that HEAD showed to be of no use, or a partial one that the server can not finish.
bool ModelServer::may_be_replaced(Upload &upload)
{
    if (upload.partial)
        return upload.finish_failures > 0;
    abandoned_ = abandoned_ || (upload.unfit_told && !upload.replaced);
    upload.replaced = upload.unfit_told;
    return upload.unfit_told;
}

void ModelServer::check_empty(const Patch &action, const Upload &upload)
{
    const bool asks_to_finish =
        upload.finish_failures + upload.finish_doubts > 0 && upload.offset == upload.length;
    if (asks_to_finish)
        return;
    if (upload.announced == upload.length && upload.length_told && !upload.asked_in_vain)
        return refuse("PATCH to a complete upload");
    if (!action.declare_length)
        return refuse("an empty PATCH");
    if (action.to > 0 && !any_trouble_ && !full_)
        refuse("an empty PATCH at the end although nothing went wrong");
}

void ModelServer::note_length(Upload &upload, const Patch &action)
{
    const EndHabit habit = schedule_.end_habit;
    const bool forgets = habit == EndHabit::kForgets || habit == EndHabit::kEmpty ||
                         (habit == EndHabit::kForgetsOnce && upload.declarations == 0);
    if (!forgets)
        upload.length = action.declare_length;
    else
        any_trouble_ = true;
}

void ModelServer::tell_length(Upload &upload, Answer &answer)
{
    if (schedule_.end_habit == EndHabit::kSilent) {
        upload.asked_in_vain = true;
        any_trouble_ = true;
        return;
    }
    answer.upload_length = upload.length;
    answer.length_deferred = !upload.length;
    upload.length_told = upload.length.has_value();
    upload.asked_in_vain = false;
    note_what_is_told(upload);
}

// HEAD shows that it will not become what the recording needs.
void ModelServer::note_what_is_told(Upload &upload)
{
    const bool made_empty = schedule_.end_habit == EndHabit::kEmpty && upload.length == 0U;
    const bool forgotten = !upload.length && upload.declarations > 1;
    upload.unfit_told = upload.unfit_told || made_empty || forgotten;
}

// A store that can not put the pieces together: once stored, only a request that has nothing more
// to store makes it try again.
bool ModelServer::fails_to_finish(Upload &upload, bool completes)
{
    if (!completes)
        return false;
    upload.unfinished = finishes_failed_ < schedule_.finish_fails;
    return upload.unfinished;
}

Reply ModelServer::finish_failed(Upload &upload)
{
    ++finishes_failed_;
    refuse_finish(upload, 500);
    return answered(status(500, "could not assemble"));
}

// A fault answers in the server's name.
void ModelServer::note_refusal(Upload &upload, const Patch &action, int status)
{
    if (action.declare_length && action.to == action.from && status < 500)
        ++upload.declarations;
    if (action.to == action.from && status >= 400 && status < 500)
        upload.empty_refused = true;
    const bool completes =
        action.declare_length || upload.length == action.server_offset + action.to - action.from;
    if (completes && status >= 500 && !upload.complete()) {
        ++upload.finish_doubts;
        upload.finish_status = status;
    }
    refuse_finish(upload, status);
}

// A 5xx answers a request that completes the upload, or asks for that.
void ModelServer::refuse_finish(Upload &upload, int status)
{
    if (!upload.complete() || status < 300)
        return;
    if (status < 500 && upload.finish_failures + upload.finish_doubts > 0) {
        for (const int told : {500, upload.finish_status, status})
            excuse(told, ErrorKind::kServer);
    }
    if (status < 500)
        return;
    ++upload.finish_failures;
    upload.finish_status = status;
    if (upload.finish_failures + upload.finish_doubts > kMostFinishes)
        excuse(upload.finish_status, ErrorKind::kServer);
}

void ModelServer::move_away(Upload &upload)
{
    if (schedule_.moves_away && upload.complete() && !upload.unfinished && !upload.partial)
        upload.gone = upload.moved = true;
}

// By a fault. After the last acknowledgement a client can not tell it from a file that was moved.
void ModelServer::remove(Upload &upload)
{
    if (upload.gone)
        return;
    if ((upload.declarations > 0 || upload.joined) && !upload.complete())
        return;
    upload.gone = true;
    if (upload.complete() && !upload.unfinished && !upload.partial && !upload.refused)
        upload.moved = true;
    ++gone_;
}

void ModelServer::note_refused_join(int status)
{
    if (++joinings_ + faults_seen_ > kMostJoinings) // some of which hold it too
        excuse(status, ErrorKind::kServer);
}

std::optional<Reply> ModelServer::refuse_join()
{
    if (joinings_ >= schedule_.join_conflicts)
        return std::nullopt;
    note_refused_join(409);
    return answered(status(409, "busy"));
}

Reply ModelServer::head_of_joined(Upload &upload)
{
    Answer answer = status(200);
    ++upload.looks;
    if (upload.looks + faults_seen_ > kMostLooks || // some of which are looks too
        schedule_.joins_wrongly)
        excuse(200, ErrorKind::kServer);
    answer.upload_length = upload.length;
    if (upload.looks > schedule_.assembly) {
        answer.upload_offset = upload.length;
        move_away(upload);
    } else if (upload.looks % 2 == 0) { // the others do not say how far it is
        answer.upload_offset =
            upload.offset / (schedule_.assembly + 1) * std::min<std::uint64_t>(upload.looks, 3);
    }
    return answered(std::move(answer));
}

} // namespace gsttus::sim
