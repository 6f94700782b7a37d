// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What servers have shown once, remembered over recordings: one line for each service in the file
// "proofs" beside the spool. Any thread; reads and writes the disk. Losing the file costs a kept
// recording, so that nothing here is an error: the log says what did not work. No secrets.
#pragma once

#include <string>
#include <vector>

namespace gsttus {

class Proofs {
public:
    // `service`: the address that stands for it; of its parts, user name and password, query and
    // fragment are left out. With one of the two empty, nothing is remembered.
    Proofs(std::string spool_dir, const std::string &service);

    bool are_kept() const { return !line_.empty(); }

    // This service notes a length that is declared at the end.
    bool has() const;

    // From now on it has, or has not. Several processes may do so at a time.
    void set(bool proved) const;

private:
    std::vector<std::string> read() const;
    bool replace(bool proved) const;

    std::string folder_;
    std::string line_; // ours in the file; empty: nothing is remembered
};

} // namespace gsttus
