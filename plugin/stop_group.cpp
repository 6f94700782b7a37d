// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Knows what GStreamer has of a state change under way: each bin's target and next state, under its
// object lock. Elements are compared, and held only while they are looked at.
#include "stop_group.h"

#include <utility>

namespace gsttus {

namespace {

struct Running {
    Mutex mutex;
    std::vector<std::weak_ptr<Recording>> recordings GUARDED_BY(mutex);
};

Running &running()
{
    static auto *all = new Running; // outlives every thread
    return *all;
}

GRef<GstObject> parent_of(GstObject *object)
{
    return GRef<GstObject>::adopt(gst_object_get_parent(object));
}

// On its way to READY or below, in a state change that has not ended.
bool goes_down(GstObject *object)
{
    if (!GST_IS_ELEMENT(object))
        return false;
    GST_OBJECT_LOCK(object);
    const GstElement *element = GST_ELEMENT(object);
    const bool down = GST_STATE_TARGET(element) <= GST_STATE_READY &&
                      GST_STATE_NEXT(element) == GST_STATE_READY &&
                      GST_STATE(element) != GST_STATE_NULL; // going up
    GST_OBJECT_UNLOCK(object);
    return down;
}

// The outermost bin that goes down and takes `sink` with it; empty: there is none.
GRef<GstObject> whole_that_stops(GstElement *sink)
{
    GRef<GstObject> top;
    GRef<GstObject> object = GRef<GstObject>::retain(GST_OBJECT(sink));
    while (!gst_element_is_locked_state(GST_ELEMENT(object.get()))) {
        GRef<GstObject> parent = parent_of(object.get());
        if (!parent || !goes_down(parent.get()))
            break;
        top = parent;
        object = std::move(parent);
    }
    return top;
}

// Whether `top` takes it along.
bool is_taken_down(GstElement *sink, const GstObject *top)
{
    GRef<GstObject> object = GRef<GstObject>::retain(GST_OBJECT(sink));
    while (object && object.get() != top) {
        if (!GST_IS_ELEMENT(object.get()) || gst_element_is_locked_state(GST_ELEMENT(object.get())))
            return false;
        object = parent_of(object.get());
    }
    return static_cast<bool>(object);
}

std::vector<std::shared_ptr<Recording>> all_running()
{
    std::vector<std::shared_ptr<Recording>> found;
    Running &all = running();
    const MutexLock lock(all.mutex);
    for (const auto &weak : all.recordings)
        if (auto recording = weak.lock())
            found.push_back(std::move(recording));
    return found;
}

} // namespace

void join_stop_group(const std::shared_ptr<Recording> &recording)
{
    Running &all = running();
    const MutexLock lock(all.mutex);
    std::erase_if(all.recordings, [](const auto &weak) { return weak.expired(); });
    all.recordings.push_back(recording);
}

StoppedOthers tell_of_stop(GstElement *sink, Recording &own)
{
    StoppedOthers told;
    const TimePoint now = Clock::now();
    const GRef<GstObject> top = whole_that_stops(sink);
    if (!top || own.is_told())
        return told;
    for (const auto &other : all_running()) {
        if (other.get() == &own)
            continue;
        const GRef<GstTusSink> element = other->sink();
        if (element && is_taken_down(GST_ELEMENT(element.get()), top.get()) &&
            other->stop_with_others(now))
            told.push_back(other);
    }
    return told;
}

} // namespace gsttus
