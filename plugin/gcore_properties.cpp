// The rows of the properties that gcoresink has besides those of tussink. Blurbs are the user's
// manual (gst-inspect-1.0). README.md has a row for each, too.
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
                    "Permanent Gcore API token; default: $GCORE_API_KEY. Sent to api-url "
                    "only, never to the upload host; never readable"),
        row::shown_by(show_api_url,
                      row::text("api-url", "API URL", nullptr, kReadyFromEnv,
                                path<&GcoreSettings::api_url>,
                                "Address of the Gcore API; default: $GCORE_BASE_URL, else "
                                "https://api.gcore.com. http only to this machine")),
        row::number("video-id", "Video ID", {0, G_MAXINT64, 0}, kReady,
                    path<&GcoreSettings::video_id>,
                    "Upload into this video; 0: create one, whose id is then read here"),
        row::text("video-name", "Video name", nullptr, kReady, path<&GcoreSettings::video_name>,
                  "Name of the new video; default: location, the stream's title tag, or "
                  "the time of the start"),
        row::text("video-description", "Video description", nullptr, kReady,
                  path<&GcoreSettings::video_description>, "Description of the new video"),
        row::structure("video-options", "Video options", kReady,
                       path<&GcoreSettings::video_options>,
                       "Other fields of \"Create video\", passed on with their types, for "
                       "example \"options,client_user_id=(int)7,quality_set_id=(int)3,"
                       "auto_transcribe_audio_language=auto\""),
        row::choice("wait-status", "Wait for status", wait_status_type(), WaitStatus::kNone, kReady,
                    path<&GcoreSettings::wait_status>,
                    "Follow the video after the upload and hold EOS until it has this "
                    "status; an error of the video becomes an ERROR"),
        row::time_s("status-timeout", "Status timeout", {0, kMaxTime, 600}, kReady,
                    path<&GcoreSettings::status_timeout>,
                    "Longest time in seconds to wait for wait-status"),
        row::flag("delete-empty-video", "Delete empty video", true, kReady,
                  path<&GcoreSettings::delete_empty_video>,
                  "Delete a video that this sink created and that got no byte"),
    };
}

} // namespace gsttus
