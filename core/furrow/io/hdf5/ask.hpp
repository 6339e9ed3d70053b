// furrow/io/hdf5/ask.hpp
//
// A question that one worker answers: bytes there, bytes back, asked again when the answer is
// larger than the room that was made for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/work.hpp>

namespace furrow::hdf5 {

/// Ends after two minutes when `job` has no deadline.
/// `answer(WireReader request, WireWriter& answer)` runs in a worker; `read(WireReader)` here gives
/// the result.
template <class Answer, class Read>
auto ask(Engine& engine, const WireWriter& request, std::size_t answer_bytes, Answer answer,
         Read read, const JobOptions& job, const std::string& asked) {
  for (std::size_t capacity = answer_bytes;;) {
    Mailbox box(Place::default_place(), request, capacity);
    Mail* const mail = box.mail();
    const auto closure = [mail, answer](std::int64_t) {
      guard(*mail, [mail, &answer] {
        const QuietErrors quiet;
        WireWriter bytes;
        answer(request_of(*mail), bytes);
        post_answer(*mail, bytes);
      });
    };
    run(engine, box, 1, closure, bounded(job), asked);
    box.ended();
    if (box.fits()) return read(box.answer());
    capacity = static_cast<std::size_t>(box.answer_bytes());
  }
}

}  // namespace furrow::hdf5
