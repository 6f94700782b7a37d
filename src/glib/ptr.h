// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Owning pointers for GLib things. adopt(): the caller's reference becomes ours;
// retain(): we take one more.
#pragma once

#include <memory>
#include <utility>

#include <gio/gio.h>

namespace gsttus {

template <typename T>
class GRef {
public:
    GRef() = default;

    static GRef adopt(T *object)
    {
        GRef ref;
        ref.object_ = object;
        return ref;
    }

    static GRef retain(T *object)
    {
        return adopt(object ? static_cast<T *>(g_object_ref(object)) : nullptr);
    }

    GRef(const GRef &other) : GRef(retain(other.object_)) {}

    GRef(GRef &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}

    GRef &operator=(GRef other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }

    ~GRef() { g_clear_object(&object_); }

    T *get() const { return object_; }

    T *operator->() const { return object_; }

    explicit operator bool() const { return object_ != nullptr; }

    T *release() { return std::exchange(object_, nullptr); }

private:
    T *object_ = nullptr;
};

template <auto Free>
struct GDelete {
    template <typename T>
    void operator()(T *pointer) const
    {
        Free(pointer);
    }
};

using GCharOwn = std::unique_ptr<char, GDelete<&g_free>>;
using GErrorOwn = std::unique_ptr<GError, GDelete<&g_error_free>>;
using GDateTimeOwn = std::unique_ptr<GDateTime, GDelete<&g_date_time_unref>>;
using GBytesOwn = std::unique_ptr<GBytes, GDelete<&g_bytes_unref>>;
using GMainContextOwn = std::unique_ptr<GMainContext, GDelete<&g_main_context_unref>>;
using GUriOwn = std::unique_ptr<GUri, GDelete<&g_uri_unref>>;

} // namespace gsttus
