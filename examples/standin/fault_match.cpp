// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which requests a fault hits, and how the faults that hit one request are put together.

#include "fault.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

bool is_api(const Request &request)
{
    return request.path.starts_with("/streaming");
}

bool concerns(const RequestFault &fault, const Request &request)
{
    if (!request.path.starts_with(fault.path))
        return false;
    if (fault.method == "API")
        return is_api(request);
    if (fault.method != "ANY" && fault.method != request.method)
        return false;
    return !fault.path.empty() || fault.method == "GET" || fault.method == "ANY" ||
           !is_api(request);
}

template <typename T>
void take(std::optional<T> &mine, const std::optional<T> &other)
{
    if (other)
        mine = other;
}

// Counts the request.
bool hits(RequestFault &fault)
{
    ++fault.seen;
    if (fault.lasting) {
        if (fault.seen == fault.from)
            fault.begun = Clock::now();
        return fault.seen >= fault.from && Clock::now() - fault.begun < *fault.lasting;
    }
    return fault.seen >= fault.from && fault.seen <= fault.to &&
           (fault.seen - fault.from) % fault.every == 0;
}

} // namespace

void Actions::merge(const Actions &other)
{
    take(cut_after, other.cut_after);
    take(stall, other.stall);
    take(early, other.early);
    take(answer, other.answer);
    take(redirect, other.redirect);
    take(drip, other.drip);
    take(accept_only, other.accept_only);
    take(rollback, other.rollback);
    take(location, other.location);
    take(delay, other.delay);
    offset_shift += other.offset_shift;
    without_headers.insert(without_headers.end(), other.without_headers.begin(),
                           other.without_headers.end());
    store = store || other.store;
    drop_answer = drop_answer || other.drop_answer;
    no_header = no_header || other.no_header;
    expire = expire || other.expire;
    forget = forget || other.forget;
    lock = lock || other.lock;
    cut_json = cut_json || other.cut_json;
    body_for_head = body_for_head || other.body_for_head;
    specs.insert(specs.end(), other.specs.begin(), other.specs.end());
}

Actions FaultPlan::match(const Request &request)
{
    Actions all;
    for (RequestFault &fault : faults_) {
        if (concerns(fault, request) && hits(fault))
            all.merge(fault.actions);
    }
    return all;
}

} // namespace gsttus::standin
