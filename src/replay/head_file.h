// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The file with the head of a recording, the bytes that may change until it ends: what was written
// to it, in order. A record is one change, whole or not there; its check value also covers the
// record before it, so that what an interrupted write left is never taken for one.
//
//   header   "GSTTUSH\n"  u32 version
//   record   u32 length of the payload  u32 crc  payload
//   payload  any number of: u64 position  u32 length  bytes
//
// All numbers little-endian. A position is not behind the end of what came before.
#pragma once

#include "replay/file_ops.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

constexpr const char *kHeadName = "head";
constexpr const char *kNewHeadName = "head.new";

std::string head_file_begin();

void add_head_bytes(std::string &payload, std::uint64_t position, std::span<const std::byte> bytes);

// `chain`: the check value of the record before, 0 for the first; then this one's.
std::string head_record(const std::string &payload, std::uint32_t &chain);

// The head after the last intact record. Any bytes are welcome.
std::vector<std::byte> parse_head(std::span<const std::byte> file);

// Of the folder `dir`; no file, or one that cannot be read: nothing.
std::vector<std::byte> read_head(FileOps &ops, int dir);

} // namespace gsttus
