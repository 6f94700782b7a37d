// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The grammar of the faults, as --help-faults shows it.

#include "fault.h"

namespace gsttus::standin {

const char *fault_help()
{
    return R"(Faults, one line each:

  on METHOD [/PATH] WHICH: ACTION[, ACTION]...
      METHOD  OPTIONS POST HEAD PATCH DELETE GET ANY, of the tus server unless a /PATH (a
              prefix) is given; API: any request to /streaming
      WHICH   3 | 2-5 | from 4 | every 2 | any   (counted from when the fault is added)
              4 for 3 s                          the fourth, and all that come within 3 s of it
      ACTION
        cut [after N bytes]                   reset the connection
        store, then drop the answer           carry the request out, then reset
        store, then answer 500                carry the request out, then say something else
        stall T [after N bytes]               stop reading for a time
        delay T                               answer later
        answer STATUS [with HTML|JSON][, NAME VALUE]...
                                              as the tus server itself (Tus-Resumable); with
                                              HTML or JSON as something in front of it
        early answer [STATUS] after N bytes   answer, and close, before the body has ended
        accept only N bytes                   acknowledge less than was sent
        offset lower|higher N                 lie in Upload-Offset
        no header [NAME]                      leave out Upload-Offset (POST: Location) or NAME
        location relative|path-absolute|http
        redirect STATUS [to URL]              else to the same path below /moved
        slow headers T                        a byte of the answer's headers every T, without end
        interim 1xx every T                   informational answers, and no other
        rollback N bytes                      forget acknowledged bytes, then go on
        expire | forget | lock                410 | 404 | 423
        cut JSON                              send half of the answer's body
  connection: RATE                            10 kB/s, 1 MiB/s: how fast bodies are read
  connection: refuse from T to T              nobody listens; open connections are closed
  connection: close when idle [for T]         close kept-alive connections
  outage from T to T                          nobody listens; open connections are reset

Sizes: 1000, 70000 bytes, 64 KiB, 1 MiB. Times: 30 s, 200 ms.

  --fault "on PATCH 3: cut after 70000 bytes"
  --fault "on PATCH 5: answer 503, Retry-After 2"
  --fault "on GET /streaming 2: cut JSON"
)";
}

} // namespace gsttus::standin
