// furrow/process/manager_server.hpp
//
// A manager's process: one thread that answers requests in the order in which they come, so that
// each call on an object is atomic. Internal to the room.
//
// Clients  a process is known by its pidfd; what a dead one had a share in is given up, whatever
//          was inherited of its sockets. One that is slow, silent or stopped holds up nobody.
// Owner    its end, in whatever way, ends the manager
#pragma once

#include <string>

namespace furrow::process {

/// The process's main (process/start.hpp): "<control socket>:<owner's pid>".
void manager_main(const std::string& argument);

}  // namespace furrow::process
