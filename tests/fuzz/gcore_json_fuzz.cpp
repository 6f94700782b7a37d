// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers of the Gcore API as anybody might send them: whatever the bytes, reading them must not
// crash, an id is never made up, and the sentence taken from an error is text.
#include "demand.h"
#include "gcore/api_json.h"

#include <cstdint>
#include <string_view>

#include <glib.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace gsttus;
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    if (const Result<GcoreVideo> video = parse_video(text))
        demand(video->id > 0 && video->id < std::uint64_t{G_MAXINT64});
    else
        demand(!video.error().message.empty());
    if (const Result<UploadParameters> parameters = parse_upload_parameters(text))
        demand(!parameters->token.empty() && !parameters->servers.empty());
    else
        demand(!parameters.error().message.empty());
    const std::string sentence = error_text(text);
    demand(g_utf8_validate_len(sentence.data(), sentence.size(), nullptr));
    // what is written can be read
    const std::string written = write_video({sentence, sentence, {{sentence, sentence}}});
    demand(g_utf8_validate_len(written.data(), written.size(), nullptr));
    return 0;
}
