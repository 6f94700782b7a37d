// What an upload notes in its journal, so that another process can go on with it (src/recover).
// Upload thread, except note_destination(). No secrets: Target::describe() promises that, the
// credentials of the tus host are not written, and addresses as noted_url() has them.
#pragma once

#include "upload/shared_state.h"

#include <map>
#include <string>
#include <vector>

namespace gsttus {

// Where the upload is to go; before there is a machine.
void note_destination(ReplayStore &store, const Target &target, const UploadConfig &config);

class JournalNotes {
public:
    explicit JournalNotes(LiveUpload::Core &core) : core_(core) {}

    // What has changed since the last time. Nothing where there is no journal.
    void write(const UploadMachine &machine, const std::vector<std::string> &homes);

    // The last of them: nothing is left to do, or all of it has to be sent to a new upload.
    void finished();
    void to_be_sent_again(const UploadMachine &machine);

private:
    LiveUpload::Core &core_;
    std::map<std::string, std::string> written_;
};

} // namespace gsttus
