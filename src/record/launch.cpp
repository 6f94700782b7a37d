// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// As gst-launch-1.0 does it.
#include "record/launch.h"

#include <string>
#include <vector>

namespace gsttus {

bool is_installed(const char *element)
{
    const auto factory = GRef<GstElementFactory>::adopt(gst_element_factory_find(element));
    return static_cast<bool>(factory);
}

Result<GRef<GstElement>> make_pipeline(const Words &words)
{
    std::vector<const char *> list;
    for (const std::string &word : words.list())
        list.push_back(word.c_str());
    list.push_back(nullptr);
    GError *raw = nullptr;
    GstElement *made = gst_parse_launchv(list.data(), &raw);
    const GErrorOwn error(raw);
    auto pipeline = GRef<GstElement>::adopt(made ? GST_ELEMENT(g_object_ref_sink(made)) : nullptr);
    if (!made || error)
        return Error{.kind = ErrorKind::kSettings,
                     .message = error ? error->message : "no pipeline"};
    return pipeline;
}

} // namespace gsttus
