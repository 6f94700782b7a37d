// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a journal leaves out because it is secret, and the user gives anew: the queries of signed
// addresses, the values of secret metadata. Sends nothing.
#pragma once

#include "recover/finisher.h"

#include <functional>
#include <optional>
#include <string>

namespace gsttus {

// Puts what `options` have into the notes. Where the address of the upload stays without its query,
// nothing can be asked there: if every byte is here and a new upload can be made, the notes of the
// old one are dropped, and `tell` says so; else it fails.
Result<void> give_back(SpooledUpload &upload, const RecoverOptions &options, std::uint64_t begin,
                       const std::function<void(const std::string &)> &tell);

// Why no upload can be made for this recording: something is missing still.
std::optional<Error> missing_for_creation(const SpooledUpload &upload);

} // namespace gsttus
