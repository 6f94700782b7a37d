// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading the files, trying the pair, and the object that GIO asks.
#include "http/client_certificate.h"

#include "base/text.h"
#include "glib/type_name.h"
#include "http/setting_file.h"

#include <array>
#include <optional>

#include <sys/socket.h>

namespace gsttus {

namespace {

// --- does the key belong to the certificate? -----------------------------------------------------

struct End {
    GRef<GIOStream> tls;
    std::optional<bool> shook_hands;
};

GRef<GIOStream> wrap(int descriptor)
{
    const auto socket = GRef<GSocket>::adopt(g_socket_new_from_fd(descriptor, nullptr));
    return socket ? GRef<GIOStream>::adopt(
                        G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())))
                  : GRef<GIOStream>();
}

void shake_hands(End &end)
{
    g_tls_connection_handshake_async(
        G_TLS_CONNECTION(end.tls.get()), G_PRIORITY_DEFAULT, nullptr,
        [](GObject *self, GAsyncResult *result, gpointer data) {
            GError *error = nullptr;
            static_cast<End *>(data)->shook_hands =
                g_tls_connection_handshake_finish(G_TLS_CONNECTION(self), result, &error) != FALSE;
            g_clear_error(&error);
        },
        &end);
}

// GIO reads the two without comparing them, and a server would only say that the handshake failed.
// So there is one here, with ourselves: the other side checks what the key has signed.
bool is_pair(GTlsCertificate *certificate)
{
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
        return true; // not known
    const GRef<GIOStream> near = wrap(pair[0]);
    const GRef<GIOStream> far = wrap(pair[1]);
    if (!near || !far)
        return true;
    const GMainContextOwn context(g_main_context_new());
    g_main_context_push_thread_default(context.get());
    End server{
        GRef<GIOStream>::adopt(g_tls_server_connection_new(near.get(), certificate, nullptr)), {}};
    End client{GRef<GIOStream>::adopt(g_tls_client_connection_new(far.get(), nullptr, nullptr)),
               {}};
    bool pair_fits = true;
    if (server.tls && client.tls) {
        g_signal_connect(client.tls.get(), "accept-certificate",
                         G_CALLBACK(+[]() -> gboolean { return TRUE; }), nullptr);
        shake_hands(server);
        shake_hands(client);
        while (!client.shook_hands)
            g_main_context_iteration(context.get(), TRUE);
        pair_fits = *client.shook_hands;
        g_io_stream_close(far.get(), nullptr, nullptr); // the server's side ends, too
        while (!server.shook_hands)
            g_main_context_iteration(context.get(), TRUE);
    }
    g_main_context_pop_thread_default(context.get());
    return pair_fits;
}

Result<GRef<GTlsCertificate>> read_pair(const std::string &cert_file, const std::string &key_file)
{
    Result<std::string> certificate = read_setting_file("ssl-cert-file", cert_file);
    if (!certificate)
        return certificate.error();
    const bool one_file = key_file.empty() || key_file == cert_file;
    if (!one_file) {
        Result<std::string> key = read_setting_file("ssl-key-file", key_file);
        if (!key)
            return key.error();
    }
    const std::string &key_path = one_file ? cert_file : key_file;
    GError *error = nullptr;
    const auto pair = GRef<GTlsCertificate>::adopt(
        g_tls_certificate_new_from_files(cert_file.c_str(), key_path.c_str(), &error));
    const GErrorOwn owned_error(error);
    if (!pair) {
        error = nullptr;
        const auto alone = GRef<GTlsCertificate>::adopt(g_tls_certificate_new_from_pem(
            certificate->data(), static_cast<gssize>(certificate->size()), &error));
        const GErrorOwn owned(error);
        if (!alone && certificate->find("PRIVATE KEY") == std::string::npos)
            return bad_file("ssl-cert-file", cert_file, "it must hold a certificate in PEM", error);
        return bad_file(one_file ? "ssl-cert-file" : "ssl-key-file", key_path,
                        "it must hold the certificate's key in PEM, without a password",
                        owned_error.get());
    }
    if (!is_pair(pair.get()))
        return bad_file(one_file ? "ssl-cert-file" : "ssl-key-file", key_path,
                        "the key does not belong to the certificate", nullptr);
    return pair;
}

// --- the object that GIO asks --------------------------------------------------------------------

// GIO asks in the context in which it was made, and waits for that without an end. Nobody but who
// asks is ever at work in a context of its own; and only what answers later is waited for in a way
// that lets it run.
struct Shower {
    GTlsInteraction parent;
    GTlsCertificate *certificate; // ours, as the context
    GMainContext *context;
};

struct ShowerClass {
    GTlsInteractionClass parent;
};

void show(GTlsInteraction *self, GTlsConnection *connection, GTlsCertificateRequestFlags,
          GCancellable *cancel, GAsyncReadyCallback callback, gpointer user_data)
{
    auto *shower = reinterpret_cast<Shower *>(self);
    g_tls_connection_set_certificate(connection, shower->certificate);
    g_main_context_push_thread_default(shower->context);
    const auto task = GRef<GTask>::adopt(g_task_new(self, cancel, callback, user_data));
    g_task_return_int(task.get(), G_TLS_INTERACTION_HANDLED);
    g_main_context_pop_thread_default(shower->context);
}

GTlsInteractionResult shown(GTlsInteraction *, GAsyncResult *result, GError **error)
{
    const gssize value = g_task_propagate_int(G_TASK(result), error);
    return value < 0 ? G_TLS_INTERACTION_FAILED : static_cast<GTlsInteractionResult>(value);
}

void finalize(GObject *object)
{
    auto *shower = reinterpret_cast<Shower *>(object);
    g_clear_object(&shower->certificate);
    g_main_context_unref(shower->context);
    G_OBJECT_CLASS(g_type_class_peek(G_TYPE_TLS_INTERACTION))->finalize(object);
}

GType shower_type()
{
    static const GType kType = g_type_register_static_simple(
        G_TYPE_TLS_INTERACTION, own_type_name("GstTusCertificateInteraction").c_str(),
        sizeof(ShowerClass),
        [](gpointer klass, gpointer) {
            G_TLS_INTERACTION_CLASS(klass)->request_certificate_async = show;
            G_TLS_INTERACTION_CLASS(klass)->request_certificate_finish = shown;
            G_OBJECT_CLASS(klass)->finalize = finalize;
        },
        sizeof(Shower), nullptr, GTypeFlags(0));
    return kType;
}

} // namespace

Result<GRef<GTlsInteraction>> make_certificate_interaction(const std::string &cert_file,
                                                           const std::string &key_file)
{
    if (cert_file.empty())
        return Error{.kind = ErrorKind::kSettings,
                     .message = "ssl-key-file is a key without a certificate: set ssl-cert-file"};
    Result<GRef<GTlsCertificate>> pair = read_pair(cert_file, key_file);
    if (!pair)
        return pair.error();
    GMainContextOwn context(g_main_context_new());
    g_main_context_push_thread_default(context.get());
    gpointer made = g_object_new(shower_type(), nullptr);
    g_main_context_pop_thread_default(context.get());
    static_cast<Shower *>(made)->certificate = pair->release();
    static_cast<Shower *>(made)->context = context.release();
    return GRef<GTlsInteraction>::adopt(G_TLS_INTERACTION(made));
}

} // namespace gsttus
