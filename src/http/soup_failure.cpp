// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The sentences that people read when there was no answer.
#include "http/soup_failure.h"

#include "base/redact.h"
#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>

#include <libsoup/soup.h>

namespace gsttus {

namespace {

Error network_error(std::string message, const GError &cause, bool retryable = true)
{
    Error error;
    error.kind = ErrorKind::kNetwork;
    error.message = std::move(message);
    error.detail = cause.message;
    error.retryable = retryable;
    return error;
}

std::string certificate_reasons(GTlsCertificateFlags flags)
{
    struct Reason {
        GTlsCertificateFlags flag;
        const char *text;
    };

    static constexpr std::array<Reason, 6> kReasons{{
        {G_TLS_CERTIFICATE_UNKNOWN_CA, "signed by an authority that is not known here"},
        {G_TLS_CERTIFICATE_BAD_IDENTITY, "made for another host name"},
        {G_TLS_CERTIFICATE_NOT_ACTIVATED, "not valid yet"},
        {G_TLS_CERTIFICATE_EXPIRED, "expired"},
        {G_TLS_CERTIFICATE_REVOKED, "revoked"},
        {G_TLS_CERTIFICATE_INSECURE, "using an insecure algorithm"},
    }};
    std::string text;
    for (const Reason &reason : kReasons)
        if (flags & reason.flag)
            text += cat(text.empty() ? "" : ", ", reason.text);
    return text.empty() ? "not valid" : text;
}

// When all certificates of a chain are valid.
struct Validity {
    GDateTimeOwn from, to; // none: not known
};

Validity validity_of(GTlsCertificate *certificate)
{
    Validity validity;
    for (; certificate; certificate = g_tls_certificate_get_issuer(certificate)) {
        GDateTimeOwn from(g_tls_certificate_get_not_valid_before(certificate));
        GDateTimeOwn to(g_tls_certificate_get_not_valid_after(certificate));
        if (from && (!validity.from || g_date_time_compare(from.get(), validity.from.get()) > 0))
            validity.from = std::move(from);
        if (to && (!validity.to || g_date_time_compare(to.get(), validity.to.get()) < 0))
            validity.to = std::move(to);
    }
    return validity;
}

std::string date_text(GDateTime *date)
{
    const GCharOwn text(date ? g_date_time_format(date, "%Y-%m-%d %H:%M:%S UTC") : nullptr);
    return text ? text.get() : "?";
}

bool is_only_dated(GTlsCertificateFlags flags)
{
    constexpr int kDates = G_TLS_CERTIFICATE_NOT_ACTIVATED | G_TLS_CERTIFICATE_EXPIRED;
    return (flags & kDates) != 0 && (flags & ~kDates) == 0;
}

// A clock that is wrong gets right (a camera before it knows the time), a certificate is renewed.
Error dates_error(const GError &cause, const FailureScene &scene)
{
    const Validity validity = validity_of(scene.certificate);
    const GDateTimeOwn now(g_date_time_new_now_utc());
    Error error;
    error.kind = ErrorKind::kClock;
    error.retryable = true;
    error.detail = cause.message;
    error.message = cat("the certificate of ", scene.origin, " is ",
                        certificate_reasons(scene.certificate_errors), ": it is valid from ",
                        date_text(validity.from.get()), " to ", date_text(validity.to.get()),
                        ", and this machine's clock says ", date_text(now.get()),
                        ". Set the clock, or renew the certificate");
    return error;
}

Error tls_error(const GError &cause, const FailureScene &scene)
{
    if (cause.code == G_TLS_ERROR_BAD_CERTIFICATE && is_only_dated(scene.certificate_errors))
        return dates_error(cause, scene);
    Error error;
    error.kind = ErrorKind::kTls;
    error.detail = cause.message;
    if (cause.code == G_TLS_ERROR_BAD_CERTIFICATE) {
        error.message =
            cat("the certificate of ", scene.origin, " is not accepted: it is ",
                certificate_reasons(scene.certificate_errors),
                ". Check the address and this machine's clock; for an authority of your own set "
                "ssl-ca-file or tls-database");
    } else if (cause.code == G_TLS_ERROR_CERTIFICATE_REQUIRED) {
        error.message = cat(
            scene.origin,
            " wants a client certificate: set ssl-cert-file and ssl-key-file, or tls-interaction");
    } else if (cause.code == G_TLS_ERROR_UNAVAILABLE) {
        error.message = cat("no TLS here, which ", scene.origin,
                            " needs: install glib-networking (GIO's TLS module)");
    } else if (cause.code == G_TLS_ERROR_NOT_TLS) {
        error.message = cat(scene.origin, " does not speak TLS there: check the port, and whether "
                                          "the address should begin with http://");
        error.retryable = true; // GIO says the same of a handshake that is cut off
    } else {
        error.message = cat("no TLS connection to ", scene.origin,
                            " could be made: check the port, and whether TLS is spoken there");
        error.retryable = true;
    }
    return error;
}

// Where a connection was to be made: when there is a proxy, to that.
std::string peer_of(const FailureScene &scene)
{
    return scene.proxy.empty() ? scene.origin : cat("the proxy ", scene.proxy);
}

Error login_error(const FailureScene &scene, std::string detail)
{
    Error error;
    error.kind = ErrorKind::kNotAuthorized;
    error.message = cat(peer_of(scene),
                        " does not let anybody without the right user and password "
                        "through to ",
                        scene.origin,
                        ": check the properties proxy-id and proxy-pw, or the login in the proxy's "
                        "address");
    error.detail = std::move(detail);
    return error;
}

// GIO errors that say why a connection could not be made or broke.
Error io_error(const GError &cause, const FailureScene &scene)
{
    switch (cause.code) {
    case G_IO_ERROR_CONNECTION_REFUSED:
        return network_error(cat("nobody accepts connections at ", peer_of(scene),
                                 ": check address and port, and that the server runs"),
                             cause);
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
        return network_error(cat("no way to ", peer_of(scene), ": check this machine's network"),
                             cause);
    case G_IO_ERROR_HOST_NOT_FOUND:
        return network_error(cat("the host of ", peer_of(scene), " is not known: check its name"),
                             cause);
    case G_IO_ERROR_PROXY_AUTH_FAILED:
    case G_IO_ERROR_PROXY_NEED_AUTH:
        return login_error(scene, cause.message);
    case G_IO_ERROR_PROXY_NOT_ALLOWED:
        return network_error(cat(peer_of(scene), " refused to connect to ", scene.origin,
                                 ": check the proxy setting"),
                             cause, false);
    case G_IO_ERROR_PROXY_FAILED:
        return network_error(cat(peer_of(scene), " could not connect to ", scene.origin,
                                 ": check the proxy setting"),
                             cause);
    default:
        if (!scene.connected)
            return network_error(cat("no connection to ", peer_of(scene)), cause);
        return network_error(
            cat("the connection to ", scene.origin,
                scene.answer_began ? " broke within an answer" : " broke before an answer"),
            cause);
    }
}

HttpFailure with_reach(Error error, const FailureScene &scene)
{
    HttpFailure failure;
    failure.reach =
        scene.connected ? HttpFailure::Reach::kMaybe : HttpFailure::Reach::kNotConnected;
    failure.error = std::move(error);
    return failure;
}

long long whole_seconds(Duration span)
{
    return std::chrono::ceil<seconds>(span).count();
}

} // namespace

std::string origin_of(std::string_view url)
{
    std::string shown = redact_url(url);
    const std::size_t scheme = shown.find("://");
    if (scheme != std::string::npos)
        shown.resize(std::min(shown.find_first_of("/?", scheme + 3), shown.size()));
    return shown;
}

HttpFailure timed_out(const FailureScene &scene, std::string detail)
{
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.retryable = true;
    error.detail = std::move(detail);
    if (!scene.connected)
        error.message = cat(peer_of(scene), " did not accept a connection within ",
                            whole_seconds(scene.connect_timeout), " s: check address and network");
    else if (scene.sending)
        error.message =
            cat(scene.origin, " has taken no bytes for ", whole_seconds(scene.timeout), " s");
    else
        error.message =
            cat(scene.origin, " has not answered for ", whole_seconds(scene.timeout), " s");
    return with_reach(std::move(error), scene);
}

// The request did not pass the proxy.
HttpFailure login_refused(const FailureScene &scene, std::string detail)
{
    HttpFailure failure;
    failure.reach = HttpFailure::Reach::kNotConnected;
    failure.error = login_error(scene, std::move(detail));
    failure.error.http_status = SOUP_STATUS_PROXY_UNAUTHORIZED;
    return failure;
}

HttpFailure cancelled(const FailureScene &scene)
{
    Error error;
    error.kind = ErrorKind::kCancelled;
    error.message = cat("the request to ", scene.origin, " was cancelled");
    return with_reach(std::move(error), scene);
}

HttpFailure failure_from(const GError &error, const FailureScene &scene)
{
    if (g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return cancelled(scene);
    if (g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return timed_out(scene, error.message);

    HttpFailure failure;
    // with TLS 1.3 a missing client certificate shows only after the handshake
    if (error.domain == G_TLS_ERROR &&
        (!scene.connected || error.code == G_TLS_ERROR_CERTIFICATE_REQUIRED)) {
        failure = with_reach(tls_error(error, scene), scene);
    } else if (error.domain == G_RESOLVER_ERROR) {
        failure = with_reach(network_error(cat("the host of ", peer_of(scene),
                                               " can not be found: check its name and the network"),
                                           error),
                             scene);
    } else if (error.domain == SOUP_SESSION_ERROR && scene.connected &&
               (error.code == SOUP_SESSION_ERROR_PARSING ||
                error.code == SOUP_SESSION_ERROR_ENCODING)) {
        Error answer = network_error(
            cat("the answer of ", scene.origin, " is cut off or not HTTP: check address and port"),
            error);
        answer.kind = ErrorKind::kProtocol;
        failure = with_reach(std::move(answer), scene);
    } else {
        failure = with_reach(io_error(error, scene), scene);
    }
    failure.reused_connection = scene.reused_connection && !scene.answer_began;
    return failure;
}

} // namespace gsttus
