// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The GObject type behind the stream, which holds nothing but a pointer to who is pulled from.
#include "http/body_stream.h"

#include "glib/type_name.h"

namespace gsttus {

namespace {

struct BodyStream {
    GInputStream parent;
    BodyPull *pull; // not owned; nullptr: detached
};

gssize read_body(GInputStream *stream, void *buffer, gsize count, GCancellable *cancel,
                 GError **error)
{
    BodyPull *pull = reinterpret_cast<BodyStream *>(stream)->pull;
    if (!pull)
        return 0;
    return pull->pull({static_cast<std::byte *>(buffer), count}, cancel, error);
}

gboolean close_body(GInputStream *, GCancellable *, GError **)
{
    return TRUE;
}

void class_init(gpointer klass, gpointer)
{
    GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS(klass);
    stream_class->read_fn = read_body;
    stream_class->close_fn = close_body;
}

GType body_stream_type()
{
    static const GType kType = g_type_register_static_simple(
        G_TYPE_INPUT_STREAM, own_type_name("GstTusBodyStream").c_str(), sizeof(GInputStreamClass),
        class_init, sizeof(BodyStream), nullptr, GTypeFlags(0));
    return kType;
}

} // namespace

GRef<GInputStream> make_body_stream(BodyPull &pull)
{
    auto *stream = static_cast<GInputStream *>(g_object_new(body_stream_type(), nullptr));
    reinterpret_cast<BodyStream *>(stream)->pull = &pull;
    return GRef<GInputStream>::adopt(stream);
}

void detach_body_stream(GInputStream *stream)
{
    reinterpret_cast<BodyStream *>(stream)->pull = nullptr;
}

} // namespace gsttus
