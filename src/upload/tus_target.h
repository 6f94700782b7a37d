// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The plain target: a tus endpoint and metadata that the user gave.
#pragma once

#include "upload/target.h"

#include <algorithm>

namespace gsttus {

class TusTarget final : public Target {
public:
    TusTarget(std::string endpoint, Metadata metadata)
        : endpoint_(std::move(endpoint)), metadata_(std::move(metadata))
    {
    }

    TargetResult<Destination> resolve(TargetContext &context, bool /*refresh*/) override
    {
        // filetype from the stream's caps unless the user gave one
        const auto is_type = [](const auto &pair) { return pair.first == "filetype"; };
        if (!context.hints.mime_type.empty() &&
            std::none_of(metadata_.begin(), metadata_.end(), is_type))
            metadata_.emplace_back("filetype", context.hints.mime_type);
        Metadata metadata = metadata_;
        if (std::none_of(metadata.begin(), metadata.end(), is_type))
            metadata.emplace_back("filetype", kUnknownType);
        return Destination{{endpoint_}, std::move(metadata), false};
    }

    Result<Proof> finished(TargetContext &, std::uint64_t) override { return Proof::kUnknown; }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::string service() const override { return endpoint_; }

    std::vector<std::pair<std::string, std::string>> describe() const override
    {
        std::vector<std::pair<std::string, std::string>> facts = {
            {"kind", "tus"}, {"endpoint", noted_url(endpoint_)}};
        describe_metadata(metadata_, facts);
        return facts;
    }

private:
    std::string endpoint_;
    Metadata metadata_;
};

} // namespace gsttus
