// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Names that mean what a test says, in the whole process: GIO's default resolver is replaced while
// the object is there. Others are not known. Looking up "hangs.example" ends only with its
// cancellation, as a getaddrinfo() that waits for a silent name server. Any thread.
#pragma once

#include "base/mutex.h"
#include "glib/ptr.h"

#include <map>
#include <string>
#include <vector>

#include <gio/gio.h>

namespace gsttus::test {

class FakeResolver {
public:
    FakeResolver();
    ~FakeResolver();
    FakeResolver(const FakeResolver &) = delete;
    FakeResolver &operator=(const FakeResolver &) = delete;

    // Addresses of a name, in their order; from the next look-up on.
    void set(const std::string &name, std::vector<std::string> addresses);
    unsigned lookups() const; // so far

    // What the GObject type calls; the list is the caller's.
    GList *look_up(const char *name, GCancellable *cancel, GError **error);

private:
    mutable Mutex mutex_;
    std::map<std::string, std::vector<std::string>> names_ GUARDED_BY(mutex_);
    unsigned lookups_ GUARDED_BY(mutex_) = 0;
    GRef<GResolver> before_;
};

} // namespace gsttus::test
