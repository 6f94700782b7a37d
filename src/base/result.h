// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Result<T>: a value or an Error. There are no exceptions in this project.
#pragma once

#include "base/error.h"

#include <utility>
#include <variant>

namespace gsttus {

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}

    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return content_.index() == 0; }

    explicit operator bool() const { return ok(); }

    T &value() { return *std::get_if<0>(&content_); }

    const T &value() const { return *std::get_if<0>(&content_); }

    T &operator*() { return value(); }

    const T &operator*() const { return value(); }

    T *operator->() { return &value(); }

    const T *operator->() const { return &value(); }

    Error &error() { return *std::get_if<1>(&content_); }

    const Error &error() const { return *std::get_if<1>(&content_); }

private:
    std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;

    Result(Error error) : error_(std::move(error)), ok_(false) {}

    bool ok() const { return ok_; }

    explicit operator bool() const { return ok_; }

    Error &error() { return error_; }

    const Error &error() const { return error_; }

private:
    Error error_;
    bool ok_ = true;
};

} // namespace gsttus
