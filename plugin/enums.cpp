// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Nicks and descriptions of the enumerated values, as gst-inspect-1.0 shows them, and what becomes
// of a text that is given as one. Any thread.
#include "enums.h"

#include "base/text.h"
#include "gcore/gcore_target.h"
#include "glib/ptr.h"
#include "upload/live_upload.h"

#include <string>

#include <gst/gst.h>

namespace gsttus {

namespace {

std::string nicks_of(GType type)
{
    auto *klass = static_cast<GEnumClass *>(g_type_class_ref(type));
    std::string all;
    for (const GEnumValue *value = klass->values; value->value_nick; ++value)
        all += cat(all.empty() ? "" : ", ", value->value_nick);
    g_type_class_unref(klass);
    return all;
}

// A text is what a user writes where no GParamSpec is at hand: sink-properties of splitmuxsink, a
// GstStructure, an application in a script language. One that is no value becomes a number that is
// none either, so that GObject refuses it and the property stays as it is.
void text_to_enum(const GValue *text, GValue *value)
{
    const char *nick = g_value_get_string(text);
    if (nick && *nick && gst_value_deserialize(value, nick)) // nothing would be 0
        return;
    const GType type = G_VALUE_TYPE(value);
    g_warning("\"%s\" is no value of %s: it has %s.", nick ? nick : "", g_type_name(type),
              nicks_of(type).c_str());
    g_value_set_enum(value, G_MININT);
}

GType make_enum(const char *name, const GEnumValue *values)
{
    const GType type = g_enum_register_static(name, values);
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
    g_value_register_transform_func(G_TYPE_STRING, type, text_to_enum);
    return type;
}

} // namespace

GType length_mode_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(LengthMode::kAuto), "The first of these three that the server can do",
         "auto"},
        {static_cast<int>(LengthMode::kDeferred), "Upload-Defer-Length: declared at the end",
         "deferred"},
        {static_cast<int>(LengthMode::kConcatenation), "Partial uploads, joined at the end",
         "concatenation"},
        {static_cast<int>(LengthMode::kSpool), "Kept on disk, uploaded when the recording ends",
         "spool"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusLengthMode", kValues);
    return kType;
}

GType request_mode_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(RequestMode::kBounded), "Each PATCH has its length", "bounded"},
        {static_cast<int>(RequestMode::kStream), "A PATCH stays open while bytes come", "stream"},
        {0, nullptr, nullptr}};
    static const GType kType = make_enum("GstTusRequestMode", kValues);
    return kType;
}

GType spool_mode_type()
{
    static const GEnumValue kValues[] = {
        {static_cast<int>(SpoolMode::kNever), "Nothing goes to disk", "never"},
        {static_cast<int>(SpoolMode::kOverflow),
         "What is not confirmed for 3 s or exceeds max-memory", "overflow"},
        {static_cast<int>(SpoolMode::kAlways),
         "Every byte before the next one, so that a crash loses nothing", "always"},
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
        {static_cast<int>(OnStop::kFinish), "Declare the length and finish within stop-timeout",
         "finish"},
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
