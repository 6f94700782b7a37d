// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A screen through the desktop's portal: against a stand-in for it on a bus of its own, which says
// yes, no, nothing useful, or is not there.
#include "glib/ptr.h"
#include "record/screen_portal.h"
#include "test.h"

#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

constexpr const char *kInterfaces =
    "<node><interface name='org.freedesktop.portal.ScreenCast'>"
    "<method name='CreateSession'><arg type='a{sv}' direction='in'/>"
    "<arg type='o' direction='out'/></method>"
    "<method name='SelectSources'><arg type='o' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='o' direction='out'/></method>"
    "<method name='Start'><arg type='o' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
    "<method name='OpenPipeWireRemote'><arg type='o' direction='in'/>"
    "<arg type='a{sv}' direction='in'/><arg type='h' direction='out'/></method>"
    "</interface></node>";
constexpr const char *kSession = "/org/freedesktop/portal/desktop/session/x/y";

struct PortalRow {
    const char *name;
    const char *refuses = ""; // the method that the user says no to
    const char *unknown = ""; // the method that fails
    bool early = false;       // the Response comes before the method's own answer
    bool no_stream = false, no_session = false, no_fd = false;
    const char *error = nullptr; // a part of what is said; nullptr: it works
};

constexpr PortalRow kPortals[] = {
    {.name = "yes"},
    {.name = "early", .early = true},
    {.name = "no", .refuses = "Start", .error = "the answer was no"},
    {.name = "no-source", .refuses = "SelectSources", .error = "the answer was no"},
    {.name = "unknown", .unknown = "CreateSession", .error = "does not let its screen"},
    {.name = "no-stream", .no_stream = true, .error = "shows no screen"},
    {.name = "no-session", .no_session = true, .error = "made no session"},
    {.name = "no-pipewire", .no_fd = true, .error = "no way to PipeWire"},
};

// On a thread with a main context of its own, as another process would be.
class Portal {
public:
    Portal(const PortalRow &row, const char *address)
        : row_(row), address_(address), context_(g_main_context_new()),
          loop_(g_main_loop_new(context_, FALSE)),
          thread_(g_thread_new("portal", &Portal::run, this))
    {
        g_mutex_lock(&mutex_);
        while (!ready_)
            g_cond_wait(&cond_, &mutex_);
        g_mutex_unlock(&mutex_);
    }

    ~Portal()
    {
        g_main_context_invoke(
            context_,
            [](gpointer data) {
                g_main_loop_quit(static_cast<GMainLoop *>(data));
                return G_SOURCE_REMOVE;
            },
            loop_);
        g_thread_join(thread_);
        g_main_loop_unref(loop_);
        g_main_context_unref(context_);
    }

    Portal(const Portal &) = delete;
    Portal &operator=(const Portal &) = delete;

    std::vector<std::string> called; // read when it has ended

private:
    static gpointer run(gpointer data)
    {
        auto *self = static_cast<Portal *>(data);
        g_main_context_push_thread_default(self->context_);
        self->serve();
        g_main_context_pop_thread_default(self->context_);
        return nullptr;
    }

    void serve()
    {
        const auto flags =
            static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                              G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION);
        bus_ = g_dbus_connection_new_for_address_sync(address_, flags, nullptr, nullptr, nullptr);
        g_assert_nonnull(bus_);
        GDBusNodeInfo *info = g_dbus_node_info_new_for_xml(kInterfaces, nullptr);
        const GDBusInterfaceVTable table = {&Portal::on_call, nullptr, nullptr, {}};
        const guint object =
            g_dbus_connection_register_object(bus_, "/org/freedesktop/portal/desktop",
                                              info->interfaces[0], &table, this, nullptr, nullptr);
        GVariant *owned = g_dbus_connection_call_sync(
            bus_, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
            g_variant_new("(su)", "org.freedesktop.portal.Desktop", 0), nullptr,
            G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
        g_assert_nonnull(owned);
        g_variant_unref(owned);
        g_mutex_lock(&mutex_);
        ready_ = true;
        g_cond_signal(&cond_);
        g_mutex_unlock(&mutex_);
        g_main_loop_run(loop_);
        g_dbus_connection_unregister_object(bus_, object);
        g_dbus_node_info_unref(info);
        g_dbus_connection_close_sync(bus_, nullptr, nullptr);
        g_object_unref(bus_);
    }

    static void on_call(GDBusConnection * /*bus*/, const char *sender, const char * /*path*/,
                        const char * /*interface*/, const char *method, GVariant *parameters,
                        GDBusMethodInvocation *invocation, gpointer data)
    {
        static_cast<Portal *>(data)->answer(sender, method, parameters, invocation);
    }

    void answer(const char *sender, const std::string &method, GVariant *parameters,
                GDBusMethodInvocation *invocation)
    {
        called.push_back(method);
        if (method == row_.unknown)
            return g_dbus_method_invocation_return_dbus_error(
                invocation, "org.freedesktop.DBus.Error.UnknownMethod", "no such method");
        if (method == "OpenPipeWireRemote")
            return open(invocation);
        const std::string request = path_of(sender, parameters);
        if (row_.early)
            respond(request, method);
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", request.c_str()));
        if (!row_.early)
            respond(request, method);
    }

    static std::string path_of(std::string sender, GVariant *parameters)
    {
        sender.erase(0, 1);
        for (char &c : sender)
            c = c == '.' ? '_' : c;
        GVariant *options =
            g_variant_get_child_value(parameters, g_variant_n_children(parameters) - 1);
        const char *token = nullptr;
        g_assert_true(g_variant_lookup(options, "handle_token", "&s", &token));
        std::string path = "/org/freedesktop/portal/desktop/request/" + sender + "/" + token;
        g_variant_unref(options);
        return path;
    }

    void respond(const std::string &request, const std::string &method)
    {
        GVariantBuilder results;
        g_variant_builder_init(&results, G_VARIANT_TYPE_VARDICT);
        if (method == "CreateSession" && !row_.no_session)
            g_variant_builder_add(&results, "{sv}", "session_handle",
                                  g_variant_new_string(kSession));
        if (method == "Start") {
            GVariantBuilder streams;
            g_variant_builder_init(&streams, G_VARIANT_TYPE("a(ua{sv})"));
            if (!row_.no_stream)
                g_variant_builder_add(&streams, "(ua{sv})", 42, nullptr);
            g_variant_builder_add(&results, "{sv}", "streams", g_variant_builder_end(&streams));
        }
        g_dbus_connection_emit_signal(
            bus_, nullptr, request.c_str(), "org.freedesktop.portal.Request", "Response",
            g_variant_new("(ua{sv})", method == row_.refuses ? 1 : 0, &results), nullptr);
    }

    void open(GDBusMethodInvocation *invocation) const
    {
        if (row_.no_fd)
            return g_dbus_method_invocation_return_dbus_error(
                invocation, "org.freedesktop.DBus.Error.Failed", "no");
        const auto list = GRef<GUnixFDList>::adopt(g_unix_fd_list_new());
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        g_unix_fd_list_append(list.get(), fd, nullptr);
        ::close(fd);
        g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, g_variant_new("(h)", 0),
                                                                list.get());
    }

    const PortalRow &row_;
    const char *const address_;
    GMainContext *const context_;
    GMainLoop *const loop_;
    GDBusConnection *bus_ = nullptr;
    GMutex mutex_{};
    GCond cond_{};
    bool ready_ = false;
    GThread *const thread_;
};

void portal_is_asked(const PortalRow &row)
{
    GTestDBus *dbus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(dbus);
    {
        Portal desktop(row, g_test_dbus_get_bus_address(dbus));
        ScreenPortal portal;
        const Result<ScreenCast> cast = portal.open();
        if (row.error) {
            g_assert_false(cast.ok());
            g_test_message("%s", cast.error().message.c_str());
            g_assert_nonnull(std::strstr(cast.error().message.c_str(), row.error));
        } else {
            g_assert_true(cast.ok());
            g_assert_cmpuint(cast->node, ==, 42);
            g_assert_cmpint(fcntl(cast->fd, F_GETFD), >=, 0);
        }
    }
    g_test_dbus_down(dbus);
    g_object_unref(dbus);
}

void no_portal_is_an_error()
{
    GTestDBus *dbus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(dbus);
    {
        ScreenPortal portal;
        const Result<ScreenCast> cast = portal.open();
        g_assert_false(cast.ok());
        g_assert_nonnull(std::strstr(cast.error().message.c_str(), "xdg-desktop-portal"));
    }
    g_test_dbus_down(dbus);
    g_object_unref(dbus);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const PortalRow &row : kPortals)
        add_row_test(std::string("/screen-portal/") + row.name, row, portal_is_asked);
    add_test("/screen-portal/none", no_portal_is_an_error);
    return g_test_run();
}
