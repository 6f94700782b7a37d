// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The texts of what holds up or ends an upload, besides those of a refusal (answer_rules.h): what
// happened, where, and what to do about it. `where` is a redacted URL.
#pragma once

#include "tus/events.h"

#include <cstdint>
#include <string>

namespace gsttus::failures {

// --- the way to an upload ------------------------------------------------------------------------
Error no_endpoint();
Error other_version(const std::string &version, const std::string &where);
Error no_checksum(const std::string &algorithm);
Error no_location(int status, const std::string &where);
Error on_another_host(const std::string &location);
// `location`: redacted. From https to http.
Error leaves_tls(int status, const std::string &location);
// The upload that was just created is not where the server said.
Error paths_differ(int status, const std::string &endpoint, const std::string &upload_url);
Error length_needed(const std::string &what_to_do, const Error &reason); // deferred is not possible
Error joined_nowhere();                                                  // no Location

// --- while there is one --------------------------------------------------------------------------
Error redirects_lead_nowhere(const std::string &where, const Error *last_trouble);
Error secret_redirect(const std::string &location);
// The server does not know the override: it took the POST for a creation.
Error another_upload(Error refusal);
Error no_head(Error refusal);
Error impossible_offset(const Answer &answer, const std::string &where);
Error took_nothing(int status, const std::string &where);
Error took_a_crumb(std::uint64_t taken, std::uint64_t sent, const std::string &where);
// `status`: of the answer that says so; 0: HEAD showed it.
Error no_open_requests(int status, const std::string &where);
Error smaller_requests(Error refusal, std::uint64_t size);
Error expires(std::chrono::seconds left);
Error surplus(std::uint64_t offset, std::uint64_t sent_offset);
// An offset that is beyond what was sent, or before where this recording began.
Error somebody_else(std::uint64_t offset, std::uint64_t sent_offset, const std::string &where);
Error back_too_far(std::uint64_t offset, std::uint64_t held_offset);
Error sent_again(std::uint64_t bytes);
// The upload is gone, and was not begun by this recording. `heard_of`: the server has known it.
Error not_ours(Error refusal, bool heard_of);
Error cut_off(std::uint64_t max_size);
Error cut_off_unfinished(Error reason, std::uint64_t max_size);
Error no_more_parts(std::uint64_t end);
// The same where the first bytes come last, so that a part of the file would be none.
Error no_room_for_head(std::uint64_t max_size);
Error no_more_parts_with_head(std::uint64_t end); // stream position

// --- its end -------------------------------------------------------------------------------------
// `acked`: bytes that the server has.
Error length_not_noted(std::uint64_t acked, const std::string &where);
Error silent_about_length(std::uint64_t acked, const std::string &where);
Error other_length(std::uint64_t length, std::uint64_t total, const std::string &where);
Error length_of_more(std::uint64_t length, std::uint64_t known, const std::string &where);
Error uploaded_anew(Error reason);
Error not_confirmed(Error refusal); // HEAD is not possible
Error not_finished(Error refusal);
Error finished_after_all(Error refusal);
std::string moved_away(int status, const std::string &where);
Error no_concatenation(const std::string &where);
Error no_seekable_header(const std::string &where);
Error joined_wrongly(const Answer &answer, std::uint64_t total, const std::string &where);
Error not_joined_yet(std::uint64_t offset, std::uint64_t total, const std::string &where);

} // namespace gsttus::failures
