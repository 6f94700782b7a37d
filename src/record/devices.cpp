// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Each device makes its element; what is set in it is what the words say.
#include "record/devices.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>

#include <gst/gst.h>

namespace gsttus {

namespace {

// A property that the device has set, as a word; empty: it is as it always is.
void add_property(Words &words, GstElement *element, GstElement *plain, GParamSpec *spec)
{
    constexpr int kNeeded = G_PARAM_READABLE | G_PARAM_WRITABLE;
    const std::string_view name = spec->name;
    if ((spec->flags & kNeeded) != kNeeded || name == "name" || name == "parent")
        return;
    GValue value = G_VALUE_INIT;
    GValue usual = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(element), spec->name, &value);
    g_object_get_property(G_OBJECT(plain), spec->name, &usual);
    if (gst_value_compare(&value, &usual) != GST_VALUE_EQUAL) {
        if (G_VALUE_HOLDS_STRING(&value) && g_value_get_string(&value)) {
            words.set(name, g_value_get_string(&value));
        } else if (const GCharOwn text(gst_value_serialize(&value)); text) {
            words.set(name, text.get());
        }
    }
    g_value_unset(&value);
    g_value_unset(&usual);
}

Words source_of(GstDevice *device)
{
    Words words;
    const auto element = GRef<GstElement>::adopt(
        GST_ELEMENT(g_object_ref_sink(gst_device_create_element(device, nullptr))));
    GstElementFactory *factory = element ? gst_element_get_factory(element.get()) : nullptr;
    if (!factory)
        return words;
    const auto plain = GRef<GstElement>::adopt(
        GST_ELEMENT(g_object_ref_sink(gst_element_factory_create(factory, nullptr))));
    words.add(GST_OBJECT_NAME(factory));
    guint count = 0;
    const std::unique_ptr<GParamSpec *, GDelete<&g_free>> specs(
        g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count));
    for (guint i = 0; i < count; ++i)
        add_property(words, element.get(), plain.get(), specs.get()[i]);
    return words;
}

bool is_monitor(GstDevice *device)
{
    GstStructure *properties = gst_device_get_properties(device);
    if (!properties)
        return false;
    const char *kind = gst_structure_get_string(properties, "device.class");
    const bool monitor = kind && std::string_view(kind) == "monitor";
    gst_structure_free(properties);
    return monitor;
}

} // namespace

std::vector<Device> list_devices()
{
    std::vector<Device> devices;
    const auto monitor = GRef<GstDeviceMonitor>::adopt(gst_device_monitor_new());
    gst_device_monitor_add_filter(monitor.get(), "Video/Source", nullptr);
    gst_device_monitor_add_filter(monitor.get(), "Audio/Source", nullptr);
    if (!gst_device_monitor_start(monitor.get()))
        return devices;
    GList *found = gst_device_monitor_get_devices(monitor.get());
    for (GList *item = found; item; item = item->next) {
        GstDevice *device = GST_DEVICE(item->data);
        Device entry;
        const GCharOwn name(gst_device_get_display_name(device));
        entry.name = name ? name.get() : "";
        entry.is_camera = gst_device_has_classes(device, "Video/Source") != FALSE;
        entry.is_monitor = is_monitor(device);
        entry.source = source_of(device);
        if (!entry.source.empty())
            devices.push_back(std::move(entry));
    }
    g_list_free_full(found, gst_object_unref);
    gst_device_monitor_stop(monitor.get());
    return devices;
}

const Device *find_device(const std::vector<Device> &devices, bool camera, const std::string &name)
{
    const Device *part = nullptr;
    int parts = 0;
    for (const Device &device : devices) {
        if (device.is_camera != camera)
            continue;
        if (name.empty() ? !device.is_monitor : device.name == name)
            return &device;
        if (!name.empty() && device.name.find(name) != std::string::npos) {
            part = &device;
            ++parts;
        }
    }
    return parts == 1 ? part : nullptr;
}

} // namespace gsttus
