// What an upload notes in its journal, so that another process can go on with it (src/recover).
// Upload thread, except note_destination(). No secrets: Target::describe() promises that, and the
// credentials of the tus host are not written.
#pragma once

#include "upload/shared_state.h"

#include <map>
#include <string>
#include <vector>

namespace gsttus {

namespace note_name {
constexpr const char *kTarget = "target."; // and the name that Target::describe() has
constexpr const char *kUploadUrl = "upload-url";
constexpr const char *kOrigin = "origin"; // UploadMachine::origin(); missing: not known
constexpr const char *kLengthMode = "length-mode";
constexpr const char *kReleased = "released"; // UploadMachine::releasable()
// Lines: the position where the parts end, then their addresses. In one note: a crash must not
// come between the two.
constexpr const char *kParts = "parts";
constexpr const char *kHomes = "homes"; // lines: see Identity
constexpr const char *kFinished = "finished";
constexpr const char *kLength = "length"; // of the whole stream; missing: it had not ended
} // namespace note_name

// Where the upload is to go; before there is a machine.
void note_destination(ReplayStore &store, const Target &target, const std::string &upload_url);

class JournalNotes {
public:
    explicit JournalNotes(LiveUpload::Core &core) : core_(core) {}

    // What has changed since the last time. Nothing where there is no journal.
    void write(const UploadMachine &machine, const std::vector<std::string> &homes);

private:
    LiveUpload::Core &core_;
    std::map<std::string, std::string> written_;
};

} // namespace gsttus
