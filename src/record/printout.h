// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is printed of a recording: one line that grows on a terminal, lines elsewhere. Every text
// that somebody else chose goes through printable().
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include <gst/gst.h>

namespace gsttus {

class Printout {
public:
    // Of a terminal; else a line at most every 10 s is progress.
    Printout();

    // A message of a sink; `named`: several sinks tell, each line says which recording it is about.
    void element(const GstStructure *fields, bool named);
    // Once each; not what a message of the sinks has said already.
    void error(const GError &error, const char *detail);
    void warning(const GError &error);
    void complain(const char *kind, const std::string &text);
    void say(const std::string &line);

    void ending() { ending_ = true; }

    bool was_kept() const { return kept_ > 0; }

    bool was_lost() const { return lost_ > 0; }

    std::uint64_t complete() const { return complete_; }

private:
    void progress(const GstStructure *fields, bool named);
    void kept(const GstStructure *fields, const std::string &who);
    void status(const GstStructure *fields, const std::string &who);
    void end_line();

    bool is_terminal_ = false, line_is_open_ = false, ending_ = false;
    gint64 started_ = 0, last_ = 0; // microseconds
    std::set<std::string> told_;    // warnings to come of what a message has said already
    std::set<std::string> errors_, links_;
    std::uint64_t complete_ = 0, kept_ = 0, lost_ = 0;
};

} // namespace gsttus
