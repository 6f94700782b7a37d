// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// TLS: certificates of both sides, and handshakes that fail.
#include "soup_transport_fixture.h"
#include "test_certificate.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

void unknown_authority_is_refused()
{
    Server server({.tls = true});
    Fixture f;
    const HttpOutcome outcome = f.get(server.url());
    const HttpFailure &failure = failed(outcome, ErrorKind::kTls, Reach::kNotConnected);
    g_assert_false(failure.error.retryable);
    g_assert_true(contains(failure.error.message, "ssl-ca-file"));
    g_assert_true(contains(failure.error.message, "authority"));
    g_assert_cmpuint(server.notes().size(), ==, 0);
}

std::string write_file(const char *name, const std::string &text)
{
    const GCharOwn path(g_build_filename(g_get_user_cache_dir(), name, nullptr));
    g_mkdir_with_parents(g_get_user_cache_dir(), 0700);
    g_assert_true(g_file_set_contents(path.get(), text.c_str(), -1, nullptr));
    return path.get();
}

// Nobody will ever write to it.
std::string write_pipe(const char *name)
{
    const GCharOwn path(g_build_filename(g_get_user_cache_dir(), name, nullptr));
    g_mkdir_with_parents(g_get_user_cache_dir(), 0700);
    g_assert_cmpint(mkfifo(path.get(), 0600), ==, 0);
    return path.get();
}

std::string authority_file()
{
    return write_file("authority.pem", kAuthorityPem);
}

void own_authority_is_accepted_and_http_1_is_spoken()
{
    RawServer server({[](RawConnection &peer) {
                         peer.read_request();
                         peer.answer("200 OK", "", peer.protocol());
                     }},
                     {.tls = true});
    Fixture f;
    f.use({.ssl_ca_file = authority_file()});
    const HttpOutcome outcome = f.get(server.url());
    g_assert_cmpint(answered(outcome).status, ==, 200);
    ASSERT_STR(answered(outcome).body, "http/1.1");
}

void big_body_through_tls_arrives()
{
    Server server({.tls = true});
    Fixture f;
    f.use({.ssl_strict = false});
    PatternBody body(3000000);
    answered(f.patch(server.url(), body, 3000000));
    const std::string sent = server.notes().front();
    g_assert_true(sent.substr(sent.find("\r\n\r\n") + 4) == body.all());
}

void plain_server_is_no_tls_server()
{
    RawServer server({[](RawConnection &peer) { peer.answer("400 Bad Request"); }});
    Fixture f;
    failed(f.get(cat("https://127.0.0.1:", server.port(), "/")), ErrorKind::kTls,
           Reach::kNotConnected);
}

// A server that restarts: it is there, but not ready for TLS.
void cut_tls_handshake_may_be_tried_again()
{
    RawServer server({[](RawConnection &) {}, [](RawConnection &peer) { peer.read_bytes(100); },
                      [](RawConnection &peer) {
                          peer.read_bytes(100);
                          peer.reset();
                      }});
    Fixture f;
    for (int n = 0; n < 3; ++n) {
        const HttpOutcome outcome = f.get(cat("https://127.0.0.1:", server.port(), "/"));
        g_assert_nonnull(outcome.failure());
        g_test_message("%s [%s]", outcome.failure()->error.message.c_str(),
                       outcome.failure()->error.detail.c_str());
        g_assert_true(outcome.failure()->reach == Reach::kNotConnected);
        g_assert_true(outcome.failure()->error.retryable);
    }
}

struct Interaction {
    GTlsInteraction parent;
};

struct InteractionClass {
    GTlsInteractionClass parent;
};

GTlsInteraction *interaction_with_certificate()
{
    static const GType kType = g_type_register_static_simple(
        G_TYPE_TLS_INTERACTION, "TestInteraction", sizeof(InteractionClass),
        [](gpointer klass, gpointer) {
            G_TLS_INTERACTION_CLASS(klass)->request_certificate =
                [](GTlsInteraction *, GTlsConnection *connection, GTlsCertificateRequestFlags,
                   GCancellable *, GError **) {
                    const auto own = GRef<GTlsCertificate>::adopt(
                        g_tls_certificate_new_from_pem(kServerPem, -1, nullptr));
                    g_tls_connection_set_certificate(connection, own.get());
                    return G_TLS_INTERACTION_HANDLED;
                };
        },
        sizeof(Interaction), nullptr, GTypeFlags(0));
    return G_TLS_INTERACTION(g_object_new(kType, nullptr));
}

void client_certificate_comes_from_the_interaction()
{
    Server server({.tls = true, .want_client_certificate = true});
    Fixture f;
    f.use({.ssl_strict = false,
           .tls_interaction = GRef<GTlsInteraction>::adopt(interaction_with_certificate())});
    g_assert_cmpint(answered(f.get(server.url())).status, ==, 204);
    f.use({.ssl_strict = false});
    const HttpOutcome outcome = f.get(server.url());
    g_assert_nonnull(outcome.failure());
    g_test_message("%s [%s]", outcome.failure()->error.message.c_str(),
                   outcome.failure()->error.detail.c_str());
}

void client_certificate_comes_from_files()
{
    const std::string both = write_file("both.pem", kClientPem);
    const std::string alone = write_file("alone.pem", part_of(kClientPem, false));
    const std::string key = write_file("key.pem", part_of(kClientPem, true));
    Server server({.tls = true, .want_client_certificate = true});
    Fixture f;
    HttpConfig config{.ssl_strict = false};
    for (const auto &[cert_file, key_file] :
         {std::pair{both, std::string()}, std::pair{both, both}, std::pair{alone, key}}) {
        config.ssl_cert_file = cert_file;
        config.ssl_key_file = key_file;
        f.use(config);
        g_assert_cmpint(answered(f.get(server.url())).status, ==, 204);
    }
    // the application's own answer comes first
    config.tls_interaction = GRef<GTlsInteraction>::adopt(
        G_TLS_INTERACTION(g_object_new(G_TYPE_TLS_INTERACTION, nullptr)));
    f.use(config);
    const HttpOutcome outcome = f.get(server.url());
    g_assert_nonnull(outcome.failure());
    g_assert_true(contains(outcome.failure()->error.message, "ssl-cert-file"));
}

// GIO asks where the object was made: an application that is just busy there is not waited for.
void busy_main_loop_holds_up_no_certificate()
{
    Server server({.tls = true, .want_client_certificate = true});
    Fixture f;
    HttpConfig config{.ssl_strict = false};
    config.ssl_cert_file = write_file("both.pem", kClientPem);
    f.use(config);
    f.request.timeout = f.request.connect_timeout = seconds(3);
    g_assert_true(g_main_context_acquire(nullptr)); // and nobody lets it run
    answered(f.get(server.url()));
    f.use({.ssl_strict = false});
    g_assert_nonnull(f.get(server.url()).failure());
    g_main_context_release(nullptr);
}

// Also while it is written: what was read last is used on.
void replaced_certificate_is_read_for_new_connections()
{
    RawServer server({[](RawConnection &peer) {
                         peer.read_request();
                         peer.answer("200 OK", "", peer.client_certificate());
                     }},
                     {.tls = true, .want_client_certificate = true});
    const std::string path = write_file("shown.pem", kClientPem);
    HttpConfig config{.ssl_strict = false};
    config.ssl_cert_file = path;
    Fixture f;
    f.use(config);
    const auto shown = [&] {
        g_assert_nonnull(f.get(cat("https://127.0.0.1:", refused_port(), "/")).failure());
        return answered(f.get(server.url())).body;
    };
    ASSERT_STR(shown(), part_of(kClientPem, false));
    write_file("shown.pem", "marker");
    ASSERT_STR(shown(), part_of(kClientPem, false));
    write_file("shown.pem", kServerPem);
    ASSERT_STR(shown(), part_of(kServerPem, false));
}

void wrong_client_certificates_are_settings()
{
    const std::string both = write_file("both.pem", kClientPem);
    const std::string alone = write_file("alone.pem", part_of(kClientPem, false));
    const std::string key = write_file("key.pem", part_of(kClientPem, true));
    const std::string other = write_file("other.pem", part_of(kOldPem, true));
    const std::string mixed =
        write_file("mixed.pem", part_of(kClientPem, false) + part_of(kYoungPem, true));
    const std::string garbage = write_file("garbage.pem", "marker");
    const std::string locked =
        write_file("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nbWFya2Vy\n"
                                 "-----END ENCRYPTED PRIVATE KEY-----\n");
    const std::string pipe = write_pipe("pipe.pem");
    const std::string large = write_file("large.pem", std::string(17 << 20, '\n'));

    struct Row {
        std::string cert_file, key_file;
        const char *property, *word;
    };

    for (const Row &row :
         {Row{"/no/such.pem", "", "ssl-cert-file", "read"},
          Row{"/no/such.pem", key, "ssl-cert-file", "read"},
          Row{alone, "/no/such.pem", "ssl-key-file", "read"}, Row{"/", "", "ssl-cert-file", "read"},
          Row{garbage, "", "ssl-cert-file", "PEM"}, Row{garbage, key, "ssl-cert-file", "PEM"},
          Row{pipe, "", "ssl-cert-file", "regular"}, Row{alone, pipe, "ssl-key-file", "regular"},
          Row{"/dev/zero", key, "ssl-cert-file", "regular"},
          Row{large, key, "ssl-cert-file", "large"}, Row{alone, large, "ssl-key-file", "large"},
          Row{alone, "", "ssl-cert-file", "key"}, Row{alone, alone, "ssl-cert-file", "key"},
          Row{alone, garbage, "ssl-key-file", "key"},
          Row{alone, locked, "ssl-key-file", "password"},
          Row{alone, other, "ssl-key-file", "does not belong"},
          Row{mixed, "", "ssl-cert-file", "does not belong"},
          Row{"", key, "ssl-key-file", "ssl-cert-file"}}) {
        const auto made = make_soup_transport(
            HttpConfig{.ssl_cert_file = row.cert_file, .ssl_key_file = row.key_file});
        g_assert_false(made.ok());
        g_test_message("%s [%s]", made.error().message.c_str(), made.error().detail.c_str());
        g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
        g_assert_true(contains(made.error().message, row.property));
        g_assert_true(contains(made.error().message, row.word));
        g_assert_false(contains(made.error().message, "marker"));
    }
}

// --- addresses instead of names ------------------------------------------------------------------

// What the client says before anything is encrypted: a record, whose length comes first.
std::string hello_to(const std::string &host)
{
    RawServer *self = nullptr;
    RawServer server({[&self](RawConnection &peer) {
        const std::string head = peer.read_bytes(5);
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
        self->note(peer.read_bytes(byte(3) * 256U + byte(4)));
    }});
    self = &server;
    Fixture f;
    (void)f.get(cat("https://", host, ":", server.port(), "/"));
    server.wait_notes(1);
    return server.notes().front();
}

void an_address_is_not_told_as_a_name()
{
    g_assert_true(contains(hello_to("localhost"), "localhost"));
    g_assert_false(contains(hello_to("127.0.0.1"), "127.0.0.1"));
}

bool has_ipv6()
{
    const auto socket = GRef<GSocket>::adopt(
        g_socket_new(G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr));
    const auto any = GRef<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("::1", 0));
    return socket && g_socket_bind(socket.get(), any.get(), FALSE, nullptr) != FALSE;
}

// GnuTLS, which is at the other end here, breaks off when an IPv6 address is told as a name.
void certificate_is_for_the_address()
{
    if (!has_ipv6())
        return g_test_skip("no IPv6 here");
    Server both({.tls = true, .address = "::1"}); // for 127.0.0.1 and ::1
    Fixture f;
    f.use({.ssl_ca_file = authority_file()});
    answered(f.get(cat("https://[::1]:", both.port(), "/")));
    answered(f.get(cat("https://[0:0::1]:", both.port(), "/")));

    Server there({.tls = true, .certificate = kClientPem}); // for 127.0.0.1
    Server elsewhere({.tls = true, .address = "::1", .certificate = kClientPem});
    f.use({.ssl_ca_file = write_file("client.pem", part_of(kClientPem, false))});
    answered(f.get(there.url()));
    const HttpOutcome outcome = f.get(cat("https://[::1]:", elsewhere.port(), "/"));
    const HttpFailure &failure = failed(outcome, ErrorKind::kTls, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "another host"));
    g_assert_cmpuint(elsewhere.notes().size(), ==, 0);
}

void dates_of_a_certificate_may_get_right()
{
    for (const auto &[pem, word, year] :
         {std::tuple{kOldPem, "expired", "2001"}, std::tuple{kYoungPem, "not valid yet", "2200"}}) {
        if (sizeof(time_t) == 4 && pem == kYoungPem)
            continue; // where a time has 32 bits, GnuTLS does not know that year
        Server server({.tls = true, .certificate = pem});
        Fixture f;
        f.use({.ssl_ca_file = write_file("dated.pem", part_of(pem, false))});
        const HttpOutcome outcome = f.get(server.url());
        const HttpFailure &failure = failed(outcome, ErrorKind::kClock, Reach::kNotConnected);
        g_assert_true(failure.error.retryable);
        g_assert_true(contains(failure.error.message, word));
        g_assert_true(contains(failure.error.message, year));
        const GDateTimeOwn now(g_date_time_new_now_utc());
        const GCharOwn this_year(g_date_time_format(now.get(), "%Y-"));
        g_assert_true(contains(failure.error.message, this_year.get()));
    }
}

// Dates are no excuse for an authority that nobody knows, or for another host.
void dates_beside_another_fault_do_not_count()
{
    for (const char *pem : {kOldPem, kYoungPem}) {
        Server server({.tls = true, .certificate = pem});
        Fixture f;
        HttpOutcome outcome = f.get(server.url());
        g_assert_false(failed(outcome, ErrorKind::kTls, Reach::kNotConnected).error.retryable);
        f.use({.ssl_ca_file = write_file("dated.pem", part_of(pem, false))});
        outcome = f.get(cat("https://localhost:", server.port(), "/"));
        g_assert_false(failed(outcome, ErrorKind::kTls, Reach::kNotConnected).error.retryable);
    }
}

void wrong_authorities_are_settings()
{
    const std::string garbage = write_file("garbage.pem", "marker");
    const std::string empty = write_file("empty.pem", "");
    const std::string pipe = write_pipe("authorities.pem");
    for (const auto &[path, word] :
         {std::pair<std::string, const char *>{"/no/such/file.pem", "read"},
          {"/", "read"},
          {garbage, "PEM"},
          {empty, "PEM"},
          {pipe, "regular"},
          {"/dev/zero", "regular"}}) {
        const auto made = make_soup_transport(HttpConfig{.ssl_ca_file = path});
        g_assert_false(made.ok());
        g_test_message("%s [%s]", made.error().message.c_str(), made.error().detail.c_str());
        g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
        g_assert_true(contains(made.error().message, "ssl-ca-file"));
        g_assert_true(contains(made.error().message, word));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/tls/unknown-authority", unknown_authority_is_refused);
    add_test("/transport/tls/own-authority", own_authority_is_accepted_and_http_1_is_spoken);
    add_test("/transport/tls/big-body", big_body_through_tls_arrives);
    add_test("/transport/tls/plain-server", plain_server_is_no_tls_server);
    add_test("/transport/tls/cut-handshake", cut_tls_handshake_may_be_tried_again);
    add_test("/transport/tls/client-certificate", client_certificate_comes_from_the_interaction);
    add_test("/transport/tls/client-certificate/files", client_certificate_comes_from_files);
    add_test("/transport/tls/client-certificate/busy", busy_main_loop_holds_up_no_certificate);
    add_test("/transport/tls/client-certificate/replaced",
             replaced_certificate_is_read_for_new_connections);
    add_test("/transport/tls/client-certificate/wrong", wrong_client_certificates_are_settings);
    add_test("/transport/tls/address/not-told", an_address_is_not_told_as_a_name);
    add_test("/transport/tls/address/ipv6", certificate_is_for_the_address);
    add_test("/transport/tls/dates", dates_of_a_certificate_may_get_right);
    add_test("/transport/tls/dates/and-more", dates_beside_another_fault_do_not_count);
    add_test("/transport/tls/authorities/wrong", wrong_authorities_are_settings);
    return g_test_run();
}
