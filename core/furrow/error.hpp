// furrow/error.hpp
//
// What furrow throws: one class per kind of failure that a caller may want to catch.
//
// Message  one sentence or two: what was asked, what was found, what to do
// Catch    `catch (const furrow::Error&)` gets all of them; every class derives from Error directly
// Threads  values; copy them freely
#pragma once

#include <stdexcept>
#include <string>

namespace furrow {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

#define FURROW_ERROR_CLASS(Name) \
  class Name : public Error {    \
   public:                       \
    using Error::Error;          \
  }

FURROW_ERROR_CLASS(
    InvalidArgument);          // a value that no call could take: a bad name, a negative extent
FURROW_ERROR_CLASS(NotFound);  // no such array, file, dataset, kernel
FURROW_ERROR_CLASS(AlreadyExists);     // the name is taken
FURROW_ERROR_CLASS(InUse);             // somebody is attached
FURROW_ERROR_CLASS(OutOfSpace);        // /dev/shm, the disk or the address range cannot hold it
FURROW_ERROR_CLASS(PermissionDenied);  // the operating system refuses
FURROW_ERROR_CLASS(Corrupt);           // what was found is torn, foreign or hostile
FURROW_ERROR_CLASS(VersionMismatch);   // written by another version
FURROW_ERROR_CLASS(ShapeMismatch);     // extents or ranks that do not fit
FURROW_ERROR_CLASS(TypeMismatch);      // dtypes that do not fit
FURROW_ERROR_CLASS(WrongData);  // whole, and not what is needed: a checkpoint of another simulation
FURROW_ERROR_CLASS(Timeout);    // the time given ran out
FURROW_ERROR_CLASS(Cancelled);  // the job was cancelled
FURROW_ERROR_CLASS(WorkerDied);    // workers died and the job could not be finished
FURROW_ERROR_CLASS(KernelFailed);  // a kernel or closure threw
FURROW_ERROR_CLASS(IoError);       // reading or writing a file failed

// Of the multiprocessing surface (namespace furrow::mp).
FURROW_ERROR_CLASS(NotHeld);          // released or waited with, and the caller does not hold it
FURROW_ERROR_CLASS(Deadlock);         // the caller would wait for itself, for ever
FURROW_ERROR_CLASS(BrokenBarrier);    // a party died or gave up, or the barrier was reset
FURROW_ERROR_CLASS(Full);             // a queue takes no more for now
FURROW_ERROR_CLASS(Empty);            // a queue has nothing for now
FURROW_ERROR_CLASS(Closed);           // this handle was closed
FURROW_ERROR_CLASS(MessageTooLarge);  // over the stated limit
FURROW_ERROR_CLASS(NotSerialisable);  // bytes that do not make the value, or a value that refuses
FURROW_ERROR_CLASS(PeerDied);         // another process died and took with it what was waited for
// Of processes and connections (namespace furrow::mp).
FURROW_ERROR_CLASS(InvalidState);          // a call that comes too early, too late or twice
FURROW_ERROR_CLASS(EndOfFile);             // nobody is left who could send
FURROW_ERROR_CLASS(BrokenPipe);            // nobody is left who could receive
FURROW_ERROR_CLASS(AuthenticationFailed);  // the other side has not got the key
FURROW_ERROR_CLASS(ManagerDied);           // the manager's process is gone, and its objects with it
FURROW_ERROR_CLASS(RemoteError);           // what a call in a manager's process threw
FURROW_ERROR_CLASS(BrokenPool);            // its workers cannot be started

#undef FURROW_ERROR_CLASS

}  // namespace furrow
