// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "request_log.h"

#include "base/text.h"

#include <glib.h>

namespace gsttus::standin {

void RequestLog::begin(std::uint64_t id, const Request &request,
                       const std::vector<std::string> &faults)
{
    const auto header = [&](const char *name) {
        const std::string *value = request.header(name);
        return value ? mask_(value->substr(0, value->find(';'))) : std::string();
    };
    RequestRow row;
    row.id = id;
    row.version = ++version_;
    row.arrived_us = g_get_real_time();
    row.method = mask_(request.method);
    row.path = cat(mask_(request.path), request.query.empty() ? "" : "?…");
    row.offset = request.method == "PATCH" ? header("upload-offset") : "";
    row.purpose = header("upload-concat");
    row.faults = faults;
    rows_.push_back(std::move(row));
    if (rows_.size() > kMost)
        rows_.pop_front();
}

RequestRow *RequestLog::find(std::uint64_t id)
{
    if (rows_.empty() || id < rows_.front().id || id - rows_.front().id >= rows_.size())
        return nullptr;
    RequestRow &row = rows_[id - rows_.front().id];
    row.version = ++version_;
    return &row;
}

void RequestLog::received(std::uint64_t id, std::uint64_t bytes)
{
    if (RequestRow *row = find(id))
        row->bytes = bytes;
}

void RequestLog::answered(std::uint64_t id, int status)
{
    if (RequestRow *row = find(id))
        row->status = status;
}

void RequestLog::over(std::uint64_t id)
{
    if (RequestRow *row = find(id))
        row->over = true;
}

std::vector<const RequestRow *> RequestLog::changed_since(std::uint64_t version) const
{
    std::vector<const RequestRow *> changed;
    for (const RequestRow &row : rows_)
        if (row.version > version)
            changed.push_back(&row);
    return changed;
}

} // namespace gsttus::standin
