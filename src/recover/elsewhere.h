// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The user names another destination for what is kept (--to): the journal says so from then on, so
// that whoever goes on, after a crash too, does it there. Blocks; of servers it asks Gcore's API
// alone, and only whether a video is there.
#pragma once

#include "recover/finisher.h"

#include <functional>
#include <string>
#include <string_view>

namespace gsttus {

inline constexpr std::string_view kToGcore = "gcore";

// What --to takes: kToGcore, or the endpoint of a tus server. Error: why it is none of these.
Result<void> check_destination(const std::string &to);

// It is going where options.to says already, and nobody has to be asked. The notes are enough.
bool is_going_there(const SpooledUpload &upload, const RecoverOptions &options);
// Where options.to says, for people.
std::string describe_destination(const RecoverOptions &options);

// Where options.to says, as a new upload of all that is `opened`. What is there already goes on as
// it is. Error: nothing has changed; a part of it is not here, all of it is at a server already,
// something is missing, nobody could say. kDisk: or it is noted, which was told, but a power cut
// may take that back.
Result<void> send_elsewhere(const RecoveredUpload &opened, const SpooledUpload &listed,
                            const RecoverOptions &options,
                            const std::function<void(const std::string &)> &tell,
                            GCancellable *cancel);

} // namespace gsttus
