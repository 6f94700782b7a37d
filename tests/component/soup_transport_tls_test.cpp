// TLS: certificates of both sides, and handshakes that fail.
#include "soup_transport_fixture.h"
#include "test_certificate.h"

#include <glib/gstdio.h>

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

std::string authority_file()
{
    const GCharOwn path(g_build_filename(g_get_user_cache_dir(), "authority.pem", nullptr));
    g_mkdir_with_parents(g_get_user_cache_dir(), 0700);
    g_assert_true(g_file_set_contents(path.get(), kAuthorityPem, -1, nullptr));
    return path.get();
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

void settings_are_checked()
{
    for (const HttpConfig &config : {HttpConfig{.ssl_ca_file = "/no/such/file.pem"}}) {
        const auto made = make_soup_transport(config);
        g_assert_false(made.ok());
        g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
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
    add_test("/transport/settings", settings_are_checked);
    return g_test_run();
}
