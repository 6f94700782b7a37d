// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes again the target that a recording was for, from what its journal says. Sends nothing. The
// only place here, but for elsewhere, that tells services apart.
#pragma once

#include "base/result.h"
#include "recover/finisher.h"
#include "upload/target.h"

#include <memory>

namespace gsttus {

Result<std::unique_ptr<Target>> make_target(const SpooledUpload &upload,
                                            const RecoverOptions &options);

bool target_is_gcore(const SpooledUpload &upload);

// But for what is written in more than one way: scheme and host, the usual port, a slash at the
// end. FALSE with a query, which only who wrote it can read.
bool is_same_address(const std::string &a, const std::string &b);
// Both are addresses of one Gcore API.
bool is_same_api(const std::string &a, const std::string &b);
// That the API key is for.
std::string api_of(const RecoverOptions &options);

// What the target had made was deleted again because nothing had arrived: there is nothing to go
// on with.
bool target_was_removed(const SpooledUpload &upload);

// Where the recording was to go, for people; nothing has to exist there yet.
std::string describe_target(const SpooledUpload &upload);
// The same as an address; of Gcore that of the API, unless the user has put another in front.
// Empty: not noted.
std::string endpoint_of(const SpooledUpload &upload);

} // namespace gsttus
