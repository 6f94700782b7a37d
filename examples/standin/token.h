// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The token of an upload session: a signed and expiring JSON Web Token, as Gcore's looks.
// Made by the API, checked by the tus server when an upload is created, and only then.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gsttus::standin {

struct TokenClaims {
    std::uint64_t video_id = 0;
    std::uint64_t client_id = 0;
};

class TokenSigner {
public:
    TokenSigner(); // a fresh key: tokens of another process are not valid here

    std::string issue(const TokenClaims &claims, Duration lifetime) const;
    std::optional<TokenClaims> check(std::string_view token) const; // nothing: forged or expired

private:
    std::string sign(std::string_view text) const;

    std::string key_;
};

} // namespace gsttus::standin
