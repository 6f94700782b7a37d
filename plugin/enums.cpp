// Nicks and descriptions of the enumerated values, as gst-inspect-1.0 shows them.
#include "enums.h"

#include "gcore/gcore_target.h"
#include "upload/live_upload.h"

#include <gst/gst.h>

namespace gsttus {

namespace {

GType make_enum(const char *name, const GEnumValue *values)
{
    const GType type = g_enum_register_static(name, values);
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
    return type;
}

} // namespace

GType length_mode_type()
{
    static const GEnumValue kValues[] = {{static_cast<int>(LengthMode::kAuto),
                                          "The first of the three that the server can do", "auto"},
                                         {static_cast<int>(LengthMode::kDeferred),
                                          "Upload-Defer-Length: declared at the end", "deferred"},
                                         {static_cast<int>(LengthMode::kConcatenation),
                                          "Partial uploads, joined at the end", "concatenation"},
                                         {static_cast<int>(LengthMode::kSpool),
                                          "Kept on disk, uploaded when the recording ends",
                                          "spool"},
                                         {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusLengthMode", kValues);
    return kType;
}

GType spool_mode_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(SpoolMode::kNever), "Nothing goes to disk", "never"},
        {static_cast<int>(SpoolMode::kOverflow),
         "What the server does not take in time goes to disk", "overflow"},
        {static_cast<int>(SpoolMode::kAlways), "Every byte, so that a crash loses nothing",
         "always"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusSpoolMode", kValues);
    return kType;
}

GType checksum_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(Checksum::kNone), "No checksums", "none"},
        {static_cast<int>(Checksum::kMd5), "MD5", "md5"},
        {static_cast<int>(Checksum::kSha1), "SHA-1", "sha1"},
        {static_cast<int>(Checksum::kSha256), "SHA-256", "sha256"},
        {static_cast<int>(Checksum::kSha512), "SHA-512", "sha512"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusChecksum", kValues);
    return kType;
}

GType on_stop_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(OnStop::kFinish), "Declare the length and finish the upload", "finish"},
        {static_cast<int>(OnStop::kKeep), "Leave the upload so that it can be continued", "keep"},
        {static_cast<int>(OnStop::kTerminate), "Delete the upload at the server", "terminate"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusOnStop", kValues);
    return kType;
}

GType wait_status_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(WaitStatus::kNone), "Do not wait", "none"},
        {static_cast<int>(WaitStatus::kPending), "Received, waits to be transcoded", "pending"},
        {static_cast<int>(WaitStatus::kViewable), "At least one rendition can be played",
         "viewable"},
        {static_cast<int>(WaitStatus::kReady), "All renditions are done", "ready"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstGcoreWaitStatus", kValues);
    return kType;
}

} // namespace gsttus
