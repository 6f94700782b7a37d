// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How an upload ends: complete, failed, or stopped before that (finish, keep, terminate). Each
// ending says what becomes of the bytes here, of the upload at the server, and what is told.
// Upload thread; called once, and last. Does not decide that it is the end.
#pragma once

#include "upload/announcer.h"
#include "upload/session.h"
#include "upload/spiller.h"

#include <string>

namespace gsttus {

class Endings {
public:
    // All outlive this.
    Endings(LiveUpload::Core &core, Announcer &announcer, Spiller &spiller)
        : core_(core), announcer_(announcer), spiller_(spiller)
    {
    }

    void not_begun(const Error &error); // there is no transport
    void complete(Session &session);
    void fail(Session &session, const Error &error);
    void stop(Session &session); // as StopRequest::policy says

private:
    // Nothing is left to do: the bytes here go.
    void done(Session &session);
    bool is_whole(const UploadMachine &machine);
    bool is_unseen(const UploadMachine &machine) const;
    void judged(Session &session, const Result<Proof> &followed, bool whole);
    std::string keep_to_send_again(Session &session, LastAct act, bool whole, Error &said);
    void tell_kept(UploadKept kept, bool again = false);
    void keep(Session &session, std::uint64_t missing);
    void terminate(Session &session);
    bool remove(RequestRunner &requests, const std::string &url); // FALSE: it is still there
    // Nobody can use what the target has made. Returns what is to be said of it.
    std::string abandon(Session &session);
    void nothing_came(Session &session);
    void forget_url(const UploadMachine &machine);

    struct AtServer {
        std::uint64_t acked = 0;
        bool stored = false; // see UploadMachine::stored()
        std::string upload_url;
        bool begun = false; // something of it is there, or was
        bool gone = false;  // and what is here can not make it anew
    };

    // Keeps what is left here, and tells of the failure. `session`: nullptr, nothing was made at
    // the server.
    void give_up(Error report, const AtServer &there, Session *session);

    struct Kept {
        std::string folder; // empty: none
        bool needed = false;
    };

    Kept keep_rest(Error &said, std::uint64_t missing, const AtServer &there);
    // What was to be kept can be finished from the disk, or may be when that answers: it needs what
    // was made for it at the server.
    bool is_needed_on(const Result<std::string> &kept, const AtServer &there);
    Result<std::string> keep_store(LastAct act = LastAct::kKeep); // the folder
    bool rest(Duration pause, TimePoint deadline);

    LiveUpload::Core &core_;
    Announcer &announcer_;
    Spiller &spiller_;
};

} // namespace gsttus
