// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of the properties that gcoresink has besides those of tussink. Blurbs are the user's
// manual (gst-inspect-1.0). docs/gcoresink.md has a section for each, which
// tests/element/docs_test.cpp compares.
#include "gcore_properties.h"

#include "enums.h"
#include "property_rows.h"

namespace gsttus {

namespace {

// The address in use, wherever it comes from.
void show_api_url(const GcoreSettings &s, GValue *v)
{
    set_string(v, redact_url(effective_api_url(s)));
}

} // namespace

PropertyTable<GcoreSettings> make_gcore_properties()
{
    return {
        row::secret("api-key", "API key", kReady, path<&GcoreSettings::api_key>,
                    "Permanent Gcore API token, sent to api-url only. Default: $GCORE_API_KEY"),
        row::shown_by(show_api_url,
                      row::text("api-url", "API URL", nullptr, kReadyFromEnv,
                                path<&GcoreSettings::api_url>,
                                "Address of the Gcore API, over plain http only on this machine. "
                                "Default: $GCORE_BASE_URL, else https://api.gcore.com")),
        row::number("video-id", "Video ID", {0, G_MAXINT64, 0}, kReady,
                    path<&GcoreSettings::video_id>,
                    "ID of the video to upload into; of one that is created it is read here. 0: "
                    "create one"),
        row::text("video-name", "Video name", nullptr, kReady, path<&GcoreSettings::video_name>,
                  "Name of the new video. Default: location, the stream's title tag, or the time "
                  "of the start"),
        row::text("video-description", "Video description", nullptr, kReady,
                  path<&GcoreSettings::video_description>, "Description of the new video"),
        row::structure("video-options", "Video options", kReady,
                       path<&GcoreSettings::video_options>,
                       "Further fields of \"Create video\", passed on with their types, for "
                       "example \"options,client_user_id=(int)7,quality_set_id=(int)3\""),
        row::choice("wait-status", "Wait for status", wait_status_type(), WaitStatus::kNone, kReady,
                    path<&GcoreSettings::wait_status>,
                    "Status of the video that EOS waits for after the upload; an error of the "
                    "video is an ERROR"),
        row::time_s("status-timeout", "Status timeout", {0, kMaxTime, 600}, kReady,
                    path<&GcoreSettings::status_timeout>,
                    "Longest time in seconds that wait-status waits; then ERROR"),
        row::flag("delete-empty-video", "Delete empty video", true, kReady,
                  path<&GcoreSettings::delete_empty_video>,
                  "Delete a video that this sink has created and that got no byte"),
    };
}

} // namespace gsttus
