// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fake_resolver.h"

namespace gsttus::test {

namespace {

struct ResolverObject {
    GResolver parent;
    FakeResolver *names; // outlives it
};

FakeResolver &names_of(GResolver *resolver)
{
    return *reinterpret_cast<ResolverObject *>(resolver)->names;
}

GType resolver_type()
{
    static const GType kType = g_type_register_static_simple(
        g_resolver_get_type(), "GstTusTestResolver", sizeof(GResolverClass),
        [](gpointer klass, gpointer) {
            GResolverClass *resolver = G_RESOLVER_CLASS(klass);
            resolver->lookup_by_name = [](GResolver *self, const gchar *name, GCancellable *cancel,
                                          GError **error) {
                return names_of(self).look_up(name, cancel, error);
            };
            resolver->lookup_by_name_with_flags = [](GResolver *self, const gchar *name,
                                                     GResolverNameLookupFlags, GCancellable *cancel,
                                                     GError **error) {
                return names_of(self).look_up(name, cancel, error);
            };
        },
        sizeof(ResolverObject), nullptr, GTypeFlags(0));
    return kType;
}

} // namespace

FakeResolver::FakeResolver() : before_(GRef<GResolver>::adopt(g_resolver_get_default()))
{
    const GRef<GResolver> mine =
        GRef<GResolver>::adopt(G_RESOLVER(g_object_new(resolver_type(), nullptr)));
    reinterpret_cast<ResolverObject *>(mine.get())->names = this;
    g_resolver_set_default(mine.get());
}

FakeResolver::~FakeResolver()
{
    g_resolver_set_default(before_.get());
}

void FakeResolver::set(const std::string &name, std::vector<std::string> addresses)
{
    MutexLock lock(mutex_);
    names_[name] = std::move(addresses);
}

unsigned FakeResolver::lookups() const
{
    MutexLock lock(mutex_);
    return lookups_;
}

GList *FakeResolver::look_up(const char *name, GCancellable *cancel, GError **error)
{
    {
        MutexLock lock(mutex_);
        ++lookups_;
        GList *list = nullptr;
        for (const std::string &address : names_[name])
            list = g_list_append(list, g_inet_address_new_from_string(address.c_str()));
        if (list)
            return list;
    }
    GPollFD poll{};
    if (g_str_equal(name, "hangs.example") && g_cancellable_make_pollfd(cancel, &poll)) {
        g_poll(&poll, 1, -1);
        g_cancellable_release_fd(cancel);
        g_cancellable_set_error_if_cancelled(cancel, error);
        return nullptr;
    }
    g_set_error(error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "%s is not known", name);
    return nullptr;
}

} // namespace gsttus::test
