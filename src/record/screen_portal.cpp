// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// org.freedesktop.portal.ScreenCast: CreateSession, SelectSources, Start, OpenPipeWireRemote. Each
// of the first three makes a Request, whose signal Response holds what came out.
#include "record/screen_portal.h"

#include "base/text.h"

#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr const char *kPortal = "org.freedesktop.portal.Desktop";
constexpr const char *kPath = "/org/freedesktop/portal/desktop";
constexpr const char *kInterface = "org.freedesktop.portal.ScreenCast";
constexpr const char *kRequest = "org.freedesktop.portal.Request";
constexpr int kCallPatience = 10000; // milliseconds, for the portal's answer to a call
constexpr guint32 kMonitorsAndWindows = 3;
constexpr guint32 kCursorIsEmbedded = 2;

using VariantOwn = std::unique_ptr<GVariant, GDelete<&g_variant_unref>>;
using LoopOwn = std::unique_ptr<GMainLoop, GDelete<&g_main_loop_unref>>;

Error refused(std::string message, std::string detail = "")
{
    return {
        .kind = ErrorKind::kSettings, .message = std::move(message), .detail = std::move(detail)};
}

// The answer to one request, waited for on the default main context.
class Response {
public:
    Response(GDBusConnection *bus, const std::string &token)
        : bus_(bus), loop_(g_main_loop_new(nullptr, FALSE))
    {
        std::string sender = g_dbus_connection_get_unique_name(bus) + 1;
        for (char &c : sender)
            c = c == '.' ? '_' : c;
        const std::string path = cat(kPath, "/request/", sender, '/', token);
        subscription_ = g_dbus_connection_signal_subscribe(
            bus, kPortal, kRequest, "Response", path.c_str(), nullptr, G_DBUS_SIGNAL_FLAGS_NONE,
            &Response::on_response, this, nullptr);
        interrupt_ = g_unix_signal_add(SIGINT, &Response::on_interrupt, this);
    }

    ~Response()
    {
        g_source_remove(interrupt_);
        g_dbus_connection_signal_unsubscribe(bus_, subscription_);
    }

    Response(const Response &) = delete;
    Response &operator=(const Response &) = delete;

    // nullptr: the user said no.
    VariantOwn wait()
    {
        if (!answered_)
            g_main_loop_run(loop_.get());
        return std::move(results_);
    }

private:
    static void on_response(GDBusConnection * /*bus*/, const char * /*sender*/,
                            const char * /*path*/, const char * /*interface*/,
                            const char * /*signal*/, GVariant *parameters, gpointer data)
    {
        auto *self = static_cast<Response *>(data);
        guint32 code = 0;
        GVariant *results = nullptr;
        if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ua{sv})"))) {
            g_variant_get(parameters, "(u@a{sv})", &code, &results);
            VariantOwn own(results);
            if (code == 0)
                self->results_ = std::move(own);
        }
        self->answered_ = true;
        g_main_loop_quit(self->loop_.get());
    }

    static gboolean on_interrupt(gpointer data)
    {
        auto *self = static_cast<Response *>(data);
        self->answered_ = true;
        g_main_loop_quit(self->loop_.get());
        return G_SOURCE_CONTINUE;
    }

    GDBusConnection *const bus_; // the portal's
    const LoopOwn loop_;
    guint subscription_ = 0, interrupt_ = 0;
    bool answered_ = false;
    VariantOwn results_;
};

std::string new_token()
{
    return cat("gsttus", g_random_int());
}

// `arguments` without the options; `options` gets the request's token.
Result<VariantOwn> ask(GDBusConnection *bus, const char *method, GVariantBuilder *arguments,
                       GVariantBuilder *options)
{
    const std::string token = new_token();
    g_variant_builder_add(options, "{sv}", "handle_token", g_variant_new_string(token.c_str()));
    g_variant_builder_add_value(arguments, g_variant_builder_end(options));
    Response response(bus, token);
    GError *raw = nullptr;
    const VariantOwn called(g_dbus_connection_call_sync(
        bus, kPortal, kPath, kInterface, method, g_variant_builder_end(arguments),
        G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, kCallPatience, nullptr, &raw));
    const GErrorOwn error(raw);
    if (!called)
        return refused("the desktop does not let its screen be recorded (is xdg-desktop-portal "
                       "there, with the part for this desktop?)",
                       error->message);
    VariantOwn results = response.wait();
    if (!results)
        return refused("the desktop was asked to show its screen, and the answer was no");
    return results;
}

Result<std::uint32_t> first_stream(GVariant *results)
{
    const VariantOwn streams(
        g_variant_lookup_value(results, "streams", G_VARIANT_TYPE("a(ua{sv})")));
    if (!streams || g_variant_n_children(streams.get()) == 0)
        return refused("the desktop shows no screen");
    const VariantOwn stream(g_variant_get_child_value(streams.get(), 0));
    guint32 node = 0;
    g_variant_get_child(stream.get(), 0, "u", &node);
    return node;
}

} // namespace

ScreenPortal::~ScreenPortal()
{
    if (fd_ >= 0)
        ::close(fd_);
    if (!session_.empty())
        g_dbus_connection_call(bus_.get(), kPortal, session_.c_str(),
                               "org.freedesktop.portal.Session", "Close", nullptr, nullptr,
                               G_DBUS_CALL_FLAGS_NONE, kCallPatience, nullptr, nullptr, nullptr);
    if (bus_)
        g_dbus_connection_flush_sync(bus_.get(), nullptr, nullptr);
}

Result<ScreenCast> ScreenPortal::open()
{
    GError *raw = nullptr;
    bus_ = GRef<GDBusConnection>::adopt(g_bus_get_sync(G_BUS_TYPE_SESSION, nullptr, &raw));
    const GErrorOwn no_bus(raw);
    if (!bus_)
        return refused("there is no session bus, where a desktop could be asked", no_bus->message);
    if (const Result<void> made = make_session(); !made)
        return made.error();
    if (const Result<void> chosen = select_sources(); !chosen)
        return chosen.error();
    const Result<std::uint32_t> node = start();
    return node ? remote(*node) : Result<ScreenCast>(node.error());
}

Result<void> ScreenPortal::make_session()
{
    GVariantBuilder arguments, options;
    g_variant_builder_init(&arguments, G_VARIANT_TYPE("(a{sv})"));
    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "session_handle_token",
                          g_variant_new_string(new_token().c_str()));
    const Result<VariantOwn> made = ask(bus_.get(), "CreateSession", &arguments, &options);
    if (!made)
        return made.error();
    const char *session = nullptr;
    if (!g_variant_lookup(made->get(), "session_handle", "&s", &session) ||
        !g_variant_is_object_path(session))
        return refused("the desktop's portal made no session");
    session_ = session;
    return {};
}

Result<void> ScreenPortal::select_sources()
{
    GVariantBuilder arguments, options;
    g_variant_builder_init(&arguments, G_VARIANT_TYPE("(oa{sv})"));
    g_variant_builder_add(&arguments, "o", session_.c_str());
    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "types", g_variant_new_uint32(kMonitorsAndWindows));
    g_variant_builder_add(&options, "{sv}", "cursor_mode", g_variant_new_uint32(kCursorIsEmbedded));
    const Result<VariantOwn> chosen = ask(bus_.get(), "SelectSources", &arguments, &options);
    return chosen ? Result<void>() : chosen.error();
}

Result<std::uint32_t> ScreenPortal::start()
{
    GVariantBuilder arguments, options;
    g_variant_builder_init(&arguments, G_VARIANT_TYPE("(osa{sv})"));
    g_variant_builder_add(&arguments, "o", session_.c_str());
    g_variant_builder_add(&arguments, "s", ""); // no window of ours
    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    const Result<VariantOwn> started = ask(bus_.get(), "Start", &arguments, &options);
    return started ? first_stream(started->get()) : Result<std::uint32_t>(started.error());
}

Result<ScreenCast> ScreenPortal::remote(std::uint32_t node)
{
    GError *raw = nullptr;
    GUnixFDList *list = nullptr;
    const VariantOwn opened(g_dbus_connection_call_with_unix_fd_list_sync(
        bus_.get(), kPortal, kPath, kInterface, "OpenPipeWireRemote",
        g_variant_new("(oa{sv})", session_.c_str(), nullptr), G_VARIANT_TYPE("(h)"),
        G_DBUS_CALL_FLAGS_NONE, kCallPatience, nullptr, &list, nullptr, &raw));
    const auto fds = GRef<GUnixFDList>::adopt(list);
    GErrorOwn error(raw);
    gint32 handle = -1;
    if (opened)
        g_variant_get(opened.get(), "(h)", &handle);
    raw = nullptr;
    fd_ = fds ? g_unix_fd_list_get(fds.get(), handle, &raw) : -1;
    if (raw)
        error.reset(raw);
    if (fd_ < 0)
        return refused("the desktop's portal gave no way to PipeWire", error ? error->message : "");
    return ScreenCast{fd_, node};
}

} // namespace gsttus
